"""`python -m benchmarks [PART …]`: measures, prints a table, writes bench-output/results.json.

ROUNDS=2 in the environment makes a quick run; so do `--seconds` and naming one part.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import report
from benchmarks.report import Figures

_OUTPUT = Path("bench-output/results.json")
PARTS = (
    "overhead",
    "latency",
    "efficiency",
    "first_audio",
    "doors",
    "uploads",
    "footprint",
    "pages",
    "growth",
    "listeners",
    "fairness",
    "counting",
    "families",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the parts that are named, all of them by default. A missed target is a result, not an error."""
    options = _parse(arguments)
    # Settings of the person who measures must not reach what is measured.
    for name in [name for name in os.environ if name.startswith("HARMONY_") and name != "HARMONY_CACHE_DIR"]:
        del os.environ[name]
    from benchmarks.machine import facts
    from tests.services.chromium import find_chromium
    from tests.services.process import ServiceFailed

    if "pages" in options.parts:
        # Said now, not after an hour of other parts.
        try:
            find_chromium()
        except ServiceFailed as error:
            sys.exit(str(error))
    console, machine = Console(), facts()
    figures: Figures = {"rounds": options.rounds}
    for part in options.parts:
        figures |= _run(part, options, console)
    report.show(figures, machine, console)
    report.write(_OUTPUT, figures, machine)
    console.print(f"written to {_OUTPUT}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "5")))
    parser.add_argument("--warm", type=float, default=4.0, help="seconds of load before a round counts")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds that a round of overhead counts")
    parser.add_argument("--samples", type=int, default=100, help="jobs of the latency part")
    parser.add_argument("--items", type=int, default=20, help="recordings and sentences of the efficiency part")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="finished jobs of the growth part's large table")
    parser.add_argument("--waiting", type=int, default=100_000, help="waiting jobs while its claims are counted")
    parser.add_argument("--listeners", type=int, default=500, help="event streams of the listeners part")
    parser.add_argument("--flood", type=int, default=10_000, help="jobs of the other submitter in the fairness part")
    parser.add_argument("--events", type=int, default=1000, help="events of the counting part's turn")
    options = parser.parse_args(arguments)
    options.parts = options.parts or list(PARTS)
    return options


def _run(part: str, options: argparse.Namespace, console: Console) -> Figures:
    from benchmarks import (
        counting,
        doors,
        efficiency,
        fairness,
        families,
        first_audio,
        footprint,
        growth,
        latency,
        listeners,
        overhead,
        pages,
        uploads,
    )
    from benchmarks.stack import DATABASES

    databases = DATABASES if options.database == "both" else (options.database,)
    rounds = options.rounds
    parts: dict[str, Callable[[], Figures]] = {
        "overhead": lambda: overhead.measure(
            databases, rounds=rounds, warm=options.warm, seconds=options.seconds, console=console
        ),
        "latency": lambda: latency.measure(databases, samples=options.samples, console=console),
        "efficiency": lambda: efficiency.measure(items=options.items, rounds=rounds, console=console),
        "first_audio": lambda: first_audio.measure(rounds=rounds, console=console),
        "doors": lambda: doors.measure(rounds=rounds, console=console),
        "uploads": lambda: uploads.measure(console=console),
        "footprint": lambda: footprint.measure(rounds=rounds, console=console),
        "pages": lambda: pages.measure(rounds=rounds, console=console),
        "growth": lambda: growth.measure(
            databases, jobs=options.jobs, waiting=options.waiting, samples=30, budget=40.0, console=console
        ),
        "listeners": lambda: listeners.measure(databases, listeners=options.listeners, samples=20, console=console),
        "fairness": lambda: fairness.measure(databases, flood=options.flood, samples=15, every=0.5, console=console),
        "counting": lambda: counting.measure(databases, events=options.events, rounds=rounds, console=console),
        "families": lambda: families.measure(rounds=rounds, console=console),
    }
    return parts[part]()


if __name__ == "__main__":
    main()
