"""Listening to a job: its sound while it is made."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.documents import read_job
from api.gate import Place
from api.openapi import SOUND, problems
from api.results import main_result
from api.services import Services, services_of
from api.sounding import SoundAnswer, Wanted, sound_headers
from api.streaming import check_form, own_format
from media.formats import AudioFormat
from pipelines.jobs import JobStatus

router = APIRouter(tags=["results"])

_MOST_BYTES = 2**62

Format = Annotated[
    str | None,
    Query(
        alias="format",
        max_length=16,
        description="The job's own format (as without it), wav, or pcm (16 bits, little-endian, mono).",
    ),
]
Offset = Annotated[
    int | None,
    Query(ge=0, le=_MOST_BYTES, description="Begins at this byte, where an earlier connection ended."),
]


@router.get(
    "/v1/jobs/{job_id}/audio",
    response_class=Response,
    responses={**SOUND, **problems(404, 409, 410, 416, 422, 503)},
    summary="A job's sound, while it is made",
)
@router.head("/v1/jobs/{job_id}/audio", include_in_schema=False)
async def job_audio(request: Request, job_id: str, form: Format = None, offset: Offset = None) -> Response:
    """The sound as it grows, from its first byte on; a job that does not stream is waited for.

    The connection stays open to the last byte; one that ends without the end of its last chunk is not whole: the job
    failed, or this process was stopped. `offset` goes on where it broke off, byte for byte.
    """
    services = services_of(request)
    chosen = await services.reading(partial(_chosen, services, job_id, form))
    if request.method == "HEAD":
        answer = Response(headers=sound_headers(job_id, chosen))
        # How long it will be is known once it is made, and it is not waited for.
        del answer.headers["content-length"]
        return answer
    place: Place = request.state.place
    place.must_wait_outside()
    return SoundAnswer(services, Wanted.of(job_id, chosen, offset, request.headers))


def _chosen(services: Services, job_id: str, form: str | None) -> AudioFormat:
    """The format to send; NotFound, InvalidRequest, Conflict and Gone as far as they are known before it begins."""
    rows = read_job(services, job_id)
    checked = check_form(rows, form or own_format(rows))
    if JobStatus(rows.job.status).is_terminal:
        main_result(rows)
    return checked
