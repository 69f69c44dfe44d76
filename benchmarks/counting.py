"""What the roll-ups cost: the dispatcher's numbering of 1,000 events beside their fold, which is no part of a turn.

Through the stores, without processes: jobs are submitted, run and ended, then their events are numbered and counted.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console

from benchmarks.growth import Table, elapsed, migrated_servers
from benchmarks.report import Figures
from benchmarks.stack import Database as Kind
from storage import counting, dispatch, leadership

#: Each job of one step writes five events.
_EVENTS_OF_A_JOB = 5


def measure(databases: Sequence[Kind], *, events: int, rounds: int, console: Console) -> Figures:
    """Milliseconds for `events` events, medians of the rounds, and what the fold adds to the numbering."""
    figures: Figures = {}
    for kind in databases:
        with migrated_servers(kind) as fresh:
            table = Table(fresh())
            pairs = [_round(table, events) for _ in range(rounds + 1)]
            table.database.close()
        # The first one makes the statements.
        numbering = statistics.median(pair[0] for pair in pairs[1:])
        folding = statistics.median(pair[1] for pair in pairs[1:])
        figures |= {
            f"counting_{kind}_events": events,
            f"counting_{kind}_turn_ms": numbering * 1000,
            f"counting_{kind}_fold_ms": folding * 1000,
            f"counting_{kind}_fold_us_per_event": folding * 1e6 / events,
        }
        told = f"numbered in {numbering * 1000:.1f} ms, folded in {folding * 1000:.1f} ms"
        console.print(f"counting: {kind}, {events} events {told}", style="dim")
    return figures


def _round(table: Table, events: int) -> tuple[float, float]:
    """The seconds that numbering took, and the fold."""
    for _ in range(events // _EVENTS_OF_A_JOB):
        table.submit()
        table.dispatch()
        table.claim()
        table.complete()

    def number() -> None:
        with leadership.leading(table.database, table.lead) as writing:
            dispatch.number_events(writing)

    def fold() -> None:
        more = True
        while more:
            with table.database.write(durable=False) as writing:
                more = counting.fold(writing)

    return elapsed(number), elapsed(fold)
