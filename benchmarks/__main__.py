"""`python -m benchmarks [PART …]`: measures, prints a table, writes bench-output/results.json.

ROUNDS=2 in the environment makes a quick run; so do `--seconds` and naming one part.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import report
from benchmarks.report import Figures

_OUTPUT = Path("bench-output/results.json")
PARTS = ("overhead", "latency", "efficiency", "footprint")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the parts that are named, all of them by default. A missed target is a result, not an error."""
    options = _parse(arguments)
    # Settings of the person who measures must not reach what is measured.
    for name in [name for name in os.environ if name.startswith("HARMONY_") and name != "HARMONY_CACHE_DIR"]:
        del os.environ[name]
    from benchmarks.machine import facts

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
    options = parser.parse_args(arguments)
    options.parts = options.parts or list(PARTS)
    return options


def _run(part: str, options: argparse.Namespace, console: Console) -> Figures:
    from benchmarks import efficiency, footprint, latency, overhead
    from benchmarks.stack import DATABASES

    databases = DATABASES if options.database == "both" else (options.database,)
    match part:
        case "overhead":
            return overhead.measure(
                databases, rounds=options.rounds, warm=options.warm, seconds=options.seconds, console=console
            )
        case "latency":
            return latency.measure(databases, samples=options.samples, console=console)
        case "efficiency":
            return efficiency.measure(items=options.items, rounds=options.rounds, console=console)
        case _:
            return footprint.measure(rounds=options.rounds, console=console)


if __name__ == "__main__":
    main()
