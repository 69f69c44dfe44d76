"""POST /v1/jobs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import job_answer
from api.headers import Preference, parse_idempotency_key, parse_prefer
from api.intake import Form, form_or_json, parse_json_body, read_json_body, store_inline
from api.openapi import SUBMIT, problems
from api.schemas import Job
from api.services import Services, services_of
from api.submitting import Prepared, accept, prepare
from api.waiting import until_end
from pipelines.errors import StepError
from pipelines.ids import new_id
from storage.submitting import NewArtifact, Submitted

_log = logging.getLogger(__name__)
router = APIRouter(tags=["jobs"])


@router.post(
    "/v1/jobs",
    status_code=202,
    response_model=Job,
    responses={200: {"model": Job, "description": "Done within `Prefer: wait`"}, **problems(413, 415, 422, 503)},
    openapi_extra=SUBMIT,
    summary="Submit a job",
)
async def submit_job(request: Request) -> Response:
    """Accepts a job: it is stored when this answers, and will be worked on whatever happens to this service.

    Audio comes as base64 in JSON, as the id of an earlier artifact, or as the file of a form.
    """
    services = services_of(request)
    prefer = parse_prefer(request.headers.getlist("prefer"))
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    order = await (_from_form if form_or_json(request) else _from_json)(services, request)
    submitted, answer = await services.writing(partial(_accept, services, order, key, prefer))
    request.state.job_id = submitted.id
    if answer is not None:
        return answer
    headers = _headers(services, submitted)
    if await until_end(services, submitted.id, prefer.wait or 0):
        headers["preference-applied"] = prefer.applied
        return await services.reading(partial(job_answer, services, submitted.id, headers=headers))
    return await services.reading(partial(job_answer, services, submitted.id, status=202, headers=headers))


@dataclass(frozen=True)
class _Order:
    """A checked request whose audio is stored."""

    job_id: str
    prepared: Prepared
    audio: NewArtifact | None


async def _from_json(services: Services, request: Request) -> _Order:
    raw = await read_json_body(request, services.settings.max_inline_bytes)
    return await services.reading(partial(_order_of_json, services, raw))


def _order_of_json(services: Services, raw: bytes) -> _Order:
    inline = parse_json_body(raw, services.settings.max_inline_bytes)
    prepared = prepare(services, inline.body)
    _admit(services, prepared)
    job_id = new_id("job")
    return _Order(job_id, prepared, None if inline.audio is None else store_inline(services, job_id, inline.audio))


async def _from_form(services: Services, request: Request) -> _Order:
    form = Form(services, new_id("job"))
    try:
        await form.read(request)
        prepared = form.checked()
        await services.reading(partial(_admit, services, prepared))
    except BaseException:
        if form.audio is not None:
            await services.reading(partial(_drop, services, form.audio))
        raise
    return _Order(form.job_id, prepared, form.audio)


def _admit(services: Services, prepared: Prepared) -> None:
    services.presence.admit(prepared.planned.plan, wait_for_worker=prepared.request.wait_for_worker)


def _accept(
    services: Services, order: _Order, key: str | None, prefer: Preference
) -> tuple[Submitted, Response | None]:
    """Writes the job, and answers unless the client waits; audio that no job will ever point at is removed again."""
    try:
        submitted = accept(services, order.prepared, order.job_id, order.audio, key)
    except BaseException:
        if order.audio is not None:
            _drop(services, order.audio)
        raise
    if submitted.replayed and order.audio is not None:
        _drop(services, order.audio)
    if prefer.wait is not None:
        return submitted, None
    return submitted, job_answer(services, submitted.id, status=202, headers=_headers(services, submitted))


def _headers(services: Services, submitted: Submitted) -> dict[str, str]:
    headers = {"location": f"{services.links.base}/v1/jobs/{submitted.id}"}
    return {**headers, "idempotency-replayed": "true"} if submitted.replayed else headers


def _drop(services: Services, audio: NewArtifact) -> None:
    try:
        services.artifacts.delete(audio.key)
    except StepError as error:
        # The sweep of orphans removes it later.
        _log.warning("orphan.left code=%s", error.code)
