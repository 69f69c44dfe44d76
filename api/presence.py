"""Who is there, and how much waits: slots, dispatcher, broker, backlog, read once a second for the whole process."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.ledger import Mark
from pipelines.estimates import Learned
from pipelines.jobs import Plan
from storage.backlog import Waiting, waiting_of_all
from storage.database import Database, DatabaseUnavailable
from storage.queries import JobReader
from storage.slots import check_served, known_queues, live_slots

#: How old a snapshot may be, in seconds.
FRESH_SECONDS = 1.0

#: The dispatcher writes its row each second.
_DISPATCHER_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """What was seen at one moment."""

    #: Live slots by queue.
    live: Counter[str]
    #: Queues that had a live slot within the last ten minutes.
    known: frozenset[str]
    backlog: Waiting
    #: What of this process's acceptances the backlog holds for certain.
    mark: Mark
    #: What the dispatcher measured of late; while it is away, what it measured last.
    learned: Learned
    #: Messages in the broker by queue, as the dispatcher counted them.
    depths: Mapping[str, int]
    dispatcher_fresh: bool
    broker_ok: bool


class Presence:
    """The latest snapshot; thread-safe."""

    def __init__(self, database: Database, reader: JobReader, mark: Callable[[], Mark]) -> None:
        self._database = database
        self._reader = reader
        self._mark = mark
        self._lock = threading.Lock()
        self._seen: Snapshot | None = None
        self._seen_at = 0.0
        self._failed: DatabaseUnavailable | None = None
        self._failed_at = 0.0

    def snapshot(self, *, newest: bool = False) -> Snapshot:
        """What was seen within the last second, or now; DatabaseUnavailable, which lasts for a second, too."""
        asked = time.monotonic()
        with self._lock:
            age_limit = 0.0 if newest else FRESH_SECONDS
            # Who waited for the lock while another thread looked has the newest there is.
            if self._seen is None or asked - self._seen_at > age_limit:
                self._seen = self._look_unless_away()
                self._seen_at = time.monotonic()
            return self._seen

    def admit(self, plan: Plan, *, wait_for_worker: bool) -> None:
        """Unavailable if a queue of the plan has nobody behind it."""
        if wait_for_worker or plan.queues <= self.snapshot().known:
            return
        check_served(plan.queues, self.snapshot(newest=True).known)

    def _look_unless_away(self) -> Snapshot:
        """Looks; whoever queued while a look failed, for seconds perhaps, is told so without another one."""
        if self._failed is not None and time.monotonic() - self._failed_at < FRESH_SECONDS:
            raise DatabaseUnavailable(self._failed.detail, retry_after=self._failed.retry_after) from self._failed
        try:
            seen = self._look()
        except DatabaseUnavailable as error:
            self._failed, self._failed_at = error, time.monotonic()
            raise
        self._failed = None
        return seen

    def _look(self) -> Snapshot:
        # Before the counters are read: what was accepted by now, they hold.
        mark = self._mark()
        with self._database.read() as connection:
            live, known, backlog = live_slots(connection), known_queues(connection), waiting_of_all(connection)
        row = self._reader.dispatcher()
        if row is None:
            return Snapshot(live, known, backlog, mark, Learned(), {}, dispatcher_fresh=False, broker_ok=False)
        fresh = row.age is not None and row.age < _DISPATCHER_SECONDS
        return Snapshot(
            live,
            known,
            backlog,
            mark,
            Learned.parse(row.learned),
            row.depths,
            dispatcher_fresh=fresh,
            broker_ok=fresh and row.broker_ok,
        )
