"""The parent process of a slot: it beats, ends a child that does not stop when it should, and hands back at the end."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import time
import warnings
from collections.abc import Sequence
from enum import Enum, auto
from functools import partial
from typing import Any, NoReturn

from celery import signals
from celery.exceptions import SecurityWarning

from pipelines import failpoints
from pipelines.catalog import WEBHOOK_QUEUE, DeviceClass, load_catalog
from pipelines.failpoints import Place, reach
from storage.claims import Held
from storage.database import Database, DatabaseUnavailable
from storage.jobs import JobStore
from storage.settings import StorageSettings
from storage.slots import BEAT_SECONDS, SlotFacts, SlotStore
from workers import draining
from workers.app import app
from workers.beats import Beats
from workers.children import end_child, is_ours
from workers.commands import Commands
from workers.settings import WorkerSettings

log = logging.getLogger(__name__)

#: How long an engine has to stop by itself: a heartbeat (2 s) brings the wish, then it has two seconds.
_GRACE_SECONDS = 4.0
_WATCH_SECONDS = 1.0
#: Once told to stop: how often to look whether anything runs here yet, and how long Celery may take to end then.
_DRAIN_LOOK_SECONDS = 0.2
_CELERY_SECONDS = 1.0
#: Whoever says it twice does not want to wait; then the kernel ends a process that is stuck in a database call.
_IN_A_HURRY_SECONDS = 3

#: A fork in the middle of a database call would copy its locks, held for ever, into the child.
_at_rest = threading.Lock()
os.register_at_fork(before=_at_rest.acquire, after_in_parent=_at_rest.release, after_in_child=_at_rest.release)


class _Told(Enum):
    READY = auto()
    STOP = auto()
    #: Celery's worker has ended.
    GONE = auto()


class Watch:
    """A thread of the parent; it works while the child is deep in native code."""

    def __init__(self, beats: Beats, database: Database, patience: float) -> None:
        self._facts, self._beats = beats.facts, beats
        self._commands = Commands(beats, database)
        self._slots = SlotStore(database)
        self._jobs = JobStore(database)
        self._patience = patience
        # The one queue that may be put into from a signal handler, whatever the main thread holds.
        self._told: queue.SimpleQueue[_Told] = queue.SimpleQueue()
        self._asked = 0
        self._left = False
        self._next_beat = 0.0
        #: Claims, and since when (monotonic) each is known.
        self._seen: dict[tuple[str, int], float] = {}
        self._status = 0
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def ready(self) -> None:
        """Writes the first beat and goes on: the slot takes work from now on."""
        self._told.put(_Told.READY)

    def stop(self) -> None:
        """The slot takes no more work, and ends once nothing runs in it; asked again, at once."""
        self._asked += 1
        if self._asked > 1:
            signal.alarm(_IN_A_HURRY_SECONDS)
        self._told.put(_Told.STOP)

    def end(self, status: int) -> NoReturn:
        """Ends the process once the rows say that the slot is gone.

        Not by the interpreter's own end: that one hung after a child was ended in Celery's last moments.
        """
        self._status = self._status or status
        self._told.put(_Told.GONE)
        self._thread.join()
        os._exit(self._status)

    def _hear(self, seconds: float) -> _Told | None:
        try:
            return self._told.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None

    def _run(self) -> None:
        try:
            self._drain(self._watch())
        except Exception:
            # A slot that is not watched would hold a child for ever; whoever keeps it running starts it again.
            log.exception("watch_failed")
            self._status = 1
        log.info("slot_stopped name=%s", self._facts.name)
        os._exit(self._status)

    def _watch(self) -> _Told | None:
        """Beats and ends overstays until told to stop; what it was told."""
        told: _Told | None = self._told.get()
        while told in {None, _Told.READY}:
            try:
                with _at_rest:
                    self._let_go_for_the_dead()
                if time.monotonic() >= self._next_beat:
                    self._beat()
                self._end_overstays()
            except DatabaseUnavailable:
                log.warning("beat_failed reason=database_unavailable")
            told = self._hear(_WATCH_SECONDS)
        return told

    def _beat(self) -> None:
        state = self._beats.state()
        with _at_rest:
            if self._left:
                self._slots.drain(self._facts, state)
            else:
                self._slots.beat(self._facts, state)
            self._next_beat = time.monotonic() + BEAT_SECONDS
            if not self._left:
                self._commands.look()

    def _drain(self, told: _Told | None) -> None:
        """Lets what runs here end, within the slot's patience; what does not is handed back and runs elsewhere."""
        until = time.monotonic() + self._patience
        draining.begin(self._patience)
        while told is not _Told.GONE and time.monotonic() < until:
            try:
                self._leave()
                if self._is_idle():
                    break
                self._end_overstays()
            except DatabaseUnavailable:
                log.warning("drain_waits reason=database_unavailable")
            told = self._hear(_DRAIN_LOOK_SECONDS)
            if told is _Told.STOP:
                draining.begin(0.0)
                break
        try:
            self._leave()
            self._hand_back()
        except DatabaseUnavailable:
            log.warning("hand_back_failed reason=database_unavailable")
        if told is not _Told.GONE and self._asked == 1:
            # Celery ends by itself once its task has; but it may count messages for ever whose steps are done.
            self._hear(_CELERY_SECONDS)

    def _leave(self) -> None:
        if not self._left:
            with _at_rest:
                self._slots.leave(self._facts.name)
                self._left = True
        elif time.monotonic() >= self._next_beat:
            self._beat()
        with _at_rest:
            self._commands.end()

    def _is_idle(self) -> bool:
        with _at_rest:
            # No row says which slot sends a webhook message: there Celery alone knows that its task has ended.
            return WEBHOOK_QUEUE not in self._facts.queues and not self._slots.held(self._facts.name)

    def _hand_back(self) -> None:
        """Ends the child under the lock of each job that it still holds, unless that is left from an earlier life."""
        with _at_rest:
            for held in self._slots.held(self._facts.name):
                ended = self._jobs.hand_back(held, partial(end_child, held, self._began))
                log.warning("handed_back job=%s owner=%s ended=%s", held.job_id, held.owner, ended)

    def _let_go_for_the_dead(self) -> None:
        """Gives back what a child held that has died, or what was claimed in this slot's name in an earlier life.

        Celery sends a dead child's message to any slot of the queue, and only this one may take the step over at once:
        for every other the lease would have to run out.
        """
        for held in self._slots.held(self._facts.name):
            if is_ours(held, self._began):
                continue
            self._jobs.lose_claim(held, "lost", f"The process of {self._facts.name} that ran this step is gone.")
            log.warning("claim_of_the_dead_lost job=%s owner=%s", held.job_id, held.owner)

    def _end_overstays(self) -> None:
        with _at_rest:
            now = time.monotonic()
            held = {(claim.job_id, claim.fence) for claim in self._slots.held(self._facts.name)}
            self._seen = {claim: self._seen.get(claim, now) for claim in held}
            overstays = self._slots.overstays(self._facts.name, _GRACE_SECONDS)
        for overstay in overstays:
            # By the rows alone a step of the clock would make every claim look too old.
            if now - self._seen.get((overstay.job_id, overstay.fence), now) >= overstay.limit:
                self._end(overstay)

    def _end(self, overstay: Held) -> None:
        """Ends the child and its claim: nobody else will, for the lease is still being renewed."""
        reach(Place.OVERSTAY)
        with _at_rest:
            ended = self._jobs.lose_claim(
                overstay, "timeout", "The step ran past its limit.", partial(end_child, overstay, self._began)
            )
        log.warning("child_ended pid=%d job=%s ended=%s", overstay.pid, overstay.job_id, ended)


def serve(facts: SlotFacts) -> NoReturn:
    """Runs Celery's worker in this process until it is told to stop."""
    settings = StorageSettings()
    beats = Beats(facts, load_catalog(settings.config), WorkerSettings())
    watch = Watch(beats, Database(settings.url, pool_size=1), settings.shutdown_seconds)

    def begin(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
        # Celery's handler of SIGTERM takes no more messages, waits for its task, and tells us at once; those of the
        # others would wait before they tell, or end the child without a word in its job's row.
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.getsignal(signal.SIGTERM))
        watch.ready()

    def end(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
        watch.stop()

    if WEBHOOK_QUEUE not in facts.queues:
        signals.worker_process_init.connect(_prepare_child, weak=False)
    if failpoints.ENABLED:
        signals.task_postrun.connect(_reach_continued, weak=False)
    # Celery warns root because pickled messages would run as root; here only JSON is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    signals.setup_logging.connect(_keep_our_logging, weak=False)
    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    # A forked process cannot use the GPU, so GPU slots spawn their child.
    app.conf.worker_pool_start_method = "spawn" if facts.device != DeviceClass.CPU else "fork"
    status = 1
    try:
        app.worker_main(worker_arguments(facts.queues, f"{facts.name}@{facts.host}"))
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except Exception:
        log.exception("slot_failed")
    watch.end(status)


def worker_arguments(queues: Sequence[str], hostname: str) -> list[str]:
    """How Celery's worker is run; the benchmark of the bare queue runs it the same way."""
    return [
        "--quiet",
        "worker",
        "--pool=prefork",
        "--concurrency=1",
        f"--queues={','.join(queues)}",
        f"--hostname={hostname}",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel=WARNING",
    ]


def _prepare_child(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
    """Imports and connects before the first message, which need not wait for it then."""
    from workers.child import runner

    runner()


def _reach_continued(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
    """Sent in the child after the chain's next message went out, before this one is acknowledged."""
    reach(Place.CONTINUED)


def _keep_our_logging(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
    """Connected so that Celery leaves logging as `workers.slot` set it."""
