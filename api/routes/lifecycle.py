"""What becomes of a job after its end: run again, deleted."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.documents import job_answer, read_job
from api.headers import parse_idempotency_key
from api.intake import parse_object, read_json_body
from api.openapi import RETRY, problems
from api.room import Newcomer
from api.schemas import Job
from api.services import Services, services_of
from api.submitting import replayed
from pipelines.ids import new_id
from pipelines.jobs import Priority
from pipelines.requests import RetryRequest, parse_retry
from storage.retrying import Retry, remaining, where_to_start
from storage.submitting import Idempotency, Submitted

router = APIRouter(tags=["jobs"])

From = Annotated[
    str | None, Query(alias="from", max_length=64, description="Name or number of the step to begin with.")
]


@router.post(
    "/v1/jobs/{job_id}/retry",
    status_code=202,
    response_model=Job,
    responses=problems(404, 409, 410, 422, 429, 503),
    openapi_extra=RETRY,
    summary="Run a finished job again",
)
async def retry_job(request: Request, job_id: str, start: From = None) -> Response:
    """Makes a new job (`retry_of`) that begins at the first step that has not succeeded, or at `from`.

    What finished steps made is taken over. The new job asks for the same, with the same labels and webhook; it has no
    deadline unless the body gives one.
    """
    services = services_of(request)
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    raw = await read_json_body(request, 0)
    body = parse_object(raw) if raw.strip() else {}
    asked = _asked(job_id, start, body, key)
    submitted = await services.reading(partial(replayed, services, asked.idempotency))
    if submitted is None:
        newcomer = await services.reading(partial(_checked, services, asked, parse_retry(body), key))
        submitted = await services.writing(partial(_accept, services, asked, newcomer))
    request.state.job_id = submitted.id
    headers = {"location": f"{services.links.base}/v1/jobs/{submitted.id}"}
    if submitted.replayed:
        headers["idempotency-replayed"] = "true"
    return await services.reading(partial(job_answer, services, submitted.id, status=202, headers=headers))


@router.delete(
    "/v1/jobs/{job_id}",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="Delete a finished job",
)
async def delete_job(request: Request, job_id: str) -> Response:
    """Removes the job, its history and its bytes, except for bytes that another job still needs."""
    services = services_of(request)
    await services.writing(partial(services.jobs.delete, job_id))
    return Response(status_code=204)


def _asked(job_id: str, start: str | None, body: dict[str, Any], key: str | None) -> Retry:
    wanted = parse_retry(body)
    return Retry(
        new_id("job"),
        job_id,
        start=start,
        priority=None if wanted.priority is None else Priority[wanted.priority.upper()],
        deadline_at=None if wanted.deadline is None else wanted.deadline.timestamp(),
        expires_in=wanted.expires_in,
        idempotency=None if key is None else Idempotency(key, _fingerprint(job_id, start, body)),
    )


def _checked(services: Services, asked: Retry, wanted: RetryRequest, key: str | None) -> Newcomer:
    """Refuses early what could not be accepted, as for a submit; the transaction looks again."""
    rows = read_job(services, asked.of)
    start = where_to_start(rows.job, rows.steps, asked.start)
    services.presence.admit(remaining(rows.steps, start), wait_for_worker=wanted.wait_for_worker)
    services.rooms.check(rows.job.submitter, brings_audio=False)
    return Newcomer(rows.job.submitter, rows.job.cost, key)


def _accept(services: Services, asked: Retry, newcomer: Newcomer) -> Submitted:
    return services.rooms.let_in(newcomer, lambda room: services.jobs.retry(asked, room))


def _fingerprint(job_id: str, start: str | None, body: dict[str, Any]) -> str:
    """Of what is asked; never that of a submit, whose canonical form is an object."""
    return hashlib.sha256(json.dumps(["retry", job_id, start, body], sort_keys=True).encode()).hexdigest()
