"""Results and artifacts: what a job made, and the bytes behind a signed link."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from starlette.responses import RedirectResponse, Response

from api.content import bytes_answer
from api.documents import json_answer, read_job
from api.errors import Forbidden
from api.links import content_path
from api.openapi import BYTES, problems
from api.schemas import Artifact
from api.services import Services, services_of
from pipelines.errors import Conflict, Gone, NotFound
from pipelines.jobs import JobStatus
from storage.documents import artifact_document
from storage.local import LocalArtifacts

router = APIRouter(tags=["results"])


@router.get(
    "/v1/jobs/{job_id}/result",
    response_class=Response,
    responses={**BYTES, **problems(404, 409, 410, 416)},
    summary="A job's result",
)
@router.head("/v1/jobs/{job_id}/result", include_in_schema=False)
async def job_result(request: Request, job_id: str) -> Response:
    """The bytes that the job made, with ranges; where an object store keeps them, a redirection to a presigned link."""
    services = services_of(request)
    row = await services.reading(partial(_main_result, services, job_id))
    return await _bytes_or_link(services, request, row)


@router.get(
    "/v1/artifacts/{artifact_id}", response_model=Artifact, responses=problems(404), summary="Look at an artifact"
)
def get_artifact(request: Request, artifact_id: str) -> Response:
    """What the artifact is, with a fresh link to its bytes."""
    services = services_of(request)
    row = _artifact(services, artifact_id)
    return json_answer(artifact_document(row, services.links.artifact), headers={"cache-control": "no-store"})


@router.get(
    "/v1/artifacts/{artifact_id}/content",
    response_class=Response,
    responses={**BYTES, **problems(403, 404, 410, 416)},
    summary="An artifact's bytes, by a signed link",
)
@router.head("/v1/artifacts/{artifact_id}/content", include_in_schema=False)
async def artifact_content(
    request: Request,
    artifact_id: str,
    expires: Annotated[int, Query(ge=0, description="Until when the link is open, in seconds since 1970.")],
    signature: Annotated[str, Query(max_length=128, description="What this service signed the link with.")],
) -> Response:
    """The bytes, for whoever has a link out of a document of this service; ranges work."""
    services = services_of(request)
    _check_link(services, artifact_id, expires, signature)
    row = await services.reading(partial(_artifact, services, artifact_id))
    return await _bytes_or_link(services, request, row)


async def _bytes_or_link(services: Services, request: Request, row: Row[Any]) -> Response:
    if services.links.presigned:
        link = await services.reading(partial(services.links.artifact, row))
        return RedirectResponse(link, status_code=303, headers={"cache-control": "no-store"})
    return await bytes_answer(services, request, row)


def _main_result(services: Services, job_id: str) -> Row[Any]:
    """The first artifact of the last step that made one."""
    rows = read_job(services, job_id)
    status = JobStatus(rows.job.status)
    if not status.is_terminal:
        raise Conflict(
            f"The job is {status}; its result comes when it has succeeded.", code="not_finished", retry_after=1
        )
    if status is JobStatus.EXPIRED:
        raise Gone("The job has expired, and its result with it.", code="result_expired")
    if status is not JobStatus.SUCCEEDED:
        raise Conflict(f"The job has {status} and made no result.", code="no_result")
    if not rows.results:
        raise Gone("The result is no longer stored.", code="result_expired")
    last = max(row.step_index for row in rows.results)
    return next(row for row in rows.results if row.step_index == last)


def _artifact(services: Services, artifact_id: str) -> Row[Any]:
    row = services.reader.artifact(artifact_id)
    if row is None:
        raise NotFound(f"There is no artifact {artifact_id[:64]}.", code="artifact_not_found")
    return row


def _check_link(services: Services, artifact_id: str, expires: int, signature: str) -> None:
    store = services.artifacts
    # An object store serves its own links; none of ours exist there.
    resource = content_path(artifact_id)
    if not isinstance(store, LocalArtifacts) or not store.signer.verify(
        resource, expires, signature, now=float("-inf")
    ):
        raise Forbidden("This link was not made here.", code="link_invalid")
    if time.time() >= expires:
        raise Gone("This link has run out; GET the artifact for a fresh one.", code="link_expired")
