"""The hours of the webhooks' ladder: whether they are the right ones, and as if they had passed."""

from __future__ import annotations

from sqlalchemy import select, update

from chaos.checker import WEBHOOK, Violation
from pipelines.delivering import LONGEST_OPEN, RETRY_SECONDS
from storage.database import Database, WriteConnection, db_now
from storage.tables_webhooks import is_pending, webhook_deliveries, webhook_targets

#: A delivery under way is held for less than this; whatever waits longer waits for its next attempt.
_HELD = 31.0
_JITTER = 1.2
#: For clocks that were read one after the other.
_MARGIN = 1.0


def let_time_pass(database: Database) -> list[Violation]:
    """Makes every waiting message due now; first says which of them waited for longer than they may."""
    with database.write() as connection:
        too_late = [*_deliveries(connection), *_targets(connection)]
        waits = is_pending & (webhook_deliveries.c.next_at > db_now() + _HELD)
        connection.execute(update(webhook_deliveries).where(waits).values(next_at=db_now()))
        connection.execute(update(webhook_targets).values(open_until=None))
    return too_late


def longest_wait(tries: int) -> float:
    """Seconds until a message may be due at most that was tried so often, or is being tried."""
    rung = RETRY_SECONDS[min(tries, len(RETRY_SECONDS)) - 1] * _JITTER if tries > 0 else 0.0
    return max(_HELD, rung + _MARGIN)


def _deliveries(connection: WriteConnection) -> list[Violation]:
    listed = webhook_deliveries.c
    wait = (listed.next_at - db_now()).label("wait")
    rows = connection.execute(
        select(listed.id, listed.job_id, listed.tries, wait).where(is_pending, listed.next_at > db_now() + _HELD)
    )
    return [
        Violation(WEBHOOK, row.job_id or "", f"{row.id} was tried {row.tries} times, and waits {row.wait:.0f} s more")
        for row in rows
        if row.wait > longest_wait(row.tries)
    ]


def _targets(connection: WriteConnection) -> list[Violation]:
    wait = (webhook_targets.c.open_until - db_now()).label("wait")
    rows = connection.execute(select(wait).where(webhook_targets.c.open_until > db_now() + LONGEST_OPEN + _MARGIN))
    return [Violation(WEBHOOK, "", f"a receiver is left alone for {row.wait:.0f} s more") for row in rows]
