"""Log lines: a time, a level, the ids bound to the work, an event name with its facts. Never a user's words."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[dict[str, object] | None] = ContextVar("ids", default=None)


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Adds ids to every log line of the block."""
    token = _ids.set({**(_ids.get() or {}), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={value}" for name, value in (_ids.get() or {}).items())
        line = f"{self.formatTime(record)} {record.levelname:<7} {record.getMessage()}{ids}"
        if record.exc_info:
            line += "\n" + self._frames(record)
        return line

    def _frames(self, record: logging.LogRecord) -> str:
        # The frames say where; an exception's own message may quote what a user sent, so only its type is shown.
        assert record.exc_info is not None  # noqa: S101 - the caller looked
        kind, _, trace = record.exc_info
        import traceback

        return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind else "")


def configure(level: str) -> None:
    """One handler on stderr for this process; libraries are heard from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("api", "workers", "storage", "harmony"):
        logging.getLogger(name).setLevel(level)
