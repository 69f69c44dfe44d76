"""Job documents as answers, with their entity tag."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from api.services import Services
from pipelines.errors import NotFound
from pipelines.jobs import JobStatus
from storage.documents import job_document
from storage.queries import JobRows

JSON_TYPE = "application/json"

#: Seconds after which it is worth to ask again for a job that goes on.
_RETRY_AFTER = "1"


def document(services: Services, rows: JobRows) -> dict[str, Any]:
    """The job as clients see it."""
    return job_document(
        rows.job,
        rows.steps,
        rows.results,
        base=services.links.base,
        link=services.links.artifact,
        queue_position=rows.queue_position,
        attempts=rows.attempts,
        inputs=rows.inputs,
    )


def read_job(services: Services, job_id: str) -> JobRows:
    """The job's rows; NotFound if there is none."""
    rows = services.reader.get(job_id)
    if rows is None:
        raise no_job(job_id)
    return rows


def no_job(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id[:64]}.", code="job_not_found")


def job_answer(
    services: Services, job_id: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The job's document; Retry-After while it goes on."""
    rows = read_job(services, job_id)
    extra = {"etag": entity_tag(rows.job.seq), "cache-control": "no-cache", **(headers or {})}
    if not JobStatus(rows.job.status).is_terminal:
        extra["retry-after"] = _RETRY_AFTER
    return json_answer(document(services, rows), status=status, headers=extra)


def json_answer(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401 - any JSON
    """Plain JSON: our documents are JSON already, so no encoder need look through them."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, headers, JSON_TYPE)


def list_answer(data: list[dict[str, Any]], following: str | int | None) -> Response:
    """A page of anything."""
    return json_answer({"object": "list", "data": data, "next": following}, headers={"cache-control": "no-cache"})


def entity_tag(seq: int) -> str:
    """A job changes exactly when it gets an event."""
    return f'"{seq}"'
