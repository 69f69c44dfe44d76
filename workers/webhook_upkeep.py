"""The leading dispatcher's share of webhooks beside fan-out: endpoints that changed, orders to send again, old logs."""

from __future__ import annotations

import logging
import time

from storage import leadership, webhook_upkeep
from storage.database import Database
from storage.leadership import Lead

log = logging.getLogger(__name__)

#: Portions of one second; the rest waits for the next.
_PORTIONS = 5
_FORGET_EVERY = 600.0
_DAY = 86400.0
_KEY_SECONDS = _DAY


class WebhookUpkeep:
    """What is to be done each second; one look where there is nothing."""

    def __init__(self, database: Database, keep_days: float) -> None:
        self._database = database
        self._keep_seconds = keep_days * _DAY
        self._next_forget = 0.0

    def each_second(self, lead: Lead) -> None:
        """Works off some portions; NotLeading if the lead is lost."""
        # Where a portion was full there may be more: the next one in the next second.
        if time.monotonic() >= self._next_forget and not self._forget(lead):
            self._next_forget = time.monotonic() + _FORGET_EVERY
        with self._database.read() as connection:
            if not webhook_upkeep.there_is_upkeep(connection):
                return
        for _ in range(_PORTIONS):
            with leadership.leading(self._database, lead) as writing:
                if webhook_upkeep.keep_up(writing) < webhook_upkeep.PORTION:
                    return

    def _forget(self, lead: Lead) -> bool:
        """A portion of what is old; whether there may be more."""
        with leadership.leading(self._database, lead) as writing:
            more = webhook_upkeep.forget(writing, self._keep_seconds, _KEY_SECONDS)
        with leadership.leading(self._database, lead) as writing:
            given_up = webhook_upkeep.give_up(writing)
        if given_up:
            log.warning("webhooks_given_up count=%d", given_up)
        return more or given_up >= webhook_upkeep.PORTION
