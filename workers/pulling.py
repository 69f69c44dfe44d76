"""The process that fetches a model's weights for a slot, and writes how far it is: `python -m workers.pulling`."""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Sequence

from pipelines.catalog import load_catalog
from pipelines.errors import PermanentError, StepError
from pipelines.problems import step_problem
from storage import logs
from storage.commands import CommandStore, Pull
from storage.database import Database, DatabaseUnavailable
from storage.settings import StorageSettings
from workers.causes import as_step_error
from workers.settings import WorkerSettings
from workers.weights import WeightProgress, WeightStore

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
#: Progress is written at most as often; the lease is renewed at least as often.
_WRITE_SECONDS = 1.0
_RENEW_SECONDS = 4.0
#: How long the outcome waits for a database that is away.
_PATIENCE_SECONDS = 120.0


class Upkeep:
    """A thread that keeps the lease and writes progress; it ends the process if nobody wants its work any more."""

    def __init__(self, commands: CommandStore, pull: Pull, parent: int, total: int) -> None:
        self._commands, self._pull, self._parent = commands, pull, parent
        self._progress = self._written = (0, total)
        self._written_at = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Looks twice a second from now on."""
        self._thread.start()

    def report(self, progress: WeightProgress) -> None:
        """Notes how far the fetch is; called often."""
        self._progress = (progress.done, progress.total)

    def stop(self) -> None:
        """Nothing more is written."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            if os.getppid() != self._parent:
                log.warning("pull_abandoned reason=slot_gone")
                _end_all()
            since = time.monotonic() - self._written_at
            if since < (_WRITE_SECONDS if self._progress != self._written else _RENEW_SECONDS):
                continue
            try:
                self._write()
            except DatabaseUnavailable:
                # The lease may run out; then the fencing number decides who may write.
                log.warning("progress_waits reason=database_unavailable")

    def _write(self) -> None:
        now = self._progress
        if not self._commands.advance(self._pull, *now):
            log.warning("pull_abandoned reason=another_has_it")
            _end_all()
        self._written, self._written_at = now, time.monotonic()


def _end_all() -> None:
    """Ends this process and the package clients that it started: they are one group."""
    os.killpg(0, signal.SIGKILL)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetches, and writes what became of it."""
    parser = argparse.ArgumentParser(prog="workers.pulling", description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--fence", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True, help="pid of the slot; with it this process ends")
    options = parser.parse_args(arguments)
    storage = StorageSettings()
    logs.configure(storage.log_level)
    commands, pull = CommandStore(Database(storage.url, pool_size=1)), Pull(options.model, options.fence)
    error = _fetch(commands, pull, storage, options.parent)
    problem = None if error is None else step_problem(error)
    if error is not None:
        log.warning("pull_failed model=%s code=%s", pull.model, error.code)
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            commands.end(pull, problem)
        except DatabaseUnavailable:
            if time.monotonic() > give_up:
                raise
            time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - jitter needs no cryptographic randomness
        else:
            return


def _fetch(commands: CommandStore, pull: Pull, storage: StorageSettings, parent: int) -> StepError | None:
    """Why the weights could not be had; None if they are here."""
    model = load_catalog(storage.config).get(pull.model)
    if model is None or model.weights is None:
        return PermanentError(f"This worker's config.yml has no model {pull.model!r}.", code="unknown_model")
    upkeep = Upkeep(commands, pull, parent, model.weights.bytes)
    upkeep.start()
    try:
        WeightStore(WorkerSettings().cache_dir.expanduser()).ensure(model.weights, model.name, upkeep.report)
    except Exception as error:
        known = as_step_error(error)
        if known is not error:
            log.exception("pull_crashed model=%s", pull.model)
        if known.code == "engine_error":
            # No engine is at work here.
            detail = f"Fetching failed with {type(error).__name__}; the log of the worker says where."
            known = PermanentError(detail, code="internal_error")
        return known
    finally:
        upkeep.stop()
    return None


if __name__ == "__main__":
    main()
