"""`python -m tests.mutations [WORD …]`: breaks the code on purpose and shows which test notices.

With words, only the breaks whose names hold one of them. Fails if a break goes unnoticed or no longer applies.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutations.breaks import BREAKS, Break
from tests.mutations.trees import BreakDoesNotApply, TestsDidNotEnd, broken, copied, first_failure

#: Characters of a line; names of tests are long.
_WIDTH = 170


def main(words: Sequence[str]) -> int:
    """The exit status: how many breaks went unnoticed."""
    chosen = [what for what in BREAKS if not words or any(word in what.name for word in words)]
    console = Console(width=_WIDTH)
    table = Table("break", "in", "noticed by", "s", title="Mutation check")
    survived = 0
    with copied() as tree:
        _check_unbroken(tree, chosen, console)
        for what in chosen:
            started = time.monotonic()
            try:
                with broken(tree, what):
                    noticed = first_failure(tree, what.tests, what.database, hangs=what.hangs)
            except (BreakDoesNotApply, TestsDidNotEnd) as error:
                noticed = None
                console.print(str(error), style="red", markup=False)
            survived += noticed is None
            seconds = f"{time.monotonic() - started:.0f}"
            table.add_row(what.name, what.path, noticed.rpartition("::")[2] if noticed else "[red]NOBODY[/]", seconds)
            console.print(f"{what.name}: {noticed or 'NOBODY'} ({seconds} s)", style="dim", markup=False)
    console.print(table)
    console.print(f"{len(chosen) - survived} of {len(chosen)} breaks were noticed")
    return survived


def _check_unbroken(tree: Path, chosen: Sequence[Break], console: Console) -> None:
    """A test that fails on the whole tree would notice anything."""
    for database in sorted({what.database for what in chosen}):
        tests = tuple(dict.fromkeys(test for what in chosen if what.database == database for test in what.tests))
        failed = first_failure(tree, tests, database)
        if failed is not None:
            raise SystemExit(f"{failed} fails though nothing is broken")
        console.print(f"{len(tests)} tests on {database} pass on the unbroken copy", style="dim")


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
