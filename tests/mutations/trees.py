"""A copy of the working tree that may be broken: what git tracks or would track, as it stands now."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.mutations.breaks import Break

ROOT = Path(__file__).parents[2]
#: Seconds that the tests of one break may take.
_PATIENCE = 180


class BreakDoesNotApply(Exception):
    """The text that a break replaces is not there, or there more than once."""


class TestsDidNotEnd(Exception):
    """Too slow a machine or a hang: neither shows that a test notices."""

    #: For pytest, which would take it for tests.
    __test__ = False


def applied(text: str, what: Break) -> str:
    """The file's text with the break in it."""
    count = text.count(what.old)
    if count != 1:
        raise BreakDoesNotApply(f"“{what.name}”: {what.path} holds its text {count} times, not once")
    return text.replace(what.old, what.new)


@contextmanager
def copied() -> Iterator[Path]:
    """A folder with a copy of the tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git, wherever it is
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="harmony-mutants-", ignore_cleanup_errors=True) as name:
        tree = Path(name)
        for path in filter(None, listed):
            # What was removed and not committed is still listed.
            if (ROOT / path).is_file():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, tree / path)
        yield tree


@contextmanager
def broken(tree: Path, what: Break) -> Iterator[None]:
    """The tree with one break in it."""
    path = tree / what.path
    whole = path.read_text(encoding="utf-8")
    path.write_text(applied(whole, what), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(whole, encoding="utf-8")


def first_failure(
    tree: Path, tests: Sequence[str], database: str, *, hangs: bool = False, patience: float = _PATIENCE
) -> str | None:
    """The first test that fails, on `database` where there is a choice; None if all pass.

    TestsDidNotEnd after `patience` seconds, which is a failure only where the break `hangs`; RuntimeError if they could
    not be run at all: neither notices anything.
    """
    other = "not sqlite" if database == "postgresql" else "not postgresql"
    command = [sys.executable, "-m", "pytest", *tests, "-x", "-q", "-p", "no:cacheprovider", "-k", other]
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=patience, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        if hangs:
            return f"{tests[0]} (did not end)"
        raise TestsDidNotEnd(f"{', '.join(tests)}: not done after {patience:g} s") from error
    if done.returncode == 0:
        return None
    failed = [line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    if not failed:
        raise RuntimeError(f"pytest gave {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}")
    return failed[0]
