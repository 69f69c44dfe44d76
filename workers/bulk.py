"""Orders for many jobs, carried out by the dispatcher that leads: each of them a portion in turn."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from storage.backlog import Room
from storage.bulk import forget_orders
from storage.bulk_work import Rooms, unfinished, work
from storage.database import Database, DatabaseUnavailable
from storage.settings import StorageSettings

log = logging.getLogger(__name__)

#: How long one order may keep the others waiting, in seconds.
_TURN_SECONDS = 0.5
_LEFT_ALONE_SECONDS = 30.0


class BulkOrders:
    """Works off what was ordered; holds no state that matters."""

    def __init__(self, settings: StorageSettings, may_go_on: Callable[[], bool]) -> None:
        """`may_go_on` is asked before each job."""
        self._rooms = Rooms(
            of_all=Room(settings.max_waiting_jobs, settings.max_waiting_seconds),
            of_submitter=Room(settings.submitter_max_jobs, settings.submitter_max_seconds),
        )
        self._may_go_on = may_go_on
        self._away = False
        #: Orders that failed in a way that nobody foresaw, and until when they are left alone.
        self._left_alone: dict[str, float] = {}

    def work(self, database: Database) -> bool:
        """A turn of each order; whether there is more that can be done now."""
        more = False
        try:
            for order_id in unfinished(database):
                more = self._turn(database, order_id) or more
        except DatabaseUnavailable as error:
            if not self._away:
                log.warning("orders_wait code=%s", error.code)
            self._away = True
            return False
        self._away = False
        return more

    @staticmethod
    def forget(database: Database) -> None:
        """Drops orders that finished long ago."""
        forget_orders(database)

    def _turn(self, database: Database, order_id: str) -> bool:
        now = time.monotonic()
        if now < self._left_alone.get(order_id, 0.0):
            return False
        try:
            return work(
                database, order_id, self._rooms, lambda: self._may_go_on() and time.monotonic() < now + _TURN_SECONDS
            )
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("order_failed order=%s", order_id)
            self._left_alone[order_id] = now + _LEFT_ALONE_SECONDS
            return False
