"""The parent process of a slot: it beats, and ends a child that does not stop when it should."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from celery import signals
from celery.exceptions import SecurityWarning

from pipelines.catalog import WEBHOOK_QUEUE, DeviceClass
from storage.claims import Held
from storage.database import Database, DatabaseUnavailable
from storage.jobs import JobStore
from storage.settings import StorageSettings
from storage.slots import BEAT_SECONDS, SlotFacts, SlotStore
from workers.app import app

log = logging.getLogger(__name__)

#: How long an engine has to stop by itself: a heartbeat (2 s) brings the wish, then it has two seconds.
_GRACE_SECONDS = 4.0
_WATCH_SECONDS = 1.0
_IDLE_LOOK_SECONDS = 0.3

#: A fork in the middle of a database call would copy its locks, held for ever, into the child.
_at_rest = threading.Lock()
os.register_at_fork(before=_at_rest.acquire, after_in_parent=_at_rest.release, after_in_child=_at_rest.release)


class Watch:
    """A thread of the parent; it works while the child is deep in native code."""

    def __init__(self, facts: SlotFacts, database: Database) -> None:
        self._facts = facts
        self._slots = SlotStore(database)
        self._jobs = JobStore(database)
        self._stopped = threading.Event()
        self._began = time.time()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Writes the first beat and goes on."""
        self._thread.start()

    def stop(self) -> None:
        """Says that the slot takes no more work, and ends the process once nothing runs in it."""
        self._stopped.set()
        with _at_rest:
            try:
                self._slots.leave(self._facts.name)
            except DatabaseUnavailable:
                log.warning("leave_failed reason=database_unavailable")
        if WEBHOOK_QUEUE not in self._facts.queues:
            threading.Thread(target=self._end_when_idle, name="end", daemon=True).start()

    def _end_when_idle(self) -> None:
        # Celery's own shutdown waits its full patience for messages that it still counts though their steps are done;
        # what stands on rows is what matters. After that patience Celery ends the child by itself.
        while True:
            time.sleep(_IDLE_LOOK_SECONDS)
            try:
                with _at_rest:
                    idle = not self._slots.held(self._facts.name)
            except DatabaseUnavailable:
                continue
            if idle:
                log.info("slot_stopped name=%s", self._facts.name)
                os._exit(0)

    def _run(self) -> None:
        next_beat = 0.0
        fresh = True
        while not self._stopped.is_set():
            try:
                with _at_rest:
                    if fresh:
                        self._let_go_of_an_earlier_life()
                        fresh = False
                    if time.monotonic() >= next_beat:
                        self._slots.beat(self._facts)
                        next_beat = time.monotonic() + BEAT_SECONDS
                    overstays = self._slots.overstays(self._facts.name, _GRACE_SECONDS)
                for overstay in overstays:
                    self._end(overstay)
            except DatabaseUnavailable:
                log.warning("beat_failed reason=database_unavailable")
            self._stopped.wait(_WATCH_SECONDS)

    def _let_go_of_an_earlier_life(self) -> None:
        """A slot has one parent, so what was claimed in its name before it started is held by nobody."""
        for held in self._slots.held(self._facts.name):
            if held.since >= self._began:
                continue
            self._jobs.lose_claim(held, "lost", f"The slot {self._facts.name} ended while it ran.")
            log.warning("earlier_claim_lost job=%s owner=%s", held.job_id, held.owner)

    def _end(self, overstay: Held) -> None:
        """Ends the child and its claim: nobody else will, for the lease is still being renewed."""

        def kill() -> None:
            with suppress(ProcessLookupError):
                os.kill(overstay.pid, signal.SIGKILL)

        with _at_rest:
            ended = self._jobs.lose_claim(overstay, "timeout", "The step ran past its limit.", kill)
        log.warning("child_ended pid=%d job=%s ended=%s", overstay.pid, overstay.job_id, ended)


def serve(facts: SlotFacts) -> None:
    """Runs Celery's worker in this process until it is told to stop."""
    watch = Watch(facts, Database(StorageSettings().url, pool_size=1))

    def begin(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
        watch.start()

    def end(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
        watch.stop()

    if WEBHOOK_QUEUE not in facts.queues:
        signals.worker_process_init.connect(_prepare_child, weak=False)
    # Celery warns root because pickled messages would run as root; here only JSON is accepted.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    signals.setup_logging.connect(_keep_our_logging, weak=False)
    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    # A forked process cannot use the GPU, so GPU slots spawn their child.
    app.conf.worker_pool_start_method = "spawn" if facts.device != DeviceClass.CPU else "fork"
    app.worker_main(worker_arguments(facts.queues, f"{facts.name}@{facts.host}"))


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


def _keep_our_logging(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
    """Connected so that Celery leaves logging as `workers.slot` set it."""
