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
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pipelines.catalog import IO_QUEUE, WEBHOOK_QUEUE, DeviceClass
from pipelines.failpoints import Commit, Place, reach
from pipelines.weights import parse_weights
from storage import backlog, dispatch, leadership, logs, pauses
from storage.admission import Admission
from storage.changes import Changes
from storage.clock import read_clock
from storage.commands import forget_commands
from storage.database import Database, DatabaseUnavailable
from storage.deadlines import BATCH, expire_overdue
from storage.finished import finished_since
from storage.jobs import JobStore
from storage.leadership import Lead, NotLeading
from storage.settings import StorageSettings
from storage.slots import forget_slots, live_slots
from workers.app import app
from workers.bookkeeper import Bookkeeper
from workers.broker import Broker, BrokerUnavailable
from workers.clockguard import ClockGuard
from workers.janitor import Janitor
from workers.learning import Learning
from workers.settings import WorkerSettings
from workers.webhook_upkeep import WebhookUpkeep
from workers.windows import Windows

log = logging.getLogger("workers.dispatcher")

_TURN_SECONDS = 1.0
#: A stand-by looks this often whether the lead is free: one read of one row.
_STAND_BY_SECONDS = 0.2
#: After a turn that found more than this many events and jobs, the next begins at least so much later.
_BUSY = 6
_BREATH_SECONDS = 0.04
#: How long a client's idempotency key is remembered.
_KEY_SECONDS = 24 * 3600.0
_FORGET_EVERY = 600.0
#: Deadlines may pass for many jobs at once; the rest waits for the next second.
_EXPIRE_BATCHES = 5

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Woken(Exception):
    """Told to stop while waiting."""


class Dispatcher:
    """Holds no state that matters: whoever takes the lead next finds everything in rows."""

    def __init__(
        self, database: Database, broker: Broker, owner: str, admission: Admission, upkeep: WebhookUpkeep
    ) -> None:
        self._database = database
        self._broker = broker
        self._owner = owner
        self._jobs = JobStore(database)
        self._changes = Changes(database.url)
        self._admission = admission
        self._upkeep = upkeep
        self._windows = Windows()
        self._learning = Learning()
        self._guard = ClockGuard()
        self._lead: Lead | None = None
        self._broker_ok = False
        self._live: dict[str, int] = {}
        self._last_attempt = 0
        self._next_second = 0.0
        self._next_forget = 0.0
        self._delivery_sent = 0.0
        self._delivery_depth = 0
        self._stopping = False
        self._standing_by = False
        self._resting = False

    def stop(self, *_: object) -> None:
        """Ends `run` after the turn under way. A handler of signals; a second one ends the process at once."""
        self._stopping = True
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if self._resting:
            # The system's calls go on waiting after a signal unless its handler raises.
            raise _Woken

    @property
    def leads(self) -> bool:
        """Whether it has the lead, as far as it knows."""
        return self._lead is not None

    def run(self) -> None:
        """Leads or stands by until told to stop."""
        while not self._stopping:
            try:
                self._turn()
            except DatabaseUnavailable:
                log.warning("database_unavailable")
                self._guard.distrust()
                self._rest(lambda: time.sleep(_TURN_SECONDS))
            except NotLeading:
                log.warning("lead_lost owner=%s", self._owner)
                self._lead = None
            except _Woken:
                # The signal came between two lines of `_rest`.
                continue
        if self._lead is not None:
            self._give_up(self._lead)
        self._changes.close()
        log.info("dispatcher_stopped owner=%s", self._owner)

    def _give_up(self, lead: Lead) -> None:
        try:
            leadership.give_up_lead(self._database, lead)
        except DatabaseUnavailable:
            # It runs out by itself.
            log.warning("give_up_failed reason=database_unavailable")

    def _rest(self, wait: Callable[[], object]) -> None:
        """Waits, until told to stop."""
        try:
            self._resting = True
            if not self._stopping:
                wait()
        except _Woken:
            log.info("stopping owner=%s", self._owner)
        finally:
            self._resting = False

    def _turn(self) -> None:
        if self._lead is None:
            if leadership.lead_is_free(self._database):
                self._lead = leadership.take_lead(self._database, self._owner)
            if self._lead is None:
                if not self._standing_by:
                    log.info("standing_by owner=%s", self._owner)
                self._standing_by = True
                # Whoever leads next must know of a step of the clock before that.
                self._clock_is_sound()
                self._rest(lambda: time.sleep(_STAND_BY_SECONDS))
                return
            self._standing_by = False
            log.info("lead_taken owner=%s fence=%d", self._lead.owner, self._lead.fence)
            self._next_second = self._next_forget = 0.0
        now = time.monotonic()
        if now >= self._next_second:
            self._next_second = now + _TURN_SECONDS
            self._each_second(self._lead)
        if self._admit(self._lead) > _BUSY:
            # Under load every commit would be a turn: a breath lets several be served by one transaction.
            time.sleep(max(0.0, now + _BREATH_SECONDS - time.monotonic()))
        self._rest(lambda: self._changes.wait(max(0.0, self._next_second - time.monotonic())))

    def _admit(self, lead: Lead) -> int:
        """Numbers events, publishes what there is room for; how many of both."""
        numbered = 0
        with self._database.read() as connection:
            there_is = dispatch.to_do(connection)
            paused = pauses.paused(connection) if there_is.paused else frozenset[str]()
            to_take_back = there_is.paused and pauses.any_to_take_back(connection)
            admit = there_is.jobs and self._broker_ok
            windows = pauses.without(self._windows.of(self._live), paused)
            picked = self._admission.pick(connection, windows, self._live) if admit else []
        if to_take_back:
            with leadership.leading(self._database, lead) as writing:
                taken_back = pauses.take_back(writing)
            log.info("taken_back jobs=%d reason=paused", taken_back)
        chains: Sequence[dispatch.Chain] = ()
        if there_is.events or picked:
            with leadership.leading(self._database, lead, Commit.PUBLISH if picked else Commit.NUMBER) as writing:
                if picked:
                    chains = dispatch.publish(writing, picked, self._admission.out_of_turn)
                if there_is.events:
                    numbered = dispatch.number_events(writing, there_is.listening)
        self._send(lead, chains)
        if there_is.deliveries and self._broker_ok:
            self._send_delivery()
        return numbered + len(chains)

    def _send(self, lead: Lead, chains: Sequence[dispatch.Chain]) -> None:
        """Sends what was committed as published; what cannot be sent goes back to waiting."""
        for at, chain in enumerate(chains):
            try:
                self._broker.send(chain)
                reach(Place.SENT_ONE)
            except BrokerUnavailable as error:
                log.warning("publish_failed unsent=%d detail=%s", len(chains) - at, error.detail)
                self._broker_ok = False
                with leadership.leading(self._database, lead) as connection:
                    dispatch.unpublish(connection, chains[at:])
                return
        if chains:
            reach(Place.SENT_ALL)

    def _send_delivery(self) -> None:
        """One message starts a slot that goes on until nothing is due; another each second in case it was lost."""
        # More messages than slots that could take them would only pile up while those are busy.
        enough = max(1, self._live.get(WEBHOOK_QUEUE, 0)) < self._delivery_depth
        if enough or time.monotonic() - self._delivery_sent < _TURN_SECONDS:
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
            waiting = backlog.waiting_of_all(connection).jobs
            self._learning.learn(finished_since(connection, self._learning.attempt), time.monotonic())
        for attempt, queue, seconds in reversed(runs):
            self._last_attempt = max(self._last_attempt, attempt)
            self._windows.learn(queue, seconds)
        depths = self._look_at_broker(lead)
        seen: dict[str, Any] = {"broker_ok": self._broker_ok, "depths": depths or {}, "waiting": waiting}
        seen["learned"] = self._learning.learned(time.monotonic()).document()
        leadership.keep_lead(self._database, lead, seen)
        if depths is not None:
            self._republish(lead, depths)
        if self._clock_is_sound():
            self._sweep()
        self._expire()
        self._upkeep.each_second(lead)
        if time.monotonic() >= self._next_forget:
            self._forget(lead)

    def _forget(self, lead: Lead) -> None:
        with leadership.leading(self._database, lead) as writing:
            forgotten = dispatch.forget_keys(writing, _KEY_SECONDS)
        if forgotten == dispatch.KEYS_AT_ONCE:
            # There are more: the next portion comes with the next second.
            return
        self._next_forget = time.monotonic() + _FORGET_EVERY
        with leadership.leading(self._database, lead) as writing:
            backlog.forget_idle(writing)
            forget_slots(writing)
            forget_commands(writing)
        self._recount(lead)

    def _recount(self, lead: Lead) -> None:
        """The counters are exact, unless code of an earlier revision ran beside this, or before it."""
        with self._database.read() as connection:
            drifted = backlog.has_drifted(connection)
        if drifted:
            with leadership.leading(self._database, lead) as writing:
                wrong = backlog.recount(writing)
            log.warning("recounted submitters=%d", wrong)

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
        self._delivery_depth = depths.get(WEBHOOK_QUEUE, 0)
        return depths

    def _republish(self, lead: Lead, depths: dict[str, int]) -> None:
        with self._database.read() as connection:
            lost = dispatch.lost_messages(dispatch.unclaimed(connection), depths)
        if not lost:
            return
        with leadership.leading(self._database, lead, Commit.REPUBLISH) as writing:
            chains = dispatch.republish(writing, lost)
        log.warning("republished jobs=%d", len(chains))
        self._send(lead, chains)

    def _expire(self) -> None:
        """Deadlines are moments, not leases: they pass whatever the clock did, and while the database was away, too."""
        for _ in range(_EXPIRE_BATCHES):
            stopped = expire_overdue(self._database)
            if stopped:
                log.info("deadlines_passed jobs=%d", stopped)
            if stopped < BATCH:
                return

    def _clock_is_sound(self) -> bool:
        return self._guard.may_judge(partial(read_clock, self._database))

    def _sweep(self) -> None:
        with self._database.read() as connection:
            stale = dispatch.stale_claims(connection)
        # Asked again: if all stood still since, those leases ran out meanwhile.
        if not stale or not self._clock_is_sound():
            return
        for held in stale:
            ended = self._jobs.lose_lapsed(held, f"The slot {held.slot} stopped renewing its claim.")
            log.warning("claim_lost job=%s owner=%s ended=%s", held.job_id, held.owner, ended)


def main() -> None:
    """Runs a dispatcher until SIGTERM or SIGINT."""
    storage, settings = StorageSettings(), WorkerSettings()
    logs.configure(storage.log_level)
    owner = f"{socket.gethostname()}:{os.getpid()}:{time.time():.0f}"
    broker = Broker(app, settings.broker_url)
    admission = Admission(parse_weights(settings.submitter_weights), settings.ageing_seconds)
    database = Database(storage.url, pool_size=2, by_index=True)
    upkeep = WebhookUpkeep(database, storage.webhook_keep_days)
    dispatcher = Dispatcher(database, broker, owner, admission, upkeep)
    for number in _SIGNALS:
        signal.signal(number, dispatcher.stop)
    janitor = Janitor(storage, lambda: dispatcher.leads)
    bookkeeper = Bookkeeper(storage, lambda: dispatcher.leads)
    janitor.start()
    bookkeeper.start()
    dispatcher.run()
    bookkeeper.stop()
    janitor.stop()


if __name__ == "__main__":
    main()
