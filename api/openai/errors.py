"""OpenAI's error object in place of a problem: `{"error": {"message", "type", "param", "code"}}`.

Its status is what OpenAI's SDKs make their exceptions of: 400 BadRequestError, 404 NotFoundError, 409 ConflictError,
422 UnprocessableEntityError, 429 RateLimitError, 5xx InternalServerError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from starlette.types import Scope

from api.ended import JobEnded
from pipelines.errors import FieldProblem, RequestError

#: The routes whose errors are OpenAI's, unless their body was recognised as one of the Harmony door.
ROUTES = frozenset(
    {"/v1/audio/speech", "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/audio/voices"},
)
HARMONY = "harmony"

#: Ours → OpenAI's, where they have one for it; all others are those of docs/problems.md.
_CODES = {
    "unknown_model": "model_not_found",
    "route_not_found": "unknown_url",
    "missing_field": "missing_required_parameter",
    "unknown_field": "unknown_parameter",
    "invalid_option": "invalid_value",
    "invalid_request": "invalid_value",
    "unsupported_format": "invalid_value",
    "text_too_long": "string_above_max_length",
}

#: Codes of jobs that failed by what they were given; all others of a job that failed for good are faults of ours.
_OF_INPUT = frozenset({"decode_limit", "text_not_speakable", "embedding_mismatch", "voice_deleted"})
_OF_RECORDINGS = ("audio_", "reference_")
#: Ours though they name a field: the deployment lacks what the field asks for.
_OURS = frozenset({"missing_dependency", "invalid_setting", "unknown_style", "engine_error", "engine_refused"})

#: A native field inside a sentence.
_FIELD = re.compile(r"\b(?:input|options|post_processing)\.[a-z_]+(?:\.[a-z_0-9]+)*")


def speaks_openai(scope: Scope) -> bool:
    """Whether errors of this request are OpenAI's object."""
    return scope["path"] in ROUTES and scope.get("state", {}).get("door") != HARMONY


def error_object(problem: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the object for a problem, of a request or of a job that failed."""
    code = _CODES.get(problem["code"], problem["code"])
    status = _status(problem, code)
    fields = problem.get("errors") or [{"field": None}]
    told = {"message": problem["detail"], "type": _type(status), "param": fields[0]["field"], "code": code}
    return status, {"error": told}


def _status(problem: Mapping[str, Any], code: str) -> int:
    status = int(problem["status"])
    if code == "model_not_found":
        return HTTPStatus.NOT_FOUND
    if "cause" in problem and status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return HTTPStatus.BAD_REQUEST if _of_input(problem) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and code != "idempotency_mismatch":
        return HTTPStatus.BAD_REQUEST
    return status


def _of_input(problem: Mapping[str, Any]) -> bool:
    """Whether a job failed by its input: an inference fault is never the client's."""
    code = str(problem["code"])
    if code in _OURS:
        return False
    return bool(problem.get("errors")) or code in _OF_INPUT or code.startswith(_OF_RECORDINGS)


def _type(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"


@contextmanager
def in_words_of(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of the block name the fields as the door does; `names` is native place → the door's field.

    What is not listed loses its `options.` or `input.`; a part of a field keeps its rest (`input.reference.voice`).
    """
    try:
        yield
    except RequestError as error:
        error.fields = tuple(FieldProblem(_named(item.field, names), item.message) for item in error.fields)
        error.detail = _FIELD.sub(lambda found: _named(found[0], names), error.detail)
        if isinstance(error, JobEnded):
            error.problem = reworded(error.problem, names)
        raise


def reworded(problem: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same for the problem of a job that failed."""
    told = dict(problem)
    told["detail"] = _FIELD.sub(lambda found: _named(found[0], names), str(problem["detail"]))
    if problem.get("errors"):
        told["errors"] = [{**item, "field": _named(item["field"], names)} for item in problem["errors"]]
    return told


def _named(field: str, names: Mapping[str, str]) -> str:
    for place, name in names.items():
        if field == place or field.startswith(f"{place}."):
            return name + field[len(place) :]
    return field.removeprefix("options.").removeprefix("input.")
