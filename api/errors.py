"""Errors that only HTTP has, and the one way in which every error becomes an answer (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from api.edge import request_id_of
from api.ended import JobEnded, WaitExceeded
from api.openai.errors import error_object, speaks_openai
from pipelines.errors import FieldProblem, Gone, InvalidRequest, RequestError, StepError, TooMany, Unavailable
from pipelines.problems import problem, request_problem
from storage.backlog import SubmitterFull

__all__ = [
    "BadRange",
    "BodyTimeout",
    "Forbidden",
    "JobEnded",
    "Misdirected",
    "SubmitterRefused",
    "UnsupportedMediaType",
    "WaitExceeded",
    "answer",
    "answer_request_error",
    "answer_unforeseen",
    "install",
    "leaving",
    "of_storage",
]

PROBLEM_TYPE = "application/problem+json"

#: What the framework refuses by itself.
_CODES = {404: "route_not_found", 405: "method_not_allowed"}

#: Where FastAPI says that a value was; the rest of the location is the field.
_PLACES = frozenset({"query", "path", "header", "body"})


class Forbidden(RequestError):
    """The request is understood and refused."""

    status = 403
    title = "Forbidden"
    code = "forbidden"


class Misdirected(RequestError):
    """The request names a host that is not this one."""

    status = 421
    title = "Misdirected request"
    code = "foreign_host"


class UnsupportedMediaType(RequestError):
    """The body is of a type that this route does not read."""

    status = 415
    title = "Unsupported media type"
    code = "unsupported_media_type"


class BodyTimeout(RequestError):
    """The client sends its body too slowly."""

    status = 408
    title = "Request timeout"
    code = "body_timeout"


class BadRange(RequestError):
    """The range begins behind the end."""

    status = 416
    title = "Range not satisfiable"
    code = "range_not_satisfiable"

    def __init__(self, total: int) -> None:
        super().__init__(f"The artifact has {total} bytes.")
        self.total = total


class SubmitterRefused(TooMany):
    """A submitter has as much waiting as it may."""

    def __init__(self, full: SubmitterFull, retry_after: int) -> None:
        super().__init__(full.detail, code=full.code, retry_after=retry_after)
        self._full = full

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, as in draft-ietf-httpapi-ratelimit-headers-10: what is left, and of what."""
        room, waiting = self._full.room, self._full.waiting
        jobs, seconds = max(0, room.jobs - waiting.jobs), max(0, int(room.seconds - waiting.seconds))
        wait = self.retry_after
        return {
            "ratelimit-policy": f'"waiting-jobs";q={room.jobs}, "waiting-work";q={int(room.seconds)};qu="seconds"',
            "ratelimit": f'"waiting-jobs";r={jobs};t={wait}, "waiting-work";r={seconds};t={wait}',
        }


def install(app: FastAPI) -> None:
    """Every error that a handler raises is answered as a problem; what is not foreseen is answered by the edge."""
    app.add_exception_handler(RequestError, _on_request_error)
    app.add_exception_handler(StepError, _on_storage_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)


def answer(body: dict[str, Any], scope: Scope, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """A problem object as a response: as it is, or as OpenAI's error object on the routes of that door."""
    status, media_type = body["status"], PROBLEM_TYPE
    if speaks_openai(scope):
        status, body = error_object(body)
        media_type = "application/json"
    else:
        body = {**body, "request_id": request_id}
    # Where a job was made, whatever then went wrong, its id comes back.
    of_job = scope.get("state", {}).get("job_headers", {})
    # What a client named may hold half of a surrogate pair, which UTF-8 has no bytes for.
    content = json.dumps(body, ensure_ascii=False).encode(errors="replace")
    return Response(content, status, {**of_job, **(headers or {})}, media_type)


def answer_request_error(error: RequestError, scope: Scope, request_id: str) -> Response:
    """A refused request; Retry-After where the error says when to come back."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if isinstance(error, BadRange):
        headers["content-range"] = f"bytes */{error.total}"
    if isinstance(error, SubmitterRefused | WaitExceeded | JobEnded):
        headers |= error.headers
    body = error.problem if isinstance(error, JobEnded) else request_problem(error)
    return answer(body, scope, request_id, headers)


def answer_unforeseen(scope: Scope, request_id: str) -> Response:
    """A fault of ours, without a word about its inside."""
    detail = "Something went wrong here; the log has it under this request_id."
    body = problem(code="internal_error", title="Internal error", status=500, detail=detail)
    return answer(body, scope, request_id)


def leaving() -> Unavailable:
    """What is answered by a process that is being stopped."""
    return Unavailable(
        "This process is being stopped; the same request may be sent again.", code="leaving", retry_after=1
    )


def _on_request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - Starlette calls by type
    return answer_request_error(error, request.scope, request_id_of(request.scope))


def of_storage(error: StepError) -> RequestError:
    """The artifact store speaks the language of steps: what is gone is a 410 here, what is away a 503."""
    if error.code == "artifact_missing":
        return Gone("The bytes of this artifact are no longer stored.", code="artifact_gone")
    return Unavailable("The artifact store does not answer.", code=error.code, retry_after=2)


def _on_storage_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StepError)  # noqa: S101 - Starlette calls by type
    return answer_request_error(of_storage(error), request.scope, request_id_of(request.scope))


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - Starlette calls by type
    fields = []
    for item in error.errors():
        location = [str(part) for part in item["loc"]]
        name = ".".join(location[1:] if location[0] in _PLACES else location)
        unknown = item["type"] == "extra_forbidden"
        fields.append(FieldProblem(name, "is not a parameter of this request" if unknown else item["msg"]))
    code = "unknown_field" if error.errors()[0]["type"] == "extra_forbidden" else "invalid_request"
    detail = f"{fields[0].field}: {fields[0].message}"
    refused = InvalidRequest(detail, code=code, fields=tuple(fields))
    return answer_request_error(refused, request.scope, request_id_of(request.scope))


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls by type
    title = str(error.detail)
    code = _CODES.get(error.status_code, title.lower().replace(" ", "_"))
    body = problem(code=code, title=title, status=error.status_code, detail=f"{title}.")
    return answer(body, request.scope, request_id_of(request.scope), error.headers)
