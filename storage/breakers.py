"""The circuit breaker of each target of webhooks, in rows, so that all senders agree whom to leave alone.

A target without a row is well. A row tells of failures in a row, and of an answer that took long.
"""

from __future__ import annotations

from sqlalchemy import and_, case, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.delivering import OPEN_AFTER, SLOW_SECONDS, open_seconds
from storage.database import WriteConnection, db_now
from storage.tables_webhooks import webhook_targets

#: May be sent to now: not left alone at present.
may_be_tried = or_(webhook_targets.c.open_until.is_(None), webhook_targets.c.open_until <= db_now())

_is_open = and_(webhook_targets.c.open_until.is_not(None), webhook_targets.c.open_until > db_now())


def only_a_probe(failures: int | None) -> bool:
    """Whether a target that may be tried again gets one message first, to see how it is."""
    return failures is not None and failures >= OPEN_AFTER


def note_alive(connection: WriteConnection, target: str, seconds: float) -> None:
    """The target answered in `seconds`: its failures are forgotten."""
    if seconds <= SLOW_SECONDS:
        forget(connection, target)
        return
    values = {"failures": 0, "open_until": None, "seconds": seconds, "updated_at": db_now()}
    connection.execute(
        _insert(connection)
        .values(target=target, **values)
        .on_conflict_do_update(index_elements=["target"], set_=values)
    )


def note_failure(connection: WriteConnection, target: str, seconds: float) -> None:
    """The target did not answer, or said that it cannot now; after several in a row it is left alone.

    Attempts that were under way when it was left alone do not prolong that.
    """
    row = connection.execute(
        _insert(connection)
        .values(target=target, failures=1, open_until=None, seconds=seconds, updated_at=db_now())
        .on_conflict_do_update(
            index_elements=["target"],
            set_={
                "failures": case((_is_open, webhook_targets.c.failures), else_=webhook_targets.c.failures + 1),
                "seconds": seconds,
                "updated_at": db_now(),
            },
        )
        .returning(webhook_targets.c.failures, case((_is_open, 1), else_=0).label("open"))
    ).one()
    if not row.open and (pause_for := open_seconds(row.failures)):
        pause(connection, target, pause_for)


def pause(connection: WriteConnection, target: str, seconds: float) -> None:
    """Leaves the target alone for `seconds`, or for as long as it would have been anyway."""
    until = db_now() + seconds
    connection.execute(
        update(webhook_targets)
        .where(
            webhook_targets.c.target == target,
            or_(webhook_targets.c.open_until.is_(None), webhook_targets.c.open_until < until),
        )
        .values(open_until=until)
    )


def try_now(connection: WriteConnection, target: str) -> None:
    """Ends the time for which the target was left alone; one that failed a lot gets one message first, as ever."""
    connection.execute(
        update(webhook_targets)
        .where(webhook_targets.c.target == target, webhook_targets.c.open_until > db_now())
        .values(open_until=db_now())
    )


def forget(connection: WriteConnection, target: str) -> None:
    """As if the target had always been well."""
    connection.execute(delete(webhook_targets).where(webhook_targets.c.target == target))


def _insert(connection: WriteConnection) -> postgresql.Insert | sqlite.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(webhook_targets)
    return sqlite.insert(webhook_targets)
