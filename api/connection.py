"""A connection, before and beside its requests: how many there are, how long a head may take, who stops reading.

uvicorn waits for ever for the first request of a connection, reads heads of any length and keeps what a client does
not take. Here all three end. The times are looked at once a second for all connections, which costs no timers.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.settings import ApiSettings

#: Files that are open for other reasons: databases, artifacts, uploads, logs.
_OTHER_FILES = 512

#: Longest head of a request, in bytes.
MAX_HEAD = 64 * 1024

_REFUSAL = (
    b"HTTP/1.1 %b\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\nconnection: close\r\n%b\r\n%b"
)


def _problem(status: bytes, code: str, detail: str, extra: bytes = b"") -> bytes:
    number, _, title = status.decode().partition(" ")
    body = (
        f'{{"type": "urn:harmony-speech:problem:{code}", "title": "{title}", "status": {number}, '
        f'"detail": "{detail}", "code": "{code}"}}'
    ).encode()
    return _REFUSAL % (status, len(body), extra, body)


_TOO_MANY = _problem(b"503 Service Unavailable", "overloaded", "There are too many connections.", b"retry-after: 2\r\n")
_TOO_SLOW = _problem(b"408 Request Timeout", "head_timeout", "The head of the request came too slowly.")
_TOO_LONG = _problem(
    b"431 Request Header Fields Too Large", "head_too_large", f"The head of the request is over {MAX_HEAD} bytes."
)


class Connection(HttpToolsProtocol):
    """One client's connection."""

    #: Of the process; set by `configured`.
    settings: ApiSettings
    limit: int

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own parameters, handed on
        super().__init__(*args, **options)
        #: Since when a head is awaited; None while a request is under way or the line is idle between two.
        self._head_since: float | None = None
        self._head_bytes = 0
        #: A head has begun, perhaps while the request before it is still being answered.
        self._in_head = False
        self._stuck_since: float | None = None
        #: When a sweep first saw that it is closing.
        self._closing_since: float | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it, whose types are private
        """Takes the connection, or refuses it where there are too many."""
        super().connection_made(transport)
        self._head_since = time.monotonic()
        if len(self.connections) > self.limit:
            self._end_with(_TOO_MANY)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head are counted until it is complete."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if self._head_since is None and (cycle is None or cycle.response_complete):
            self._head_since, self._head_bytes = time.monotonic(), 0
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_since is not None and self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._end_with(_TOO_LONG)

    def on_message_begin(self) -> None:
        """The first byte of a head is here."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._in_head, self._head_since, self._head_bytes = False, None, 0
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """A head that began meanwhile is awaited from now on, and by our clock instead of that of an idle line."""
        super().on_response_complete()
        if self._in_head:
            self._unset_keepalive_if_required()
            self._head_since = time.monotonic()

    def pause_writing(self) -> None:
        """The client takes less than we send."""
        super().pause_writing()
        self._stuck_since = time.monotonic()

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self._stuck_since = None

    def sweep(self, now: float) -> None:
        """Ends a connection whose client takes too long over something."""
        if self.transport.is_closing():
            # Closing waits until what was written is taken: by a client that reads nothing, for ever. What is left may
            # be too little for `pause_writing` to have been called.
            self._closing_since = self._closing_since or now
            if now - min(self._closing_since, self._stuck_since or now) > self.settings.send_seconds:
                self.transport.abort()
            return
        if self._head_since is not None and now - self._head_since > self.settings.head_seconds:
            if self._in_head:
                self._end_with(_TOO_SLOW)
            else:
                self.transport.close()
        elif self._stuck_since is not None and now - self._stuck_since > self.settings.send_seconds:
            self.transport.abort()

    def _end_with(self, answer: bytes) -> None:
        self.transport.write(answer)
        self.transport.close()


def connection_limit(settings: ApiSettings) -> int:
    """How many connections this process may have: what the settings say, as far as it may open files."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + _OTHER_FILES
    if files < wanted:
        files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max(1, min(settings.max_connections, files - _OTHER_FILES))


def configured(settings: ApiSettings, limit: int) -> type[Connection]:
    """The class for a server with these settings and at most `limit` connections."""
    return type("Connection", (Connection,), {"settings": settings, "limit": limit})
