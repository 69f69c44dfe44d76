"""Tidies up behind the jobs: results that have expired, jobs that are old, bytes that no row names any more.

It also carries out orders for many jobs (`workers.bulk`), which come first.

A thread of the dispatcher's process, with connections of its own, so that a slow store or a long round never holds up a
turn. It works while its dispatcher leads. That only saves work: every move is safe beside another janitor's, because it
looks at the rows again under their locks.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from pipelines.errors import StepError
from storage import garbage, retention
from storage.artifacts import ArtifactStore, artifact_store
from storage.database import Database, DatabaseUnavailable
from storage.settings import StorageSettings
from storage.voice_deleting import finish_deleting
from workers.bulk import BulkOrders

log = logging.getLogger(__name__)

#: Between two rounds that found little to do, in seconds.
_ROUND_SECONDS = 5.0
#: Between two looks for orders; while one is under way, others get a moment after each portion of it.
_GLANCE_SECONDS = 1.0
_MOMENT_SECONDS = 0.02
#: Between two full rounds: others want the database, too.
_BREATH_SECONDS = 0.2
#: After a failure.
_AWAY_SECONDS = 30.0
#: Between two pages of the store's listing.
_PAGE_SECONDS = 0.2
#: How long the end of the process waits for what is under way; whatever it cuts off is done again.
_PATIENCE_SECONDS = 2.0


class Janitor:
    """Starts at once, looks for work every few seconds, and ends with the process."""

    def __init__(self, settings: StorageSettings, leads: Callable[[], bool]) -> None:
        self._settings = settings
        self._leads = leads
        self._stopped = threading.Event()
        self._orders = BulkOrders(settings, self._may_go_on)
        self._next_round = 0.0
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)
        self._store: ArtifactStore | None = None
        self._failed = ""
        # A dispatcher that is restarted again and again should not list the store each time.
        self._next_sweep = time.monotonic() + settings.orphan_seconds / 20

    def start(self) -> None:
        """Begins to work in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, or leaves it to end with the process."""
        self._stopped.set()
        self._thread.join(timeout=_PATIENCE_SECONDS)

    def _run(self) -> None:
        database = Database(self._settings.url, pool_size=1)
        self._next_round = time.monotonic() + _ROUND_SECONDS
        wait = _GLANCE_SECONDS
        while not self._stopped.wait(wait):
            wait = self._glance(database) if self._leads() else _GLANCE_SECONDS
        database.close()

    def _glance(self, database: Database) -> float:
        """A portion of the orders, and a round where one is due; how long to wait for the next glance."""
        busy = self._orders.work(database)
        if time.monotonic() >= self._next_round:
            wait = self._try(database)
            self._next_round = time.monotonic() + wait
        return _MOMENT_SECONDS if busy else min(_GLANCE_SECONDS, max(0.0, self._next_round - time.monotonic()))

    def _may_go_on(self) -> bool:
        return not self._stopped.is_set() and self._leads()

    def _try(self, database: Database) -> float:
        """One round; how long to wait for the next. Says once what is away, and once that it is back."""
        try:
            full = self.tidy(database)
        except (DatabaseUnavailable, StepError) as error:
            if self._failed != error.code:
                log.warning("tidying_waits code=%s detail=%s", error.code, error.detail)
            self._failed = error.code
            return _AWAY_SECONDS
        except Exception:
            log.exception("tidying_failed")
            return _AWAY_SECONDS
        if self._failed:
            log.info("tidying_again")
        self._failed = ""
        return _BREATH_SECONDS if full else _ROUND_SECONDS

    def tidy(self, database: Database) -> bool:
        """What is due now; whether there is more of it."""
        self._orders.forget(database)
        expired = retention.remove_expired(database)
        old = retention.delete_old(database, self._settings.job_seconds) if self._settings.job_seconds else 0
        heard = retention.remove_heard(database, self._settings.stream_seconds)
        voices = finish_deleting(database)
        collected = garbage.collect(database, self._open_store())
        if expired or old or heard or voices or collected:
            log.info("tidied results=%d jobs=%d streams=%d voices=%d keys=%d", expired, old, heard, voices, collected)
        if time.monotonic() >= self._next_sweep:
            # Set before: a sweep that fails would else begin again with each round.
            self._next_sweep = time.monotonic() + self._settings.orphan_seconds / 2
            self.sweep(database)
        return max(expired, old, heard) >= retention.BATCH or collected >= garbage.BATCH

    def sweep(self, database: Database) -> int:
        """Looks for orphans in the whole store; how many it removed."""
        next_page = partial(self._next_page, database)
        removed = garbage.sweep_orphans(database, self._open_store(), self._settings.orphan_seconds, next_page)
        log.info("orphans_removed keys=%d", removed)
        return removed

    def _next_page(self, database: Database) -> bool:
        """Waits a moment; whether to go on. Orders need not wait until a large store is looked through."""
        self._orders.work(database)
        return not self._stopped.wait(_PAGE_SECONDS) and self._leads()

    def _open_store(self) -> ArtifactStore:
        if self._store is None:
            self._store = artifact_store(self._settings)
        return self._store
