"""How each queue stands: what waits, stands published and runs, who serves it, how fast it goes, whether it is paused.

What is in flight is bounded by the dispatcher's windows, and slots are few. Only counting what waits costs by how much
that is: one range of one index; where that takes long, it is read again no sooner than after fifty times as long.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from pipelines.catalog import WEBHOOK_QUEUE
from pipelines.jobs import Phase
from pipelines.rollups import MINUTE
from storage.database import Database, ReadConnection, db_now
from storage.slots import LIVE_SECONDS
from storage.tables import is_claimed, is_in_flight, is_waiting, jobs
from storage.tables_counts import paused_queues, step_counts
from storage.tables_webhooks import is_pending, is_under_way, webhook_attempts, webhook_deliveries
from storage.tables_workers import dispatcher, slots

#: Rates are of so many full minutes.
RATE_MINUTES = 5
#: Where counting what waits takes longer than this, in seconds, it is not done again for so many times as long.
_QUICK = 0.05
_REST = 50


@dataclass
class QueueState:
    """One queue; times in seconds."""

    #: Due jobs that are not published. A job whose way leads to a paused queue counts there.
    waiting: int = 0
    #: Jobs handed to the broker that no slot has claimed.
    published: int = 0
    running: int = 0
    #: Age of the oldest that waits or is published.
    oldest: float | None = None
    slots: int = 0
    busy: int = 0
    rate_per_minute: float = 0.0
    depth: int | None = None
    paused_at: float | None = None

    def seen(self, age: float) -> None:
        """Something here is that old."""
        self.oldest = max(age, 0.0, self.oldest or 0.0)


# Statements that run again and again are built once: building one costs more than running it.
_in_flight = (
    select(jobs.c.phase, jobs.c.queue, func.count().label("jobs"), func.min(jobs.c.ready_at).label("oldest"))
    .where(is_in_flight)
    .group_by(jobs.c.phase, jobs.c.queue)
)
_now = select(db_now()).scalar_subquery()
_waiting = (
    select(
        jobs.c.route,
        func.count().filter(jobs.c.run_at <= _now).label("jobs"),
        func.min(jobs.c.run_at).label("oldest"),
    )
    .where(is_waiting)
    .group_by(jobs.c.route)
)
_deliveries_due = select(func.count().label("due"), func.min(webhook_deliveries.c.next_at).label("oldest")).where(
    is_pending, webhook_deliveries.c.next_at <= _now
)
_deliveries_under_way = select(func.count()).where(is_under_way, webhook_deliveries.c.claimed_until > _now)
_live = select(slots.c.name, slots.c.queues).where(slots.c.beat_at > _now - LIVE_SECONDS, slots.c.stopped.is_(False))
_holders = select(jobs.c.slot).where(is_claimed).distinct()
_seen = select(dispatcher.c.depths)
_paused = select(paused_queues)


class QueueReader:
    """Reads the state of queues; thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting = _Waiting()
        self._count_again = 0.0

    def read(self, names: Sequence[str]) -> dict[str, QueueState]:
        """The state of each of these queues, and of others that are paused: a catalog may have lost one meanwhile."""
        states = {name: QueueState() for name in names}
        with self._database.read() as connection:
            now: float = connection.scalar(select(db_now())) or 0.0
            for row in connection.execute(_paused):
                states.setdefault(row.name, QueueState()).paused_at = row.paused_at
            self._add_waiting(connection, states, now)
            _add_in_flight(connection, states, now)
            _add_slots(connection, states)
            _add_rates(connection, states, now)
            depths: Mapping[str, int] = connection.scalar(_seen) or {}
        for name, state in states.items():
            state.depth = depths.get(name)
        return states

    def _add_waiting(self, connection: ReadConnection, states: Mapping[str, QueueState], now: float) -> None:
        with self._lock:
            if time.monotonic() >= self._count_again:
                began = time.monotonic()
                self._waiting = _Waiting(connection.execute(_waiting).all(), connection.execute(_deliveries_due).one())
                took = time.monotonic() - began
                self._count_again = time.monotonic() + (_REST * took if took > _QUICK else 0.0)
            found = self._waiting
        for row in found.routes:
            queue = _held_at(row.route.split(">"), states)
            if queue is not None and row.jobs:
                states[queue].waiting += row.jobs
                states[queue].seen(now - row.oldest)
        webhooks = states.get(WEBHOOK_QUEUE)
        if webhooks is not None and found.deliveries is not None and found.deliveries.due:
            webhooks.waiting = found.deliveries.due
            webhooks.seen(now - found.deliveries.oldest)


@dataclass(frozen=True)
class _Waiting:
    """What waited when it was last counted."""

    routes: Sequence[Row[Any]] = field(default_factory=tuple)
    deliveries: Row[Any] | None = None


def _held_at(route: Iterable[str], states: Mapping[str, QueueState]) -> str | None:
    """The queue that a waiting job waits for: the first paused one on its way, else the next."""
    known = [queue for queue in route if queue in states]
    return next((queue for queue in known if states[queue].paused_at is not None), next(iter(known), None))


def _add_in_flight(connection: ReadConnection, states: Mapping[str, QueueState], now: float) -> None:
    for row in connection.execute(_in_flight):
        state = states.get(row.queue)
        if state is None:
            continue
        if row.phase == Phase.CLAIMED:
            state.running = row.jobs
        else:
            state.published = row.jobs
            state.seen(now - row.oldest)
    if WEBHOOK_QUEUE in states:
        states[WEBHOOK_QUEUE].running = connection.scalar(_deliveries_under_way) or 0


def _add_slots(connection: ReadConnection, states: Mapping[str, QueueState]) -> None:
    holders = set(connection.scalars(_holders))
    for row in connection.execute(_live):
        for queue in set(row.queues) & states.keys():
            states[queue].slots += 1
            states[queue].busy += row.name in holders
    webhooks = states.get(WEBHOOK_QUEUE)
    if webhooks is not None:
        # Deliveries name no slot; each slot sends many side by side.
        webhooks.busy = min(webhooks.slots, webhooks.running)


def _add_rates(connection: ReadConnection, states: Mapping[str, QueueState], now: float) -> None:
    until = now // MINUTE * MINUTE
    since = until - RATE_MINUTES * MINUTE
    ended: Counter[str] = Counter()
    query = select(step_counts.c.queue, func.sum(step_counts.c.steps).label("steps")).group_by(step_counts.c.queue)
    for row in connection.execute(query.where(step_counts.c.at >= since, step_counts.c.at < until)):
        ended[row.queue] = int(row.steps)
    attempted = select(func.count()).where(webhook_attempts.c.at >= since, webhook_attempts.c.at < until)
    if WEBHOOK_QUEUE in states:
        ended[WEBHOOK_QUEUE] = connection.scalar(attempted) or 0
    for name, state in states.items():
        state.rate_per_minute = ended[name] / RATE_MINUTES
