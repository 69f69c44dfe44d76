"""Signs webhooks by Standard Webhooks 1.0.0 and posts them, to addresses that may be called, pinned.

A name is resolved once, every address it has must be allowed, and the connection goes to one of exactly these; TLS and
the Host header keep the name. No redirects, no proxies, no cookies; one budget of time covers everything.
"""

from __future__ import annotations

import hashlib
import hmac
import queue
import secrets
import socket
import ssl
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.egress import Destination, EgressRules
from pipelines.errors import InvalidRequest

if TYPE_CHECKING:
    import h11

PREFIX = "whsec_"
MIN_SECRET, MAX_SECRET, NEW_SECRET = 24, 64, 32

TIMEOUT = 15.0
#: One address of several may not use up the whole budget.
CONNECT_TIMEOUT = 5.0
MAX_RESPONSE = 4096
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

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's range of success


class _Failed(Exception):
    """An attempt ended without a status."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def new_secret() -> str:
    """A fresh `whsec_…` secret of 32 random bytes."""
    return PREFIX + b64encode(secrets.token_bytes(NEW_SECRET)).decode()


def secret_key(secret: str) -> bytes:
    """The key in a `whsec_…` secret; ValueError unless it is base64 of 24–64 bytes. Never repeats the secret."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret begins with {PREFIX}")
    encoded = secret.removeprefix(PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError("a webhook secret is base64 after its prefix") from None
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        raise ValueError(f"a webhook secret holds {MIN_SECRET} to {MAX_SECRET} bytes")
    return key


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of one secret; two of them are joined by a space while secrets rotate."""
    if "." in webhook_id:
        raise ValueError("a webhook id holds no full stop: it would be ambiguous in what is signed")
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(secret_key(secret), content, hashlib.sha256)).decode()


def signed_headers(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of an attempt made at `timestamp` (seconds since 1970)."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, webhook_id, timestamp, body),
    }


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

    def deliver(self, url: str, secret: str, webhook_id: str, body: bytes) -> Delivery:
        """Signs for now and posts; never raises for what a receiver or the network does."""
        return self.post(url, signed_headers(secret, webhook_id, int(time.time()), body), body)

    def post(self, url: str, headers: dict[str, str], body: bytes) -> Delivery:
        """One attempt within the budget of time."""
        begin = time.monotonic()
        deadline = begin + self._timeout
        try:
            status, head = self._attempt(url, headers, body, deadline)
        except _Failed as error:
            return Delivery(None, time.monotonic() - begin, error.code, "")
        return Delivery(status, time.monotonic() - begin, None, head.decode("utf-8", "replace").replace("\0", "�"))

    def _attempt(self, url: str, headers: dict[str, str], body: bytes, deadline: float) -> tuple[int, bytes]:
        try:
            destination = self._rules.check_url(url)
        except InvalidRequest as error:
            raise _Failed(error.code) from error
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
            return _exchange(connection, destination, headers, body, deadline)
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


def _exchange(
    connection: socket.socket, destination: Destination, headers: dict[str, str], body: bytes, deadline: float
) -> tuple[int, bytes]:
    """One request and the head of its answer, over a connection that is used once."""
    import h11

    http = h11.Connection(h11.CLIENT)
    fields = {
        "host": destination.authority,
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        **headers,
    }
    request = h11.Request(method="POST", target=destination.target, headers=list(fields.items()))
    parts = [http.send(request), http.send(h11.Data(data=body)), http.send(h11.EndOfMessage())]
    connection.settimeout(_left(deadline))
    connection.sendall(b"".join(part for part in parts if part))
    try:
        return _answer(http, connection, deadline)
    except h11.RemoteProtocolError as error:
        raise _Failed("bad_response") from error


def _answer(http: h11.Connection, connection: socket.socket, deadline: float) -> tuple[int, bytes]:
    import h11

    status: int | None = None
    head = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            connection.settimeout(_left(deadline))
            http.receive_data(connection.recv(MAX_RESPONSE))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            head += event.data
        elif not isinstance(event, h11.InformationalResponse):
            break
        if status is not None and len(head) >= MAX_RESPONSE:
            break
    if status is None:
        raise _Failed("bad_response")
    return status, head[:MAX_RESPONSE]


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
