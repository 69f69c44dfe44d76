"""Results and artifacts: what a job made, and the bytes behind a signed link."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from starlette.responses import Response

from api.documents import json_answer, read_job
from api.errors import Forbidden
from api.links import content_path
from api.openapi import BYTES, problems
from api.results import bytes_or_link, formatted, main_result
from api.schemas import Artifact
from api.services import Services, services_of
from pipelines.errors import Gone, NotFound
from storage.documents import artifact_document
from storage.local import LocalArtifacts

router = APIRouter(tags=["results"])

Format = Annotated[
    str | None,
    Query(
        alias="format",
        max_length=16,
        description="Of transcription and translation: txt, srt, vtt, json; of vad: json; of embedding: json, npy; of "
        "audio: wav, flac, mp3, opus, aac, pcm (16 bits, mono).",
    ),
]


@router.get(
    "/v1/jobs/{job_id}/result",
    response_class=Response,
    responses={**BYTES, **problems(404, 409, 410, 416, 422, 503)},
    summary="A job's result",
)
@router.head("/v1/jobs/{job_id}/result", include_in_schema=False)
async def job_result(request: Request, job_id: str, form: Format = None) -> Response:
    """The bytes that the job made, with ranges; where an object store keeps them, a redirection to a presigned link.

    With `format`, a file to keep in that format: made of a transcript, regions or an embedding, or the sound converted
    (without ranges). What has the format already is served as it is.
    """
    services = services_of(request)
    if form is not None:
        return await formatted(services, request, job_id, form)
    rows = await services.reading(partial(read_job, services, job_id))
    return await bytes_or_link(services, request, main_result(rows))


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
    row = await services.reading(partial(_linked, services, artifact_id))
    return await bytes_or_link(services, request, row)


def _artifact(services: Services, artifact_id: str) -> Row[Any]:
    row = services.reader.artifact(artifact_id)
    if row is None:
        raise NotFound(f"There is no artifact {artifact_id[:64]}.", code="artifact_not_found")
    return row


def _linked(services: Services, artifact_id: str) -> Row[Any]:
    """An artifact that there was once: its link is ours."""
    row = services.reader.artifact(artifact_id)
    if row is None:
        raise Gone("The artifact is no longer stored.", code="result_expired")
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
