"""Who is there: live slots, the dispatcher and the broker, read at most once a second for the whole process."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import Unavailable
from pipelines.jobs import Plan
from storage.database import Database
from storage.queries import JobReader
from storage.slots import known_queues, live_slots

_FRESH_SECONDS = 1.0

#: The dispatcher writes its row each second.
_DISPATCHER_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """What was seen at one moment."""

    #: Live slots by queue.
    live: Counter[str]
    #: Queues that had a live slot within the last ten minutes.
    known: frozenset[str]
    waiting: int
    #: Messages in the broker by queue, as the dispatcher counted them.
    depths: Mapping[str, int]
    dispatcher_fresh: bool
    broker_ok: bool


class Presence:
    """The latest snapshot; thread-safe."""

    def __init__(self, database: Database, reader: JobReader, max_waiting: int) -> None:
        self._database = database
        self._reader = reader
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._seen: Snapshot | None = None
        self._seen_at = 0.0

    def snapshot(self, *, newest: bool = False) -> Snapshot:
        """What was seen within the last second, or now."""
        asked = time.monotonic()
        with self._lock:
            age_limit = 0.0 if newest else _FRESH_SECONDS
            # Who waited for the lock while another thread looked has the newest there is.
            if self._seen is None or asked - self._seen_at > age_limit:
                self._seen = self._look()
                self._seen_at = time.monotonic()
            return self._seen

    def admit(self, plan: Plan, *, wait_for_worker: bool) -> None:
        """Unavailable if a queue of the plan has nobody behind it, or too many jobs wait already."""
        now = self.snapshot()
        if now.waiting >= self._max_waiting:
            message = f"{now.waiting} jobs wait already; the limit is {self._max_waiting}."
            raise Unavailable(message, code="queue_full", retry_after=30)
        if wait_for_worker or plan.queues <= now.known:
            return
        absent = sorted(plan.queues - self.snapshot(newest=True).known)
        if absent:
            message = (
                f"No worker has served the queue {absent[0]} in the last 10 minutes. "
                'Start one, or send "wait_for_worker": true.'
            )
            raise Unavailable(message, code="no_worker", retry_after=30)

    def _look(self) -> Snapshot:
        with self._database.read() as connection:
            live, known = live_slots(connection), known_queues(connection)
        row = self._reader.dispatcher()
        if row is None:
            waiting = self._reader.count_waiting(self._max_waiting)
            return Snapshot(live, known, waiting, {}, dispatcher_fresh=False, broker_ok=False)
        fresh = row.age is not None and row.age < _DISPATCHER_SECONDS
        # A dispatcher that is away counts nothing, but jobs are accepted all the same, up to the limit.
        waiting = row.waiting if fresh else self._reader.count_waiting(self._max_waiting)
        return Snapshot(live, known, waiting, row.depths, dispatcher_fresh=fresh, broker_ok=fresh and row.broker_ok)
