"""What the dispatcher reads and decides in rows: which chains to publish, which claims are stale, how full queues are.

Every query here costs by what is in flight or by what it returns, never by how many jobs there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, select, update

from pipelines.jobs import Phase
from storage.claims import Held
from storage.database import ReadConnection, WriteConnection, db_now
from storage.tables import (
    attempts,
    events,
    idempotency_keys,
    is_claimed,
    is_in_flight,
    is_pending,
    is_published,
    is_waiting,
    jobs,
    webhook_deliveries,
)

#: A published step is due for another message when its last message or its predecessor is this old, in seconds.
DUE_SECONDS = 2.0

#: Republishing a step though the broker seems to hold a message for it: after 30 s, doubling, at most 10 minutes.
_AGAINST_COUNT_SECONDS = 30.0
_AGAINST_COUNT_LONGEST = 600.0


@dataclass(frozen=True)
class Link:
    """One step of a chain to be published."""

    index: int
    queue: str


@dataclass(frozen=True)
class Chain:
    """A job's remaining steps, to be published under `publication`."""

    job_id: str
    publication: int
    priority: int
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Load:
    """How many jobs stand at each queue: published and unclaimed (its backlog), and claimed."""

    backlog: Mapping[str, int]
    claimed: Mapping[str, int]

    def occupancy(self, queue: str) -> int:
        return self.backlog.get(queue, 0) + self.claimed.get(queue, 0)


# Statements of the hot path are built once: building one costs more than running it.
_count_in_flight = (
    select(jobs.c.phase, jobs.c.queue, func.count()).where(is_in_flight).group_by(jobs.c.phase, jobs.c.queue)
)
_first_route = select(func.min(jobs.c.route)).where(is_waiting)
_next_route = _first_route.where(jobs.c.route > bindparam("after"))
_heads = (
    select(jobs.c.rank, jobs.c.id, jobs.c.queue)
    .where(is_waiting, jobs.c.route == bindparam("on_route"), jobs.c.run_at <= db_now())
    .order_by(jobs.c.rank, jobs.c.id)
    .limit(bindparam("room"))
)
_any_due = select(webhook_deliveries.c.id).where(is_pending, webhook_deliveries.c.next_at <= db_now()).limit(1)
_to_do = select(
    select(events.c.id).where(events.c.position.is_(None)).limit(1).scalar_subquery().label("event"),
    _first_route.scalar_subquery().label("route"),
    _any_due.scalar_subquery().label("delivery"),
)


def load(connection: ReadConnection) -> Load:
    """How full each queue is; counts only what is in flight, which the windows bound."""
    rows = connection.execute(_count_in_flight).all()
    backlog = {queue: count for phase, queue, count in rows if phase == Phase.PUBLISHED}
    claimed = {queue: count for phase, queue, count in rows if phase == Phase.CLAIMED}
    return Load(backlog, claimed)


def waiting_routes(connection: ReadConnection) -> list[str]:
    """The distinct routes of waiting jobs, each found by one jump in the index."""
    routes: list[str] = []
    while True:
        route = connection.scalar(_next_route, {"after": routes[-1]}) if routes else connection.scalar(_first_route)
        if route is None:
            return routes
        routes.append(route)


def admissible(route: str, windows: Mapping[str, int], now: Load) -> int:
    """How many jobs of `route` there is room for (rule 3)."""
    first, *later = route.split(">")
    if any(now.backlog.get(queue, 0) >= windows.get(queue, 0) for queue in later):
        return 0
    return max(0, windows.get(first, 0) - now.occupancy(first))


def pick(connection: ReadConnection, windows: Mapping[str, int]) -> list[str]:
    """The waiting jobs to publish now: continuations first, then by priority and age, as far as there is room."""
    routes = waiting_routes(connection)
    if not routes:
        return []
    now = load(connection)
    heads: list[tuple[int, str, str]] = []
    for route in routes:
        if room := admissible(route, windows, now):
            rows = connection.execute(_heads, {"on_route": route, "room": room})
            heads.extend((row.rank, row.id, row.queue) for row in rows)
    taken: Counter[str] = Counter()
    picked = []
    for _, job_id, queue in sorted(heads):
        if now.occupancy(queue) + taken[queue] < windows.get(queue, 0):
            taken[queue] += 1
            picked.append(job_id)
    return picked


def publish(connection: WriteConnection, job_ids: Sequence[str]) -> list[Chain]:
    """Gives each waiting job its next publication number; to be committed before anything is sent (rule 2)."""
    return _number(connection, and_(jobs.c.id.in_(job_ids), jobs.c.phase == Phase.WAITING), again=False)


def republish(connection: WriteConnection, job_ids: Sequence[str]) -> list[Chain]:
    """The same for published jobs whose messages seem lost."""
    return _number(connection, and_(jobs.c.id.in_(job_ids), jobs.c.phase == Phase.PUBLISHED), again=True)


def _number(connection: WriteConnection, which: ColumnElement[bool], *, again: bool) -> list[Chain]:
    rows = connection.execute(
        update(jobs)
        .where(which)
        .values(
            phase=Phase.PUBLISHED.value,
            publication=jobs.c.publication + 1,
            published_at=db_now(),
            republished=jobs.c.republished + 1 if again else 0,
        )
        .returning(jobs.c.id, jobs.c.publication, jobs.c.priority, jobs.c.step_index, jobs.c.route)
    ).all()
    # The route is the plan from the current step on, so no step needs to be read.
    return [
        Chain(
            row.id,
            row.publication,
            row.priority,
            tuple(Link(row.step_index + offset, queue) for offset, queue in enumerate(row.route.split(">"))),
        )
        for row in sorted(rows, key=lambda row: (row.priority, row.id))
    ]


def unpublish(connection: WriteConnection, chains: Sequence[Chain]) -> None:
    """Takes back publications that could not be sent; a claim that came meanwhile is left alone."""
    for chain in chains:
        connection.execute(
            update(jobs)
            .where(
                jobs.c.id == chain.job_id,
                jobs.c.publication == chain.publication,
                jobs.c.phase == Phase.PUBLISHED,
            )
            .values(phase=Phase.WAITING, published_at=None)
        )


@dataclass(frozen=True)
class Unclaimed:
    """A published step that nobody has claimed for DUE_SECONDS."""

    job_id: str
    queue: str
    republished: int
    #: Seconds since its last message.
    age: float


def unclaimed(connection: ReadConnection) -> list[Unclaimed]:
    """Steps whose messages should have been taken by now, longest unpublished first."""
    rows = connection.execute(
        select(jobs.c.id, jobs.c.queue, jobs.c.republished, (db_now() - jobs.c.published_at).label("age"))
        .where(
            is_published,
            jobs.c.ready_at < db_now() - DUE_SECONDS,
            jobs.c.published_at < db_now() - DUE_SECONDS,
        )
        .order_by(jobs.c.published_at)
    ).all()
    return [Unclaimed(row.id, row.queue, row.republished, row.age) for row in rows]


def lost_messages(steps: Sequence[Unclaimed], depths: Mapping[str, int]) -> list[str]:
    """Which of `steps` need another message (rule 4), given how many messages each queue holds."""
    by_queue: dict[str, list[Unclaimed]] = {}
    for step in steps:
        by_queue.setdefault(step.queue, []).append(step)
    chosen: list[str] = []
    for queue, due in by_queue.items():
        missing = max(0, len(due) - depths.get(queue, 0))
        chosen.extend(step.job_id for step in due[:missing])
        # Against the count: the broker has enough messages, but perhaps not the ones for these steps.
        chosen.extend(
            step.job_id
            for step in due[missing:]
            if step.age > min(_AGAINST_COUNT_LONGEST, _AGAINST_COUNT_SECONDS * 2.0**step.republished)
        )
    return chosen


def forget_republications(connection: WriteConnection) -> None:
    """The broker came back: what was held against the count starts anew."""
    connection.execute(update(jobs).where(is_published, jobs.c.republished > 0).values(republished=0))


def stale_claims(connection: ReadConnection) -> list[Held]:
    """Claims whose lease has run out."""
    rows = connection.execute(
        select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner).where(is_claimed, jobs.c.lease_until < db_now())
    ).all()
    return [Held(row.id, row.fence, row.lease_owner) for row in rows]


def count_waiting(connection: ReadConnection, most: int) -> int:
    """Waiting jobs, counted up to `most`."""
    some = select(jobs.c.id).where(is_waiting).limit(most).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def recent_runs(connection: ReadConnection, after: int) -> list[tuple[int, str, float]]:
    """Attempts that succeeded since attempt `after`, at most the newest 64: id, queue, seconds."""
    rows = connection.execute(
        select(attempts.c.id, attempts.c.queue, (attempts.c.finished_at - attempts.c.started_at).label("seconds"))
        .where(attempts.c.id > after, attempts.c.outcome == "succeeded")
        .order_by(attempts.c.id.desc())
        .limit(64)
    )
    return [(row.id, row.queue, row.seconds) for row in rows]


@dataclass(frozen=True)
class ToDo:
    """What there is for a turn of the dispatcher."""

    events: bool
    jobs: bool
    deliveries: bool


def to_do(connection: ReadConnection) -> ToDo:
    """Whether there are events without a position, waiting jobs, due deliveries: one statement for a turn."""
    row = connection.execute(_to_do).one()
    return ToDo(row.event is not None, row.route is not None, row.delivery is not None)


_NUMBERED_AT_ONCE = 1000
_new_events = (
    select(
        events.c.id,
        (
            select(func.coalesce(func.max(events.c.position), 0)).scalar_subquery()
            + func.row_number().over(order_by=events.c.id)
        ).label("position"),
    )
    .where(events.c.position.is_(None))
    .order_by(events.c.id)
    .limit(_NUMBERED_AT_ONCE)
    .subquery("new")
)
_number_events = update(events).where(events.c.id == _new_events.c.id).values(position=_new_events.c.position)


def number_events(connection: WriteConnection) -> int:
    """Gives committed events without a position the next ones, in order of their ids; how many there were."""
    return connection.execute(_number_events).rowcount


def forget_keys(connection: WriteConnection, seconds: float) -> None:
    """Drops idempotency keys older than `seconds`."""
    connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < db_now() - seconds))
