"""POST /v1/jobs."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import job_answer
from api.forms import Form
from api.gate import Place
from api.headers import Preference, parse_idempotency_key, parse_prefer
from api.intake import form_or_json, parse_object, read_json_body
from api.openapi import SUBMIT, problems
from api.ordering import Order, checked, drop, place_order
from api.schemas import Job
from api.services import Services, services_of
from api.submitting import check_room
from api.waiting import until_end
from pipelines.ids import new_id
from storage.submitting import Submitted

router = APIRouter(tags=["jobs"])


@router.post(
    "/v1/jobs",
    status_code=202,
    response_model=Job,
    responses={
        200: {"model": Job, "description": "Done within `Prefer: wait`"},
        **problems(408, 413, 415, 422, 429, 503),
    },
    openapi_extra=SUBMIT,
    summary="Submit a job",
)
async def submit_job(request: Request) -> Response:
    """Accepts a job: it is stored when this answers, and will be worked on whatever happens to this service.

    Each recording comes as base64 in JSON, as the id of an earlier artifact, or as a file of a form: `audio`, and for
    a voice to speak in `reference` (speech) or `target` (voice conversion).
    """
    services = services_of(request)
    prefer = parse_prefer(request.headers.getlist("prefer"))
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    order = await (_from_form if form_or_json(request) else _from_json)(services, request, key)
    submitted, answer = await services.writing(partial(_accept, services, order, prefer))
    request.state.job_id = submitted.id
    if answer is not None:
        return answer
    headers = _headers(services, submitted)
    # Who only waits gives its place to others; where even that has no room, the preference is not applied.
    place: Place = request.state.place
    if place.wait_outside() and await until_end(services, submitted.id, prefer.wait or 0):
        headers["preference-applied"] = prefer.applied
        return await services.reading(partial(job_answer, services, submitted.id, headers=headers))
    return await services.reading(partial(job_answer, services, submitted.id, status=202, headers=headers))


async def _from_json(services: Services, request: Request, key: str | None) -> Order:
    raw = await read_json_body(request, services.settings.max_inline_bytes)
    return await services.reading(partial(_order_of_json, services, raw, key))


def _order_of_json(services: Services, raw: bytes, key: str | None) -> Order:
    return checked(services, parse_object(raw), key=key, job_id=new_id("job"))


async def _from_form(services: Services, request: Request, key: str | None) -> Order:
    form = Form(services, new_id("job"), key, partial(check_room, services, key=key))
    try:
        await form.read(request)
        prepared = form.checked()
    except BaseException:
        if form.recordings:
            await services.reading(partial(drop, services, form.recordings))
        raise
    return Order(form.job_id, prepared, form.recordings, key)


def _accept(services: Services, order: Order, prefer: Preference) -> tuple[Submitted, Response | None]:
    """Writes the job, and answers in the same thread unless the client waits."""
    submitted = place_order(services, order)
    if prefer.wait is not None:
        return submitted, None
    return submitted, job_answer(services, submitted.id, status=202, headers=_headers(services, submitted))


def _headers(services: Services, submitted: Submitted) -> dict[str, str]:
    headers = {"location": f"{services.links.base}/v1/jobs/{submitted.id}"}
    return {**headers, "idempotency-replayed": "true"} if submitted.replayed else headers
