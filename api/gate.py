"""The gate before everything: who may come in now, who waits a moment, who is sent away; before any body is read.

What takes long by its nature does not count against what should be quick: streams and long-polls, transfers of audio,
and JSON bodies so large that memory counts have bounds of their own, and the probes of whoever watches have theirs.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from api.bounds import Bound
from api.edge import choose_request_id, headers_of
from api.errors import answer_request_error
from api.exchange import SMALL_BODY, Exchange, Pace
from api.settings import ApiSettings, json_limit
from pipelines.errors import RequestError, Unavailable
from pipelines.estimates import retry_after

_log = logging.getLogger(__name__)

#: Asked every second or so by whoever watches the service.
PROBES = frozenset({"/livez", "/readyz", "/healthz", "/metrics"})
_PROBES_AT_ONCE = 16
_PROBES_WAITING = 64

#: A JSON body over so many bytes is in memory several times over while it is worked on, so those are few.
_LARGE_BODY = 64 * 1024

#: Every JSON body is taken in before the request gets a place, so one that comes slowly holds up nobody. So many may be
#: on their way at once: small ones, which wait in memory, and others, each of which is a file.
_SMALL_COMING = 2048
_LARGE_COMING = 256

#: Only a job itself can be waited for.
_JOB = re.compile(r"/v1/jobs/[^/]+")
_SOUND = re.compile(r"/v1/jobs/[^/]+/audio")

#: A flood is one line a second.
_LOG_EVERY = 1.0


class Sort(StrEnum):
    """What a request is, as far as its bound goes."""

    PROBE = "probe"
    REQUEST = "request"
    TRANSFER = "transfer"
    INLINE = "inline"
    STREAM = "stream"


def sort_of(scope: Scope, headers: dict[str, str]) -> Sort:
    """By the request's head alone; a route that finds a stream where this saw none asks its `Place` once more."""
    path: str = scope["path"]
    if path in PROBES:
        return Sort.PROBE
    if scope["method"] in {"GET", "HEAD"}:
        waits = b"wait=" in scope["query_string"] and _JOB.fullmatch(path)
        if waits or (scope["method"] == "GET" and _SOUND.fullmatch(path)):
            return Sort.STREAM
        if path.endswith("/events") and "text/event-stream" in headers.get("accept", ""):
            return Sort.STREAM
        return Sort.TRANSFER if path.endswith(("/result", "/content", "/preview")) else Sort.REQUEST
    if headers.get("content-type", "").lower().startswith("multipart/"):
        return Sort.TRANSFER
    large = _length(headers) > _LARGE_BODY or "transfer-encoding" in headers
    return Sort.INLINE if large else Sort.REQUEST


class Refusals(Protocol):
    """Where refusals are counted."""

    def refused(self, sort: str) -> None: ...


@dataclass
class Place:
    """A request's place, which it may exchange for one among the streams while it only waits."""

    bound: Bound
    streams: Bound
    since: float

    def wait_outside(self) -> bool:
        """Whether there is room among the streams; then others may work in this one's place."""
        if self.bound is self.streams:
            return True
        if not self.streams.try_enter():
            return False
        self.leave()
        self.bound, self.since = self.streams, time.monotonic()
        return True

    def must_wait_outside(self) -> None:
        """Unavailable without room among the streams: the gate may have taken a stream for something quick."""
        if not self.wait_outside():
            raise _overloaded(Sort.STREAM, self.streams)

    def leave(self) -> None:
        self.bound.leave(time.monotonic() - self.since)


class Gate:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, *, settings: ApiSettings, refusals: Refusals) -> None:
        self._app = app
        self._refusals = refusals
        self._pace = Pace(settings.body_seconds, settings.body_bytes_per_second)
        queue, patience = settings.max_queued_requests, settings.queue_seconds
        self.bounds: dict[Sort, Bound] = {
            Sort.PROBE: Bound(_PROBES_AT_ONCE, queue=_PROBES_WAITING, patience=patience),
            Sort.REQUEST: Bound(settings.max_requests, queue=queue, patience=patience),
            Sort.TRANSFER: Bound(settings.max_transfers),
            Sort.INLINE: Bound(settings.max_inline_requests, queue=queue, patience=patience),
            Sort.STREAM: Bound(settings.max_streams),
        }
        self._small, self._large = Bound(_SMALL_COMING), Bound(_LARGE_COMING)
        #: No route reads more JSON, and none begins to if the head says that it is more.
        self._most = json_limit(settings.max_inline_bytes) + 1
        self._lines = _Lines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; lifespan passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        sort = sort_of(scope, headers)
        bound = self.bounds[sort]
        has_body = _has_body(headers)
        exchange = Exchange(receive, send, self._pace, has_body=has_body)
        takes_in = has_body and sort in {Sort.REQUEST, Sort.INLINE} and _length(headers) < self._most
        try:
            full = await (self._take_in(bound, exchange, headers) if takes_in else _enter(bound))
        except RequestError as error:
            await _answer(error, headers, scope, exchange)
            return
        if full is not None:
            exchange.close()
            await self._refuse(sort, full, headers, scope, exchange)
            return
        place = Place(bound, self.bounds[Sort.STREAM], time.monotonic())
        scope.setdefault("state", {})["place"] = place
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            exchange.close()
            place.leave()

    async def _take_in(self, bound: Bound, exchange: Exchange, headers: dict[str, str]) -> Bound | None:
        """Takes in the body, then a place; which bound is full, if one is. BodyTimeout, Unavailable without room."""
        coming = self._small if 0 < _length(headers) <= SMALL_BODY else self._large
        if bound.is_full or not coming.try_enter():
            return bound if bound.is_full else coming
        since = time.monotonic()
        try:
            await exchange.fetch(self._most)
            # Until it has a place, what was taken in counts as coming: its file is open.
            return await _enter(bound)
        except OSError as error:
            _log.warning("body.not_kept error=%s", error.strerror)
            raise Unavailable("There is no room to take the body in.", retry_after=2) from error
        finally:
            coming.leave(time.monotonic() - since)

    async def _refuse(self, sort: Sort, bound: Bound, headers: dict[str, str], scope: Scope, to: Exchange) -> None:
        self._refusals.refused(sort.value)
        self._lines.note(sort)
        await _answer(_overloaded(sort, bound), headers, scope, to)


def _overloaded(sort: Sort, bound: Bound) -> Unavailable:
    detail = f"{bound.limit} requests of this sort ({sort}) are being answered already."
    return Unavailable(detail, code="overloaded", retry_after=retry_after(bound.seconds_until_free))


async def _enter(bound: Bound) -> Bound | None:
    """Takes a place; the bound itself where it is full."""
    return None if await bound.enter() else bound


async def _answer(error: RequestError, headers: dict[str, str], scope: Scope, to: Exchange) -> None:
    request_id = choose_request_id(headers)
    response = answer_request_error(error, scope, request_id)
    response.headers["x-request-id"] = request_id
    await response(scope, to.receive, to.send)


def _length(headers: dict[str, str]) -> int:
    """As the head says; 0 if it does not."""
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _has_body(headers: dict[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class _Lines:
    """Says in the log that requests are refused, without adding to the flood."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = 0.0
        self._since: Counter[str] = Counter()

    def note(self, sort: Sort) -> None:
        self._since[sort.value] += 1
        if self._clock() - self._last >= _LOG_EVERY:
            self._last = self._clock()
            counts: dict[str, Any] = dict(self._since)
            self._since.clear()
            _log.warning("overloaded refused=%s", counts)
