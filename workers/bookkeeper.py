"""Keeps the roll-ups behind /v1/stats: folds in what happened, once a second.

A thread of the dispatcher's process with a connection of its own, as the janitor is, so that neither a long round nor
a lock holds up a turn. It works while its dispatcher leads. That only saves work: two at once take turns by their lock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from storage import counting
from storage.database import Database, DatabaseUnavailable
from storage.settings import StorageSettings

log = logging.getLogger(__name__)

_ROUND_SECONDS = 1.0
#: Between two portions: others want the database, too.
_BREATH_SECONDS = 0.02
_FORGET_EVERY = 600.0
#: How long the end of the process waits for what is under way; whatever it cuts off is done again.
_PATIENCE_SECONDS = 2.0


class Bookkeeper:
    """Starts at once, counts what is new each second, and ends with the process."""

    def __init__(self, settings: StorageSettings, leads: Callable[[], bool]) -> None:
        self._url = settings.url
        self._leads = leads
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bookkeeper", daemon=True)
        self._next_forget = 0.0
        self._away = False

    def start(self) -> None:
        """Begins to work in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, or leaves it to end with the process."""
        self._stopped.set()
        self._thread.join(timeout=_PATIENCE_SECONDS)

    def _run(self) -> None:
        database = Database(self._url, pool_size=1, by_index=True)
        wait = _ROUND_SECONDS
        while not self._stopped.wait(wait):
            wait = self._try(database) if self._leads() else _ROUND_SECONDS
        database.close()

    def _try(self, database: Database) -> float:
        """One portion; how long to wait for the next. Says once that the database is away, and once that it is back."""
        try:
            more = self.keep(database)
        except DatabaseUnavailable:
            if not self._away:
                log.warning("counting_waits code=%s", DatabaseUnavailable.code)
            self._away = True
            return _ROUND_SECONDS
        except Exception:
            log.exception("counting_failed")
            return _ROUND_SECONDS
        if self._away:
            log.info("counting_again")
        self._away = False
        return _BREATH_SECONDS if more else _ROUND_SECONDS

    def keep(self, database: Database) -> bool:
        """A portion of what is new, of what lacks its queue and of what is older than the roll-ups; whether more is."""
        with database.read() as reading:
            behind = counting.behind(reading)
        more = False
        if behind.events:
            with database.write(durable=False) as connection:
                more = counting.fold(connection)
        if behind.queues:
            with database.write(durable=False) as connection:
                more |= counting.fill_queues(connection)
        if behind.older:
            with database.write(durable=False) as connection:
                more |= counting.count_older(connection)
        if time.monotonic() >= self._next_forget:
            self._next_forget = time.monotonic() + _FORGET_EVERY
            with database.write(durable=False) as connection:
                counting.forget(connection)
        return more
