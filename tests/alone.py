"""Tests that measure time run while no other test does: mark them `alone`.

Whoever runs takes the same lock, shared or for itself. Without it a bound of two seconds measures what the other
xdist worker happens to compute on the same two cores.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.plugin import FOLDER

MARK = "alone"


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """The right to run, with others or alone; waits for it."""
    with (folder / "turnstile.lock").open("w") as turnstile, (folder / "running.lock").open("w") as running:
        # Who waits to be alone stands in the turnstile: those who come later wait behind it and cannot starve it.
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            # Closing would not do: a process that the test has forked, and that lives on, has the file open, too.
            fcntl.flock(running, fcntl.LOCK_UN)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Outermost, so that no test's time limit counts the wait."""
    with turn(item.config.stash[FOLDER], alone=item.get_closest_marker(MARK) is not None):
        return (yield)
