"""What slots are asked to do with a model; today `pull`: fetch its weights.

A command is a row: the API writes it, a slot that serves the model takes it on its beat and holds it by a lease under a
fencing number, as it does a step. There is one row for each model, the newest order, so asking twice asks once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.problems import cause_problem
from storage.database import Database, ReadConnection, WriteConnection, db_now
from storage.tables_workers import commands

PULL = "pull"

#: How long a command is its slot's without a word from it, in seconds.
LEASE_SECONDS = 15.0
#: A command that cost so many slots is given up.
_MOST_LOST = 3
#: What became of a command is told for a day.
_TOLD_SECONDS = 86_400.0

_ended = commands.c.status.in_(("succeeded", "failed"))
_lapsed = and_(commands.c.status == "running", commands.c.lease_until < db_now())
_open = or_(commands.c.status == "queued", _lapsed)


@dataclass(frozen=True)
class Pull:
    """A command that a slot holds: what it says of it counts only under `fence`."""

    model: str
    fence: int


def ask_for_pull(database: Database, model: str, queue: str, total: int) -> None:
    """Orders the weights of `model`, `total` bytes, from the slots of `queue`; an order under way stays as it is."""
    row = {
        "action": PULL,
        "model": model,
        "queue": queue,
        "status": "queued",
        "asked_at": db_now(),
        "finished_at": None,
        "slot": None,
        "fence": 0,
        "lease_until": None,
        "lost": 0,
        "bytes": 0,
        "total_bytes": total,
        "error": None,
    }
    anew = {key: value for key, value in row.items() if key not in {"action", "model", "fence"}}
    dialect = sqlite if database.is_sqlite else postgresql
    with database.write() as connection:
        connection.execute(
            dialect.insert(commands)
            .values(row)
            .on_conflict_do_update(index_elements=["action", "model"], set_=anew, where=_ended)
        )


def pulls(connection: ReadConnection) -> Mapping[str, Row[Any]]:
    """The newest pull of each model that had one lately."""
    return {row.model: row for row in connection.execute(select(commands).where(commands.c.action == PULL))}


def forget_commands(connection: WriteConnection) -> None:
    """Drops what ended a day ago."""
    connection.execute(delete(commands).where(_ended, commands.c.finished_at < db_now() - _TOLD_SECONDS))


class CommandStore:
    """What a slot does with commands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, queues: Collection[str]) -> Sequence[Row[Any]]:
        """Pulls for these queues that nobody does: model, and how long ago each was asked for (`age`)."""
        age = (db_now() - commands.c.asked_at).label("age")
        query = select(commands.c.model, age).where(
            commands.c.action == PULL, commands.c.queue.in_(list(queues)), _open
        )
        with self._database.read() as connection:
            return connection.execute(query.order_by(commands.c.asked_at)).all()

    def take(self, model: str, slot: str) -> Pull | None:
        """Leases the command to `slot`; None if another has it by now, or if it cost too many slots."""
        with self._database.write(durable=False) as connection:
            row = connection.execute(
                update(commands)
                .where(commands.c.action == PULL, commands.c.model == model, _open)
                .values(
                    status="running",
                    slot=slot,
                    fence=commands.c.fence + 1,
                    lease_until=db_now() + LEASE_SECONDS,
                    lost=commands.c.lost + case((_lapsed, 1), else_=0),
                    bytes=0,
                )
                .returning(commands.c.fence, commands.c.lost)
            ).one_or_none()
            if row is None:
                return None
            pull = Pull(model, row.fence)
            if row.lost < _MOST_LOST:
                return pull
            detail = f"{row.lost} workers were lost while they fetched these weights."
            _end(connection, pull, cause_problem("lost", code="worker_lost", detail=detail))
            return None

    def advance(self, pull: Pull, done: int, total: int) -> bool:
        """Renews the lease and says how many bytes are there; False if the command is no longer this slot's."""
        with self._database.write(durable=False) as connection:
            return bool(
                connection.execute(
                    update(commands)
                    .where(_held(pull))
                    .values(lease_until=db_now() + LEASE_SECONDS, bytes=done, total_bytes=total)
                ).rowcount
            )

    def end(self, pull: Pull, error: Mapping[str, Any] | None = None) -> bool:
        """The weights are there, or `error` says why not; False if the command is no longer this slot's."""
        with self._database.write() as connection:
            return _end(connection, pull, error)

    def put_back(self, pull: Pull) -> None:
        """Another slot may take it at once."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                update(commands).where(_held(pull)).values(status="queued", slot=None, lease_until=None, bytes=0)
            )


def _held(pull: Pull) -> ColumnElement[bool]:
    return and_(
        commands.c.action == PULL,
        commands.c.model == pull.model,
        commands.c.fence == pull.fence,
        commands.c.status == "running",
    )


def _end(connection: WriteConnection, pull: Pull, error: Mapping[str, Any] | None) -> bool:
    ended: dict[str, Any] = {"status": "failed", "error": error}
    if error is None:
        ended = {"status": "succeeded", "error": None, "bytes": commands.c.total_bytes}
    return bool(
        connection.execute(
            update(commands).where(_held(pull)).values(finished_at=db_now(), lease_until=None, **ended)
        ).rowcount
    )
