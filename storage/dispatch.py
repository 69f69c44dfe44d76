"""What the dispatcher reads and writes in rows: it publishes chains, again if need be, and finds claims that are stale.

Every query here costs by what is in flight or by what it returns, never by how many jobs there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, ColumnElement, bindparam, delete, exists, func, select, tuple_, update

from pipelines.jobs import Phase, Priority
from storage import backlog
from storage.claims import Held
from storage.database import ReadConnection, WriteConnection, db_now
from storage.fanout import count_listening, fan_out, most_events
from storage.outcomes import has_lapsed
from storage.pauses import webhooks_are_paused
from storage.positions import keep_position, last_position
from storage.tables import attempts, events, idempotency_keys, is_claimed, is_published, is_waiting, jobs
from storage.tables_counts import paused_queues
from storage.tables_webhooks import is_pending, webhook_deliveries

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
    #: Of its messages: the job's own, unless it is its turn whatever that is.
    priority: int
    links: tuple[Link, ...]


# Statements of the hot path are built once: building one costs more than running it.
_first_route = select(func.min(jobs.c.route)).where(is_waiting)
_is_due = (is_pending, webhook_deliveries.c.next_at <= db_now(), ~webhooks_are_paused)
_any_due = select(webhook_deliveries.c.id).where(*_is_due).limit(1)
_to_do = select(
    select(events.c.id).where(events.c.position.is_(None)).limit(1).scalar_subquery().label("event"),
    _first_route.scalar_subquery().label("route"),
    _any_due.scalar_subquery().label("delivery"),
    count_listening.label("listening"),
    exists(select(paused_queues.c.name)).label("paused"),
)


def publish(connection: WriteConnection, job_ids: Sequence[str], out_of_turn: Collection[str] = ()) -> list[Chain]:
    """Gives each waiting job its next publication number; to be committed before anything is sent (rule 2).

    The chains come in the order of `job_ids`; those `out_of_turn` are as urgent as any.
    """
    chains = _number(connection, job_ids, jobs.c.phase == Phase.WAITING, again=False)
    return [_urgent(chain) if chain.job_id in out_of_turn else chain for chain in chains]


def republish(connection: WriteConnection, job_ids: Sequence[str]) -> list[Chain]:
    """The same for published jobs whose messages seem lost, or are behind ever new ones of better priority."""
    chains = _number(connection, job_ids, jobs.c.phase == Phase.PUBLISHED, again=True)
    return [chain if chain.priority == Priority.DEFERRABLE else _urgent(chain) for chain in chains]


def _urgent(chain: Chain) -> Chain:
    return replace(chain, priority=Priority.HIGH)


def _number(
    connection: WriteConnection, job_ids: Sequence[str], which: ColumnElement[bool], *, again: bool
) -> list[Chain]:
    rows = connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(job_ids), which)
        .values(
            phase=Phase.PUBLISHED.value,
            publication=jobs.c.publication + 1,
            published_at=db_now(),
            republished=jobs.c.republished + 1 if again else 0,
        )
        .returning(
            jobs.c.id,
            jobs.c.publication,
            jobs.c.priority,
            jobs.c.step_index,
            jobs.c.route,
            jobs.c.submitter,
            jobs.c.cost,
        )
    ).all()
    if not again:
        for row in rows:
            backlog.leave(connection, row.submitter, row.cost)
    turn = {job_id: number for number, job_id in enumerate(job_ids)}
    # The route is the plan from the current step on, so no step needs to be read.
    return [
        Chain(
            row.id,
            row.publication,
            row.priority,
            tuple(Link(row.step_index + offset, queue) for offset, queue in enumerate(row.route.split(">"))),
        )
        for row in sorted(rows, key=lambda row: turn[row.id])
    ]


def unpublish(connection: WriteConnection, chains: Sequence[Chain]) -> None:
    """Takes back publications that could not be sent; a claim that came meanwhile is left alone."""
    for chain in chains:
        row = connection.execute(
            update(jobs)
            .where(
                jobs.c.id == chain.job_id,
                jobs.c.publication == chain.publication,
                jobs.c.phase == Phase.PUBLISHED,
            )
            .values(phase=Phase.WAITING, published_at=None)
            .returning(jobs.c.submitter, jobs.c.cost)
        ).one_or_none()
        if row is not None:
            backlog.join(connection, row.submitter, row.cost)


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
            # Those go back to waiting in the next turn.
            jobs.c.queue.not_in(select(paused_queues.c.name)),
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
    """Claims whose lease has lapsed.

    Only to be asked when every live slot had the time to renew its own.
    """
    rows = connection.execute(select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner).where(is_claimed, has_lapsed)).all()
    return [Held(row.id, row.fence, row.lease_owner) for row in rows]


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
    #: Webhook endpoints that are told of events.
    listening: int = 0
    #: Whether any queue is paused.
    paused: bool = False


def to_do(connection: ReadConnection) -> ToDo:
    """Whether there are events without a position, waiting jobs, due deliveries: one statement for a turn."""
    row = connection.execute(_to_do).one()
    return ToDo(
        row.event is not None, row.route is not None, row.delivery is not None, row.listening, paused=bool(row.paused)
    )


_NUMBERED_AT_ONCE = 1000
_new_events = (
    select(
        events.c.id,
        (bindparam("last", type_=BigInteger()) + func.row_number().over(order_by=events.c.id)).label("position"),
    )
    .where(events.c.position.is_(None))
    .order_by(events.c.id)
    .limit(bindparam("most"))
    .subquery("new")
)
_last_position = select(last_position)
_number_events = update(events).where(events.c.id == _new_events.c.id).values(position=_new_events.c.position)


def number_events(connection: WriteConnection, listening: int = 0) -> int:
    """Gives committed events without a position the next ones, in order of their ids; how many there were.

    In the same transaction they are told to the webhook endpoints, of which there are about `listening`.
    """
    # Whom the numbers went to is told by where they began, not by how many: an event that is deleted just now takes its
    # number along.
    last: int = connection.scalar(_last_position) or 0
    most = most_events(listening, _NUMBERED_AT_ONCE)
    numbered = connection.execute(_number_events, {"last": last, "most": most}).rowcount
    if numbered:
        connection.execute(keep_position)
        fan_out(connection, last)
    return numbered


#: Keys that are forgotten at once at most.
KEYS_AT_ONCE = 2000
_key = tuple_(idempotency_keys.c.submitter, idempotency_keys.c.key)


def forget_keys(connection: WriteConnection, seconds: float, most: int = KEYS_AT_ONCE) -> int:
    """Drops the oldest idempotency keys, `most` of them, that are older than `seconds`; how many there were."""
    old = (
        select(idempotency_keys.c.submitter, idempotency_keys.c.key)
        .where(idempotency_keys.c.created_at < db_now() - seconds)
        .order_by(idempotency_keys.c.created_at)
        .limit(most)
    )
    return connection.execute(delete(idempotency_keys).where(_key.in_(old))).rowcount
