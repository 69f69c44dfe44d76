"""What a slot's parent does with commands: it takes one on a beat and has a process of its own carry it out.

A process, because a fetch of minutes must hold up neither the beat nor the step, and because a child that is forked
meanwhile would inherit, and keep for ever, the lock that the fetch holds on the cache.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

from sqlalchemy import Row

from pipelines.problems import step_problem
from storage.commands import CommandStore, Pull
from storage.database import Database
from storage.workers import live_rows
from workers.beats import Beats
from workers.causes import as_step_error

log = logging.getLogger(__name__)

#: For so long a command is left to slots on hosts without the weights; longer if there are none that can take it.
_OTHERS_SECONDS = 30.0


class Commands:
    """At most one at a time."""

    def __init__(self, beats: Beats, database: Database) -> None:
        self._facts, self._models = beats.facts, beats.models
        self._database = database
        self._store = CommandStore(database)
        self._beats = beats
        self._process: subprocess.Popen[bytes] | None = None
        self._pull: Pull | None = None

    def look(self) -> None:
        """Takes the next command if none is under way; called on each beat."""
        if self._process is not None and self._process.poll() is not None:
            log.info("pull_ended model=%s status=%d", self._pull and self._pull.model, self._process.returncode)
            # A process that was killed leaves the row to its lease: what kills its slots must not go on for ever.
            self._process = self._pull = None
            self._beats.look()
        if self._process is None and self._models:
            self._take_one()

    def end(self) -> None:
        """Ends what is under way and puts it back: the slot stops. Where that fails, it can be called again."""
        if self._process is None or self._pull is None:
            return
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._store.put_back(self._pull)
        self._process = self._pull = None

    def _take_one(self) -> None:
        for due in self._store.due(self._facts.queues):
            if due.model in self._models and not self._is_for_others(due):
                pull = self._store.take(due.model, self._facts.name)
                if pull is not None:
                    self._begin(pull)
                    return

    def _is_for_others(self, due: Row[Any]) -> bool:
        """Whether the weights are here, but not on another host that needs them."""
        model = self._models[due.model]
        if due.age > _OTHERS_SECONDS or not self._beats.has(model):
            return False
        with self._database.read() as connection:
            rows = live_rows(connection)
        return any(
            row.host != self._facts.host and model.queue in row.queues and model.name not in row.weights for row in rows
        )

    def _begin(self, pull: Pull) -> None:
        if self._beats.has(self._models[pull.model]):
            self._store.end(pull)
            self._beats.look()
            return
        arguments = ["--model", pull.model, "--fence", str(pull.fence), "--parent", str(os.getpid())]
        try:
            # A session of its own: with it end the package clients that it starts.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.pulling", *arguments], stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            log.exception("pull_not_started model=%s", pull.model)
            self._store.end(pull, step_problem(as_step_error(error)))
        else:
            self._pull = pull
            log.info("pull_began model=%s", pull.model)
