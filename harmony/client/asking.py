"""One request as a value, and what becomes of it when it fails: the same for both clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx

from harmony.client.recordings import File, parts, repeatable
from harmony.client.retrying import PASSING, UNSENT, Backoff

T_co = TypeVar("T_co", covariant=True)

#: How long an answer may take, in seconds, beyond what it was asked to wait.
PATIENCE = 30.0


@dataclass(frozen=True)
class Form:
    """JSON and files that travel together."""

    field: str
    document: Mapping[str, Any]
    files: Mapping[str, File]


@dataclass(frozen=True)
class Ask(Generic[T_co]):
    """A request whose answer is JSON of type T; `path` may be an address of its own.

    What is `safe` has no other effect when it arrives twice.
    """

    method: str
    path: str
    safe: bool = True
    params: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Form | None = None
    #: Seconds without a byte of the answer; None is the client's own.
    quiet: float | None = None
    #: The answer comes when the server has something to say; a connection that stays quiet is made anew.
    waits: bool = False

    @property
    def repeatable(self) -> bool:
        return self.safe and (self.form is None or repeatable(self.form.files))


class Sending:
    """One request on its way: makes it for each attempt, and says when the next is due."""

    def __init__(self, ask: Ask[object], backoff: Backoff, timeout: float) -> None:
        self._ask = ask
        self._timeout = timeout
        self._backoff = backoff
        self._pauses = backoff.pauses()

    @contextmanager
    def request(self, http: httpx.Client | httpx.AsyncClient) -> Iterator[httpx.Request]:
        """The request, whose files are open while it is sent."""
        ask, given = self._ask, _arguments(self._ask, self._timeout)
        with ExitStack() as opened:
            if ask.form is not None:
                form = parts(ask.form.field, ask.form.document, ask.form.files)
                given["files"] = opened.enter_context(form)
            yield http.build_request(**given)

    def after_error(self, error: httpx.TransportError) -> float | None:
        """Seconds until the next attempt, None to give up. What never left is sent again whatever it is."""
        if self._ask.waits and isinstance(error, httpx.ReadTimeout):
            return 0.0
        unsent = isinstance(error, UNSENT) and (self._ask.form is None or self._ask.repeatable)
        broken = isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)) and self._ask.repeatable
        return next(self._pauses, None) if unsent or broken else None

    def after_answer(self, response: httpx.Response) -> float | None:
        """The same for an answer; None if it is one to live with."""
        if not self._ask.repeatable or response.status_code not in PASSING:
            return None
        planned = next(self._pauses, None)
        return None if planned is None else self._backoff.pause(planned, response)


def settings(base_url: str, timeout: float) -> dict[str, Any]:
    """How either client of httpx is set up."""
    # A proxy from the environment must not see what goes to this machine.
    return {"base_url": base_url, "timeout": timeout, "trust_env": not _is_loopback(base_url), "follow_redirects": True}


def _arguments(ask: Ask[object], timeout: float) -> dict[str, Any]:
    given: dict[str, Any] = {"method": ask.method, "url": ask.path, "headers": dict(ask.headers)}
    if ask.params:
        given["params"] = dict(ask.params)
    if ask.json is not None:
        given["json"] = dict(ask.json)
    if ask.quiet is not None:
        given["timeout"] = httpx.Timeout(timeout, read=ask.quiet)
    return given


def accepted(response: httpx.Response) -> bool:
    """Whether the answer is one; else it is a problem."""
    return response.is_success or response.status_code == httpx.codes.NOT_MODIFIED


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
