"""The edge of the API as one ASGI layer: ids, whom we listen to, how much we read, one log line, a bare 500."""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.edge import choose_request_id, headers_of, is_ours, origin_is_ours
from api.errors import Forbidden, Misdirected, answer_request_error, answer_unforeseen, leaving
from api.gate import PROBES
from api.metrics import Metrics
from pipelines.errors import InvalidRequest, RequestError, TooLarge
from storage.logs import bound

_log = logging.getLogger(__name__)


class Edge:
    """Outermost: nothing that a client sends reaches a route before it passed here."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int, public_url: str) -> None:
        self._app = app
        self._metrics = metrics
        self._limit = max_body_bytes
        self._public_host = urlsplit(public_url).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; lifespan passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        request_id = choose_request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        begin = time.perf_counter()
        with bound(request_id=request_id):
            try:
                self._check(scope, headers)
                await self._app(scope, _limited(receive, self._limit), answer)
            except RequestError as error:
                await self._instead(answer_request_error(error, scope, request_id), answer, scope, receive)
            except ClientDisconnect:
                # Nobody is there to be answered.
                pass
            except asyncio.CancelledError:
                # The server stops and its patience is over. It would say 500, as if this request were at fault.
                if answer.status is not None:
                    raise
                await answer_request_error(leaving(), scope, request_id)(scope, receive, answer)
            except Exception:  # noqa: BLE001 - the last place where a fault of ours can be answered and logged
                _log.exception("request.failed")
                await self._instead(answer_unforeseen(scope, request_id), answer, scope, receive)
            finally:
                self._note(scope, answer.status, time.perf_counter() - begin)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and not is_ours(host, self._public_host):
            raise Misdirected("Without keys, only requests to this machine's loopback names are answered.")
        if origin is not None and not origin_is_ours(origin, self._public_host):
            raise Forbidden(
                "Without keys, web pages of other origins may not drive this service.", code="foreign_origin"
            )
        # No stored name holds a NUL, and PostgreSQL refuses to look for one.
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise InvalidRequest("The address holds a NUL character.")
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limit:
            raise _too_large(self._limit)

    @staticmethod
    async def _instead(response: ASGIApp, answer: _Answer, scope: Scope, receive: Receive) -> None:
        """Answers, unless an answer has begun: that one can only be broken off."""
        if answer.status is not None:
            raise ConnectionAbortedError
        await response(scope, receive, answer)

    def _note(self, scope: Scope, status: int | None, seconds: float) -> None:
        # The route, not the path: a path may hold what a user typed.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"]
        self._metrics.request(method, route, status, seconds)
        job = scope.get("path_params", {}).get("job_id") or scope["state"].get("job_id")
        with bound(**({"job_id": job} if isinstance(job, str) and job.isascii() and job.isprintable() else {})):
            # Probes are asked every second or so: not worth a line each.
            level = logging.DEBUG if route in PROBES else logging.INFO
            _log.log(level, "request %s %s %s %.1fms", method, route, status or "aborted", seconds * 1000)


class _Answer:
    """`send`, which adds the request's id and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._header = (b"x-request-id", request_id.encode("ascii"))
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._header]
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    """`receive`, which counts: a body without a Content-Length has the same limit."""
    read = 0

    async def counting() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise _too_large(limit)
        return message

    return counting


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit} bytes (HARMONY_MAX_BODY_BYTES).")
