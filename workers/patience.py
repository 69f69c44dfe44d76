"""Waiting for an artifact store or a database that is away, with the step's work in hand.

A step that failed instead would do all its work again, after a back-off that goes on long after the store is back.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from pipelines.errors import TransientError
from storage.database import DatabaseUnavailable
from workers.heartbeat import Pulse

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: A store that is away for longer makes the step fail in passing, and its slot free for what needs no store.
PATIENCE_SECONDS = 30.0
#: How long what a step has made waits for a database that is away, in seconds.
_COMMIT_PATIENCE = 120.0


def patiently(pulse: Pulse, action: Callable[[], _T], seconds: float = PATIENCE_SECONDS) -> _T:
    """What `action` gives once the store answers; it is called again from its beginning. The lease is kept meanwhile.

    Raises the store's error after `seconds`, and at once what `pulse` says when the step should not go on.
    """
    give_up = time.monotonic() + seconds
    while True:
        try:
            return action()
        except TransientError as error:
            if error.code != "storage_unavailable" or time.monotonic() > give_up:
                raise
        log.warning("store_waits reason=storage_unavailable")
        time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - jitter needs no cryptographic randomness
        if (reason := pulse.reason_to_stop()) is not None:
            raise reason


def committed(write: Callable[[], _T]) -> _T:
    """What `write` gives once the database answers; the fencing number guards what comes late."""
    give_up = time.monotonic() + _COMMIT_PATIENCE
    while True:
        try:
            return write()
        except DatabaseUnavailable:
            if time.monotonic() > give_up:
                raise
            log.warning("commit_waits reason=database_unavailable")
            time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - jitter needs no cryptographic randomness
