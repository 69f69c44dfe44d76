"""`make soak`: the tests that have a long form, in that form. Says what it runs; ends with 1 if anything failed.

ARGS go to pytest, such as `-k openvoice`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Run(NamedTuple):
    """One call of pytest: what it shows, what of the environment makes it long, and the tests."""

    shows: str
    environment: Mapping[str, str]
    tests: tuple[str, ...]


RUNS: Final = (
    Run(
        "the contract suite; 200 calls of every model grow memory by at most 2 %",
        {"HARMONY_SOAK_CALLS": "200"},
        # Two hundred sentences of the slowest model take a while.
        ("tests/contract", "--timeout=7200"),
    ),
    Run(
        "the state machine of jobs: 3,000 examples of 80 steps on each database, others on every run",
        {"HYPOTHESIS_PROFILE": "long"},
        ("tests/storage/test_state_machine.py",),
    ),
    Run(
        "3,000 characters on Kokoro, clause by clause: every word is understood",
        {"HARMONY_SOAK_CHARACTERS": "3000"},
        ("tests/engines/test_long_speech.py", "--timeout=3600"),
    ),
)
#: pytest's status when nothing was chosen, which `-k` may bring about in one of the runs.
_NOTHING: Final = 5


def main(arguments: Sequence[str]) -> int:
    """One run after the other: measuring memory wants a process that does nothing else."""
    statuses = [_status(run, arguments) for run in RUNS]
    return 0 if all(status in {0, _NOTHING} for status in statuses) and 0 in statuses else 1


def _status(run: Run, arguments: Sequence[str]) -> int:
    settings = " ".join(f"{name}={value}" for name, value in run.environment.items())
    command = ["pytest", "-n0", "--durations=10", *run.tests, *arguments]
    _say(f"{run.shows}\n      {settings} {' '.join(command)}")
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *command], env=os.environ | run.environment, check=False)
    _say(f"ended with {done.returncode} after {time.monotonic() - started:.0f} s")
    return done.returncode


def _say(words: str) -> None:
    sys.stdout.write(f"soak: {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
