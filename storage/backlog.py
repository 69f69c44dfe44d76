"""How much waits, of each submitter and in all: counted by the very transactions that move a job into `waiting` or out.

A transaction notes its moves and writes them as its last statements, in order of the submitters' names: the lock on a
submitter's row is held for no longer than the commit takes, and two transactions never wait for each other. Costs are
whole multiples of 1/1024 s, so that sums of them are exact and a backlog that is gone is zero again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, literal, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.errors import TooMany
from storage.database import AnyConnection, WriteConnection, at_the_end
from storage.tables import is_waiting, jobs, submitters

_PARTS = 1024


def rounded(cost: float) -> float:
    """A cost in seconds, upward to the next whole 1/1024 s."""
    return max(1, math.ceil(cost * _PARTS)) / _PARTS


@dataclass(frozen=True)
class Room:
    """How much may wait at once: jobs, and their cost together in seconds. One job alone is always let in."""

    jobs: int
    seconds: float


@dataclass(frozen=True)
class Waiting:
    """What waits, of one submitter or of all: jobs, their cost in seconds, how many submitters they belong to."""

    jobs: int
    seconds: float
    submitters: int


class SubmitterFull(TooMany):
    """This submitter has as much waiting as it may; nothing was written."""

    code = "submitter_full"

    def __init__(self, waiting: Waiting, room: Room, cost: float) -> None:
        if waiting.jobs + 1 > room.jobs:
            detail = f"{waiting.jobs} jobs of this submitter wait already; the limit is {room.jobs}."
        else:
            detail = (
                f"The waiting jobs of this submitter are some {waiting.seconds:.0f} s of work and this one another "
                f"{cost:.0f} s; the limit is {room.seconds:.0f} s."
            )
        super().__init__(detail)
        self.waiting = waiting
        self.room = room
        self.cost = cost


def join(connection: WriteConnection, submitter: str, cost: float, room: Room | None = None) -> None:
    """Notes that a job began to wait; at the end of the transaction SubmitterFull if that is more than `room`."""
    moves = _moves(connection)
    moves.add(submitter, 1, cost)
    if room is not None:
        moves.rooms[submitter] = room


def leave(connection: WriteConnection, submitter: str, cost: float) -> None:
    """Notes that a job waits no more."""
    _moves(connection).add(submitter, -1, -cost)


def waiting_of(connection: AnyConnection, submitter: str) -> Waiting:
    """What waits of one submitter."""
    row = connection.execute(_ONE, {"of_submitter": submitter}).one_or_none()
    return Waiting(0, 0.0, 0) if row is None else Waiting(row.waiting, row.seconds, int(row.waiting > 0))


def waiting_of_all(connection: AnyConnection) -> Waiting:
    """What waits in all; costs by the number of submitters."""
    row = connection.execute(_ALL).one()
    return Waiting(row.jobs or 0, row.seconds or 0.0, row.names)


def has_drifted(connection: AnyConnection) -> bool:
    """Whether counters and jobs disagree, at one moment: after code ran here that did not count."""
    return connection.execute(_DRIFT.limit(1)).first() is not None


def recount(connection: WriteConnection) -> int:
    """Sets right what has drifted; how many submitters were wrong.

    Only by one at a time. What is compared is one statement's view; what is written is the difference to it, so that
    moves that commit meanwhile still count.
    """
    wrong = connection.execute(_DRIFT.order_by("name")).all()
    for row in wrong:
        connection.execute(_upsert(connection.dialect.name), {"name": row.name, "waiting": row.n, "seconds": row.s})
    return len(wrong)


def forget_idle(connection: WriteConnection) -> None:
    """Drops the counters of submitters with nothing waiting."""
    connection.execute(delete(submitters).where(submitters.c.waiting == 0, submitters.c.seconds == 0))


@dataclass
class _Moves:
    """What one transaction changes, by submitter."""

    jobs: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)

    def add(self, submitter: str, count: int, cost: float) -> None:
        self.jobs[submitter] = self.jobs.get(submitter, 0) + count
        self.seconds[submitter] = self.seconds.get(submitter, 0.0) + cost

    def write(self, connection: WriteConnection) -> None:
        """The transaction's last statements."""
        for name in sorted(self.jobs):
            change: dict[str, Any] = {"name": name, "waiting": self.jobs[name], "seconds": self.seconds[name]}
            room = self.rooms.get(name)
            if room is not None and change["waiting"] > 0:
                self._write_within(connection, change, room)
            elif change["waiting"] or change["seconds"]:
                connection.execute(_upsert(connection.dialect.name), change)

    @staticmethod
    def _write_within(connection: WriteConnection, change: dict[str, Any], room: Room) -> None:
        bounds = {"most_jobs": room.jobs, "most_seconds": room.seconds}
        written = connection.execute(_upsert_within(connection.dialect.name), {**change, **bounds}).first()
        if written is None:
            raise SubmitterFull(waiting_of(connection, change["name"]), room, change["seconds"])


def _moves(connection: WriteConnection) -> _Moves:
    return at_the_end(connection, _Moves)


# Statements of the hot path are built once: building one costs more than running it.
_ONE = select(submitters).where(submitters.c.name == bindparam("of_submitter"))
_ALL = select(
    func.sum(submitters.c.waiting).label("jobs"),
    func.sum(submitters.c.seconds).label("seconds"),
    func.count().filter(submitters.c.waiting > 0).label("names"),
)
_BOTH = union_all(
    select(jobs.c.submitter.label("name"), literal(1).label("n"), jobs.c.cost.label("s")).where(is_waiting),
    select(submitters.c.name, -submitters.c.waiting, -submitters.c.seconds),
).subquery()
_DRIFT = (
    select(_BOTH.c.name, func.sum(_BOTH.c.n).label("n"), func.sum(_BOTH.c.s).label("s"))
    .group_by(_BOTH.c.name)
    .having(or_(func.sum(_BOTH.c.n) != 0, func.sum(_BOTH.c.s) != 0))
)


@cache
def _upsert(dialect: str) -> Any:  # noqa: ANN401 - the two dialects' inserts have no common type that can upsert
    """Adds to a submitter's counters."""
    new = (postgresql if dialect == "postgresql" else sqlite).insert(submitters)
    return new.on_conflict_do_update(
        index_elements=[submitters.c.name],
        set_={
            "waiting": submitters.c.waiting + new.excluded.waiting,
            "seconds": submitters.c.seconds + new.excluded.seconds,
        },
    )


@cache
def _upsert_within(dialect: str) -> Any:  # noqa: ANN401 - see _upsert
    """The same, which writes and returns nothing where it would be more than fits."""
    new = (postgresql if dialect == "postgresql" else sqlite).insert(submitters)
    jobs_after = submitters.c.waiting + new.excluded.waiting
    seconds_after = submitters.c.seconds + new.excluded.seconds
    fits = and_(jobs_after <= bindparam("most_jobs"), seconds_after <= bindparam("most_seconds"))
    return new.on_conflict_do_update(
        index_elements=[submitters.c.name],
        set_={"waiting": jobs_after, "seconds": seconds_after},
        where=or_(submitters.c.waiting <= 0, fits),
    ).returning(submitters.c.waiting)
