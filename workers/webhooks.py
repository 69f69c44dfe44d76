"""Posts signed webhooks, to addresses that may be called, pinned.

A name is resolved once, every address it has must be allowed, and the connection goes to one of exactly these; TLS and
the Host header keep the name. No redirects, no proxies, no cookies; one budget of time covers everything.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.egress import Destination, EgressRules
from pipelines.errors import InvalidRequest
from pipelines.signing import signed_headers

if TYPE_CHECKING:
    import h11

TIMEOUT = 15.0
#: One address of several may not use up the whole budget.
CONNECT_TIMEOUT = 5.0
MAX_RESPONSE = 4096
#: Of an answer's headers so many are kept, each cut to so many characters.
MAX_HEADERS = 40
MAX_HEADER = 256
USER_AGENT = "harmony-speech-engine"

Resolver = Callable[..., Iterable[tuple[Any, ...]]]


@dataclass(frozen=True)
class Delivery:
    """How one attempt went: the receiver's status, or an error's code where there was none."""

    status: int | None
    seconds: float
    #: `address_refused`, `url_invalid`, `name_unknown`, `timeout`, `tls_failed`, `connection_failed`, `bad_response`.
    error: str | None
    #: The first bytes of the answer, as text.
    response_head: str
    #: What was sent and what came back, names in lower case; none where no request could be made.
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's range of success

    @property
    def retry_after(self) -> float | None:
        """Seconds that the receiver asks to be left alone for; None if it does not, or not in a way to be read."""
        return retry_after(self.response_headers.get("retry-after"))


@dataclass(frozen=True)
class _Answer:
    """The head of an answer, and its first bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Failed(Exception):
    """An attempt ended without a status."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WebhookClient:
    """Posts webhooks; keeps no state between calls, so threads may share it. `context` is for private authorities."""

    def __init__(
        self,
        rules: EgressRules,
        resolver: Resolver = socket.getaddrinfo,
        *,
        timeout: float = TIMEOUT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._resolver = resolver
        self._timeout = timeout
        self._context = context

    def deliver(self, url: str, secrets: Sequence[str], webhook_id: str, body: bytes) -> Delivery:
        """Signs for now with each of `secrets` and posts; never raises for what a receiver or the network does."""
        return self.post(url, signed_headers(secrets, webhook_id, int(time.time()), body), body)

    def post(self, url: str, headers: dict[str, str], body: bytes) -> Delivery:
        """One attempt within the budget of time."""
        begin = time.monotonic()
        deadline = begin + self._timeout
        fields: Mapping[str, str] = {}
        try:
            destination = self._destination(url)
            fields = _fields(destination, headers, body)
            answer = self._attempt(destination, fields, body, deadline)
        except _Failed as error:
            return Delivery(None, time.monotonic() - begin, error.code, "", fields)
        head = answer.body.decode("utf-8", "replace").replace("\0", "�")
        return Delivery(answer.status, time.monotonic() - begin, None, head, fields, answer.headers)

    def _destination(self, url: str) -> Destination:
        try:
            return self._rules.check_url(url)
        except InvalidRequest as error:
            raise _Failed(error.code) from error

    def _attempt(self, destination: Destination, fields: Mapping[str, str], body: bytes, deadline: float) -> _Answer:
        addresses = self._addresses(destination, deadline)
        try:
            connection = _connect(addresses, destination.port, deadline)
        except TimeoutError as error:
            raise _Failed("timeout") from error
        except OSError as error:
            raise _Failed("connection_failed") from error
        # wrap_socket takes the socket over, and closes it on failure.
        try:
            if destination.scheme == "https":
                context = self._context or _default_context()
                connection = context.wrap_socket(connection, server_hostname=destination.host)
            return _exchange(connection, destination.target, fields, body, deadline)
        except TimeoutError as error:
            raise _Failed("timeout") from error
        except ssl.SSLError as error:
            raise _Failed("tls_failed") from error
        except OSError as error:
            raise _Failed("connection_failed") from error
        finally:
            connection.close()

    def _addresses(self, destination: Destination, deadline: float) -> list[str]:
        """Where the name leads now; one refused address among them refuses all."""
        found = _resolve(self._resolver, destination, deadline)
        if not found:
            raise _Failed("name_unknown")
        if not all(self._rules.address_allowed(address, destination.host, destination.port) for address in found):
            raise _Failed("address_refused")
        return found


@cache
def _default_context() -> ssl.SSLContext:
    """Public authorities, names checked."""
    return ssl.create_default_context()


def _resolve(resolver: Resolver, destination: Destination, deadline: float) -> list[str]:
    """The resolver in a thread of its own: the system's has no time limit."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = resolver(destination.host, destination.port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=look_up, name="webhook-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except (queue.Empty, TimeoutError) as error:
        raise _Failed("timeout") from error
    if isinstance(answer, OSError):
        raise _Failed("name_unknown") from answer
    return answer


def _connect(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """The first address that answers; raises the last one's OSError."""
    *others, last = addresses
    for address in others:
        try:
            return socket.create_connection((address, port), timeout=min(_left(deadline), CONNECT_TIMEOUT))
        except OSError:
            # The next address is the answer to this one's failure.
            continue
    return socket.create_connection((last, port), timeout=min(_left(deadline), CONNECT_TIMEOUT))


def _fields(destination: Destination, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    return {
        "host": destination.authority,
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        **headers,
    }


def _exchange(
    connection: socket.socket, target: str, fields: Mapping[str, str], body: bytes, deadline: float
) -> _Answer:
    """One request and the head of its answer, over a connection that is used once."""
    import h11

    http = h11.Connection(h11.CLIENT)
    request = h11.Request(method="POST", target=target, headers=list(fields.items()))
    parts = [http.send(request), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage())]
    connection.settimeout(_left(deadline))
    connection.sendall(b"".join(part for part in parts if part))
    try:
        return _answer(http, connection, deadline)
    except h11.RemoteProtocolError as error:
        raise _Failed("bad_response") from error


def _answer(http: h11.Connection, connection: socket.socket, deadline: float) -> _Answer:
    import h11

    response: h11.Response | None = None
    head = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            connection.settimeout(_left(deadline))
            http.receive_data(connection.recv(MAX_RESPONSE))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            head += event.data
        elif not isinstance(event, h11.InformationalResponse):
            break
        if response is not None and len(head) >= MAX_RESPONSE:
            break
    if response is None:
        raise _Failed("bad_response")
    kept = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in list(response.headers)[:MAX_HEADERS]]
    return _Answer(
        response.status_code,
        {name[:MAX_HEADER].lower(): value[:MAX_HEADER] for name, value in kept},
        head[:MAX_RESPONSE],
    )


def retry_after(value: str | None) -> float | None:
    """Seconds by a Retry-After header, which holds seconds or a date (RFC 9110); None for anything else."""
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        # Not a date either: as if the header were not there.
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
