"""`python -m chaos`: runs both deployments under load and blows, prints what came of it, fails on any broken promise.

MINUTES and SEED in the environment, or `--minutes` and `--seed`. Half of the minutes is for blows under load, half for
the named places, one by one, as many as there is time for; from ten minutes on all of them, even where that takes
longer. Each half is split between the two deployments, and counts from when its deployment is ready: starting, coming
to rest and looking at what is left come on top. The seed repeats a run's schedule, jobs and order of places.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chaos import cells, matrix, report
from chaos.schedule import schedule
from chaos.stacks import KINDS, scratch
from chaos.trial import Outcome, run

_OUTPUT = Path("bench-output/chaos.json")
_LOGS = Path("bench-output/chaos-logs")
_RATE = 5.0
#: Minutes from which on every named place is tried.
_EVERY_PLACE = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 if every promise was kept."""
    options = _parse(arguments)
    for name in [name for name in os.environ if name.startswith("HARMONY_") and name != "HARMONY_CACHE_DIR"]:
        del os.environ[name]
    console = Console(width=160, highlight=False)
    kinds = KINDS if options.stack == "both" else (options.stack,)
    halves = 1 + options.places
    seconds = options.minutes * 60 / len(kinds) / halves
    console.print(f"seed {options.seed}: SEED={options.seed} MINUTES={options.minutes:g} repeats this schedule")
    if options.plan:
        for kind in kinds:
            for planned in schedule(options.seed, seconds, kind, disk=kind == "sqlite", only=options.only):
                console.print(f"{kind:10} {planned}", markup=False)
        return 0
    # A run that is asked to end takes its processes with it, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    came = report.Run(blows_asked=not options.places_only and not options.only)
    every = options.places_only or options.minutes >= _EVERY_PLACE
    try:
        for kind in () if options.places_only else kinds:
            with _noted(came, f"{kind}, blows"):
                came.outcomes.append(_run(kind, options, seconds, began, console))
        for kind in kinds if options.places else ():
            with _noted(came, f"{kind}, places"):
                _places(kind, options.seed, None if every else seconds, came, console)
    except KeyboardInterrupt:
        came.errors.append("it was interrupted")
    found = report.figures(came, options.seed, _machine())
    report.write(_OUTPUT, found)
    _OUTPUT.with_suffix(".md").write_text(report.markdown(came, found), encoding="utf-8")
    _keep_logs(came.outcomes)
    report.show(came, found, console)
    console.print(f"what every process printed is in {_LOGS}")
    console.print(f"seed {options.seed}; figures in {_OUTPUT}, the matrix also in {_OUTPUT.with_suffix('.md')}")
    return 1 if report.failures(came, found) else 0


@contextmanager
def _noted(came: report.Run, what: str) -> Iterator[None]:
    """What breaks off one part costs no other: it is reported, and the run has failed."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - reported: an error of the harness fails the run
        came.errors.append(f"{what}: {type(error).__name__}: {error}")


def _run(kind: str, options: argparse.Namespace, seconds: float, began: float, console: Console) -> Outcome:
    def tell(line: str) -> None:
        console.print(f"{time.monotonic() - began:7.1f}  {line}", markup=False)

    known = next(known for known in KINDS if known == kind)
    with scratch() as folder:
        return run(known, folder, options.seed, seconds, rate=options.rate, tell=tell, only=options.only)


def _places(kind: str, seed: int, seconds: float | None, came: report.Run, console: Console) -> None:
    """Each component at each named place, one by one in the seed's order, while there is time; None: all of them."""
    began = time.monotonic()
    known = next(known for known in KINDS if known == kind)
    listed = matrix.shuffled(known, seed)
    told: list[cells.Cell] = []

    def tell(cell: cells.Cell) -> None:
        told.append(cell)
        if not cell.skipped:
            said = "; ".join(cell.wrong) or "nothing lost"
            line = f"{time.monotonic() - began:7.1f}  {kind}: {cell.action} {cell.component} at {cell.place}: {said}"
            console.print(line, markup=False)

    limit = "all of them" if seconds is None else f"as many as {seconds:g} s are enough for"
    console.print(f"{kind}: {len(listed)} named places in the order of seed {seed}, {limit}")
    try:
        told = matrix.run_on(known, listed, tell, seconds)
    finally:
        # Broken off: what was found until then counts, the rest was not tried.
        told += [matrix.skipped(known, trial) for trial in listed[len(told) :]]
        came.places.extend(sorted(told, key=lambda cell: (cell.component, cell.place, cell.action)))
        console.print(f"{kind}: the named places took {time.monotonic() - began:.0f} s")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES") or 5))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or random.randrange(10**6)))
    parser.add_argument("--stack", choices=["both", *KINDS], default="both")
    parser.add_argument("--rate", type=float, default=_RATE, help="jobs offered each second")
    parser.add_argument("--only", default="", help="only what is called so, such as 'slot / freeze'")
    parser.add_argument(
        "--places", action=argparse.BooleanOptionalAction, default=True, help="also hit every named place, one by one"
    )
    parser.add_argument("--places-only", action="store_true", help="nothing but all of the named places")
    parser.add_argument("--plan", action="store_true", help="print the schedule only")
    return parser.parse_args(arguments)


def _machine() -> dict[str, object]:
    from benchmarks.machine import facts

    return dict(facts())


def _keep_logs(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        folder = _LOGS / outcome.kind
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in outcome.logs.items():
            (folder / f"{name}.log").write_text(text, encoding="utf-8")
        stories = [f"{violation}\n{report.story(outcome, violation.job_id)}\n" for violation in outcome.violations]
        (folder / "slowest.txt").write_text(report.slowest(outcome), encoding="utf-8")
        (folder / "violations.txt").write_text("\n".join(stories), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
