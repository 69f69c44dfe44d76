"""Rows → Celery chains: the only publisher. One leads, others stand by; run it with `python -m workers.dispatcher`.

Each turn begins when something was committed, or after a second: number new events, admit what there is room for. Once
a second it also sweeps stale claims, republishes what the broker lost, and writes down what it saw.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

from pipelines.catalog import IO_QUEUE, WEBHOOK_QUEUE, DeviceClass
from storage import dispatch, leadership, logs
from storage.changes import Changes
from storage.database import Database, DatabaseUnavailable
from storage.jobs import JobStore
from storage.leadership import Lead, NotLeading
from storage.settings import StorageSettings
from storage.slots import live_slots
from workers.app import app
from workers.broker import Broker, BrokerUnavailable
from workers.clockguard import ClockGuard
from workers.settings import WorkerSettings
from workers.windows import Windows

log = logging.getLogger("workers.dispatcher")

_TURN_SECONDS = 1.0
#: After a turn that found more than this many events and jobs, the next begins at least so much later.
_BUSY = 6
_BREATH_SECONDS = 0.04
#: How long a client's idempotency key is remembered.
_KEY_SECONDS = 24 * 3600.0
_FORGET_EVERY = 600.0


class Dispatcher:
    """Holds no state that matters: whoever takes the lead next finds everything in rows."""

    def __init__(self, database: Database, broker: Broker, owner: str, max_waiting: int) -> None:
        self._database = database
        self._broker = broker
        self._owner = owner
        self._max_waiting = max_waiting
        self._jobs = JobStore(database)
        self._changes = Changes(database.url)
        self._windows = Windows()
        self._guard = ClockGuard()
        self._lead: Lead | None = None
        self._broker_ok = False
        self._live: dict[str, int] = {}
        self._last_attempt = 0
        self._next_second = 0.0
        self._next_forget = 0.0
        self._delivery_sent = 0.0
        self._stopping = False

    def stop(self, *_: object) -> None:
        """Ends `run` after the turn under way."""
        self._stopping = True

    def run(self) -> None:
        """Leads or stands by until told to stop."""
        while not self._stopping:
            try:
                self._turn()
            except DatabaseUnavailable:
                log.warning("database_unavailable")
                self._guard.distrust()
                time.sleep(_TURN_SECONDS)
            except NotLeading:
                log.warning("lead_lost owner=%s", self._owner)
                self._lead = None
        if self._lead is not None:
            leadership.give_up_lead(self._database, self._lead)
        self._changes.close()

    def _turn(self) -> None:
        if self._lead is None:
            self._lead = leadership.take_lead(self._database, self._owner)
            if self._lead is None:
                time.sleep(_TURN_SECONDS)
                return
            log.info("lead_taken owner=%s fence=%d", self._lead.owner, self._lead.fence)
            self._next_second = 0.0
        now = time.monotonic()
        if now >= self._next_second:
            self._next_second = now + _TURN_SECONDS
            self._each_second(self._lead)
        if self._admit(self._lead) > _BUSY:
            # Under load every commit would be a turn: a breath lets several be served by one transaction.
            time.sleep(max(0.0, now + _BREATH_SECONDS - time.monotonic()))
        self._changes.wait(max(0.0, self._next_second - time.monotonic()))

    def _admit(self, lead: Lead) -> int:
        """Numbers events, publishes what there is room for; how many of both."""
        numbered = 0
        with self._database.read() as connection:
            there_is = dispatch.to_do(connection)
            admit = there_is.jobs and self._broker_ok
            picked = dispatch.pick(connection, self._windows.of(self._live)) if admit else []
        chains: Sequence[dispatch.Chain] = ()
        if there_is.events or picked:
            with leadership.leading(self._database, lead) as writing:
                if picked:
                    chains = dispatch.publish(writing, picked)
                if there_is.events:
                    numbered = dispatch.number_events(writing)
        self._send(lead, chains)
        if there_is.deliveries and self._broker_ok:
            self._send_delivery()
        return numbered + len(chains)

    def _send(self, lead: Lead, chains: Sequence[dispatch.Chain]) -> None:
        """Sends what was committed as published; what cannot be sent goes back to waiting."""
        for at, chain in enumerate(chains):
            try:
                self._broker.send(chain)
            except BrokerUnavailable as error:
                log.warning("publish_failed unsent=%d detail=%s", len(chains) - at, error.detail)
                self._broker_ok = False
                with leadership.leading(self._database, lead) as connection:
                    dispatch.unpublish(connection, chains[at:])
                return

    def _send_delivery(self) -> None:
        """One message starts a slot that goes on until nothing is due; another each second in case it was lost."""
        if time.monotonic() - self._delivery_sent < _TURN_SECONDS:
            return
        try:
            self._broker.send_delivery()
        except BrokerUnavailable:
            self._broker_ok = False
        else:
            self._delivery_sent = time.monotonic()

    def _each_second(self, lead: Lead) -> None:
        with self._database.read() as connection:
            self._live = dict(live_slots(connection))
            runs = dispatch.recent_runs(connection, self._last_attempt)
            waiting = dispatch.count_waiting(connection, self._max_waiting)
        for attempt, queue, seconds in reversed(runs):
            self._last_attempt = max(self._last_attempt, attempt)
            self._windows.learn(queue, seconds)
        depths = self._look_at_broker(lead)
        seen: dict[str, Any] = {"broker_ok": self._broker_ok, "depths": depths or {}, "waiting": waiting}
        leadership.keep_lead(self._database, lead, seen)
        if depths is not None:
            self._republish(lead, depths)
        if self._guard.may_judge():
            self._sweep()
        if time.monotonic() >= self._next_forget:
            self._next_forget = time.monotonic() + _FORGET_EVERY
            with leadership.leading(self._database, lead) as writing:
                dispatch.forget_keys(writing, _KEY_SECONDS)

    def _look_at_broker(self, lead: Lead) -> dict[str, int] | None:
        queues = {*self._live, IO_QUEUE, WEBHOOK_QUEUE, *(device.value for device in DeviceClass)}
        try:
            depths = self._broker.depths(sorted(queues))
        except BrokerUnavailable as error:
            if self._broker_ok:
                log.warning("broker_unavailable detail=%s", error.detail)
            self._broker_ok = False
            return None
        if not self._broker_ok:
            log.info("broker_available")
            self._broker.check_policy()
            with leadership.leading(self._database, lead) as connection:
                dispatch.forget_republications(connection)
            self._broker_ok = True
        return depths

    def _republish(self, lead: Lead, depths: dict[str, int]) -> None:
        with self._database.read() as connection:
            lost = dispatch.lost_messages(dispatch.unclaimed(connection), depths)
        if not lost:
            return
        with leadership.leading(self._database, lead) as writing:
            chains = dispatch.republish(writing, lost)
        log.warning("republished jobs=%d", len(chains))
        self._send(lead, chains)

    def _sweep(self) -> None:
        with self._database.read() as connection:
            stale = dispatch.stale_claims(connection)
        for held in stale:
            ended = self._jobs.lose_claim(held, "lost", f"The slot {held.slot} stopped renewing its claim.")
            log.warning("claim_lost job=%s owner=%s ended=%s", held.job_id, held.owner, ended)


def main() -> None:
    """Runs a dispatcher until SIGTERM or SIGINT."""
    storage, settings = StorageSettings(), WorkerSettings()
    logs.configure(storage.log_level)
    owner = f"{socket.gethostname()}:{os.getpid()}:{time.time():.0f}"
    broker = Broker(app, settings.broker_url)
    dispatcher = Dispatcher(Database(storage.url, pool_size=2), broker, owner, storage.max_waiting_jobs)
    signal.signal(signal.SIGTERM, dispatcher.stop)
    signal.signal(signal.SIGINT, dispatcher.stop)
    dispatcher.run()


if __name__ == "__main__":
    main()
