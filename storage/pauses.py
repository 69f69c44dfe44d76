"""Queues that are paused: nothing new is published or claimed for them, what runs there goes on.

A pause is a row, so it outlives every process. Admission leaves out the routes that touch such a queue. What stands
published at it, because it was there before or because its chain moved on to it, goes back to waiting: the dispatcher
takes it back in its next turn, and a slot that gets its message first puts it back instead of claiming it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Exists, and_, bindparam, case, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.catalog import WEBHOOK_QUEUE
from pipelines.jobs import Phase
from storage import backlog
from storage.changes import CHANNEL
from storage.database import AnyConnection, Database, WriteConnection, db_now
from storage.tables import is_published, jobs
from storage.tables_counts import paused_queues
from storage.tables_webhooks import webhook_endpoints

# Statements of the hot path are built once: building one costs more than running it.
_paused = select(paused_queues.c.name)
_stands = and_(is_published, jobs.c.queue.in_(_paused))
_any_stands = select(exists(select(jobs.c.id).where(_stands)))
_back = {"phase": Phase.WAITING.value, "published_at": None, "republished": 0}
_take_back = update(jobs).where(_stands).values(_back).returning(jobs.c.submitter, jobs.c.cost)
_put_back = (
    update(jobs)
    .where(jobs.c.id == bindparam("of_job"), jobs.c.phase == Phase.PUBLISHED.value)
    .values(_back)
    .returning(jobs.c.submitter, jobs.c.cost)
)


_paused_at = select(paused_queues.c.paused_at).where(paused_queues.c.name == WEBHOOK_QUEUE).scalar_subquery()
_failing = webhook_endpoints.c.failing_since
#: While nothing was sent to it an endpoint could not recover, so the pause is no part of how long it has failed.
_move_failures_on = (
    update(webhook_endpoints)
    .where(_failing.is_not(None), exists().where(paused_queues.c.name == WEBHOOK_QUEUE))
    .values(failing_since=case((_failing > _paused_at, db_now()), else_=_failing + (db_now() - _paused_at)))
)


def pause(database: Database, name: str) -> None:
    """Nothing more begins on the queue; a second pause changes nothing."""
    dialect = sqlite if database.is_sqlite else postgresql
    with database.write() as connection:
        new = dialect.insert(paused_queues).values(name=name, paused_at=db_now())
        connection.execute(new.on_conflict_do_nothing())
        _wake(connection)


def resume(database: Database, name: str) -> None:
    """The queue goes on."""
    with database.write() as connection:
        if name == WEBHOOK_QUEUE:
            connection.execute(_move_failures_on)
        connection.execute(delete(paused_queues).where(paused_queues.c.name == name))
        _wake(connection)


def paused(connection: AnyConnection) -> frozenset[str]:
    """The names of the queues that are paused."""
    return frozenset(connection.scalars(_paused))


def is_paused(queue: ColumnElement[str]) -> Exists:
    """Whether the queue that an expression names is paused."""
    return exists().where(paused_queues.c.name == queue)


#: Whether webhooks are held.
webhooks_are_paused = exists().where(paused_queues.c.name == WEBHOOK_QUEUE)


def any_to_take_back(connection: AnyConnection) -> bool:
    """Whether a published job stands at a paused queue."""
    return bool(connection.scalar(_any_stands))


def take_back(connection: WriteConnection) -> int:
    """Lets the published jobs at paused queues wait; how many. Their messages are ignored when they come."""
    rows = connection.execute(_take_back).all()
    for row in rows:
        backlog.join(connection, row.submitter, row.cost)
    return len(rows)


def put_back(connection: WriteConnection, job_id: str) -> None:
    """The same for one job, whose row is locked, when its message comes."""
    for row in connection.execute(_put_back, {"of_job": job_id}):
        backlog.join(connection, row.submitter, row.cost)


def without(windows: dict[str, int], names: Collection[str]) -> dict[str, int]:
    """The windows of the queues that are not paused."""
    return {queue: room for queue, room in windows.items() if queue not in names}


def _wake(connection: WriteConnection) -> None:
    """The dispatcher looks at once; on SQLite every commit wakes it."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, "")))
