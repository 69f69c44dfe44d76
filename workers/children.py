"""A slot's own child processes: whether one still runs, and how it is ended."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from storage.claims import Held


def lives(child: int) -> bool:
    """Without reaping it: Celery looks after its children every few seconds, and until then a dead one has its pid."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def is_ours(held: Held, began: float) -> bool:
    """Whether the process that holds the claim runs and is a child of this one, which began at `began` (monotonic)."""
    return held.since >= began and lives(held.pid)


def end_child(held: Held, began: float) -> None:
    """Ends the process that holds the claim, if it is ours: an earlier life's may bear a stranger's pid by now."""
    if is_ours(held, began):
        with suppress(ProcessLookupError):
            os.kill(held.pid, signal.SIGKILL)
