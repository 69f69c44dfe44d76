"""Problem objects (RFC 9457): the one shape of every error that a client sees, in answers and on failed jobs."""

from __future__ import annotations

from typing import Any

from pipelines.errors import RequestError, StepError
from pipelines.times import rfc3339

_TYPE = "urn:harmony-speech:problem:"

#: Titles of what jobs fail with; the detail is the sentence for this one case.
_STEP_TITLES = {
    "permanent": "The step cannot succeed with this input",
    "transient": "A dependency stayed away",
    "resource": "Not enough memory",
    "lost": "The worker was lost",
    "timeout": "The step took too long",
}


def problem(*, code: str, title: str, status: int, detail: str) -> dict[str, Any]:
    """The members that every problem has."""
    return {"type": f"{_TYPE}{code}", "title": title, "status": status, "detail": detail, "code": code}


def request_problem(error: RequestError) -> dict[str, Any]:
    """What a refused request is answered with; `errors` names the fields."""
    body = problem(code=error.code, title=error.title, status=error.status, detail=error.detail)
    if error.fields:
        body["errors"] = [{"field": item.field, "message": item.message} for item in error.fields]
    return body


def step_problem(error: StepError) -> dict[str, Any]:
    """What a failed step, and its job, carries: 422 where the input is at fault, else 500."""
    return cause_problem(error.cause, code=error.code, detail=error.detail, field=error.field)


def deadline_problem(deadline: float, step: int, steps: int) -> dict[str, Any]:
    """What a job carries whose deadline (seconds since the epoch) passed when it stood at `step`, counted from 0."""
    detail = f"The job had not ended by its deadline, {rfc3339(deadline)}; it stood at step {step + 1} of {steps}."
    return problem(code="deadline_exceeded", title="The deadline has passed", status=504, detail=detail)


def cause_problem(cause: str, *, code: str, detail: str, field: str | None = None) -> dict[str, Any]:
    """A problem of a step, by its cause."""
    body = problem(code=code, title=_STEP_TITLES[cause], status=422 if cause == "permanent" else 500, detail=detail)
    body["cause"] = cause
    if field is not None:
        body["errors"] = [{"field": field, "message": detail}]
    return body
