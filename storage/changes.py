"""Wait until something was committed: LISTEN/NOTIFY on PostgreSQL, `PRAGMA data_version` every 5 ms on SQLite.

One listener serves a whole process. What it tells is a hint: whoever waits looks at the rows again, and looks at least
every second by itself (rule 8).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import psycopg
from sqlalchemy.engine import make_url

from storage.database import TCP_LIMITS

CHANNEL = "harmony"
_POLL_SECONDS = 0.005
_RECONNECT_SECONDS = 1.0


@dataclass(frozen=True)
class Change:
    """Jobs that have new events, and whether events got positions; `everything` when it is not known which."""

    jobs: frozenset[str]
    positions: bool = False
    everything: bool = False


EVERYTHING = Change(frozenset(), positions=True, everything=True)


class _Listener(Protocol):
    def wait(self, seconds: float) -> Change | None:
        """The next change, or None after `seconds`."""

    def close(self) -> None: ...


class Changes:
    """Listens, and comes back by itself after the database was away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listener: _Listener | None = None

    def wait(self, seconds: float = 1.0) -> Change | None:
        """The next change, or None after at most `seconds`. After an outage first EVERYTHING."""
        try:
            if self._listener is None:
                self._listener = _listen(self._url)
                return EVERYTHING
            return self._listener.wait(seconds)
        except (psycopg.Error, sqlite3.Error):
            # Not an error here: statements of the same process report the outage; this one only waits for its end.
            self.close()
            time.sleep(min(seconds, _RECONNECT_SECONDS))
            return None

    def close(self) -> None:
        """Closes the listener's connection."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None


def _listen(url: str) -> _Listener:
    return _SqliteListener(url) if url.startswith("sqlite") else _PostgresqlListener(url)


class _PostgresqlListener:
    """A trigger on the events table notifies with the job's id; an empty payload means that positions were given."""

    def __init__(self, url: str) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(
            plain, autocommit=True, connect_timeout=5, application_name="harmony-listen", **TCP_LIMITS
        )
        self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, seconds: float) -> Change | None:
        jobs: set[str] = set()
        heard = positions = False
        # stop_after=1 returns with the first batch that the server sent, not with the first notification of it.
        for notification in self._connection.notifies(timeout=seconds, stop_after=1):
            heard = True
            if notification.payload:
                jobs.add(notification.payload)
            else:
                positions = True
        return Change(frozenset(jobs), positions) if heard else None

    def close(self) -> None:
        self._connection.close()


_LARGEST = {
    "id": "SELECT coalesce(max(id), 0) FROM events",
    "position": "SELECT coalesce(max(position), 0) FROM events",
}


class _SqliteListener:
    """`data_version` moves when another connection commits; the events table, in commit order, says for which jobs."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(make_url(url).database or "", isolation_level=None, check_same_thread=False)
        self._version = self._data_version()
        self._last = self._number("id")
        self._position = self._number("position")

    def wait(self, seconds: float) -> Change | None:
        end = time.monotonic() + seconds
        while (version := self._data_version()) == self._version:
            if time.monotonic() > end:
                return None
            time.sleep(_POLL_SECONDS)
        self._version = version
        # Downward, too: numbers come again when the newest events were deleted with their job.
        last, self._last = self._last, self._number("id")
        rows = self._connection.execute(
            "SELECT id, job_id FROM events WHERE id > ? AND id <= ? ORDER BY id", (last, self._last)
        ).fetchall()
        position, self._position = self._position, self._number("position")
        return Change(frozenset(job_id for _, job_id in rows), positions=self._position != position)

    def close(self) -> None:
        self._connection.close()

    def _data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _number(self, column: Literal["id", "position"]) -> int:
        """The largest there is; the end of an index, whatever the number of events."""
        last: int = self._connection.execute(_LARGEST[column]).fetchone()[0]
        return last


class ChangeThread:
    """A daemon thread that hands every change to `tell`, and every second None."""

    def __init__(self, url: str, tell: Callable[[Change | None], None]) -> None:
        self._changes = Changes(url)
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; at most a second passes."""
        self._stop.set()
        self._thread.join(timeout=3)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._tell(self._changes.wait(1.0))
        self._changes.close()
