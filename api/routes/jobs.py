"""Jobs: one, many, cancelled."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.documents import document, entity_tag, job_answer, list_answer, no_job
from api.headers import MAX_WAIT, names_tag
from api.listing import ListQuery, check_cursors, job_filter
from api.openapi import problems
from api.schemas import Job, JobList
from api.services import Services, services_of
from api.waiting import until_change
from pipelines.jobs import JobStatus
from storage.cancelling import Cancelled

router = APIRouter(tags=["jobs"])

Wait = Annotated[int | None, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for the next change.")]


@router.get(
    "/v1/jobs/{job_id}",
    response_model=Job,
    responses={304: {"description": "Nothing changed (If-None-Match)"}, **problems(404, 422)},
    summary="Look at a job",
)
async def get_job(request: Request, job_id: str, wait: Wait = None) -> Response:
    """The job as it stands. With `wait`, the answer comes at the next change, at once if the job has ended.

    With `If-None-Match`, the change awaited is one from that entity tag; if none comes, the answer is 304.
    """
    services = services_of(request)
    known = request.headers.get("if-none-match")
    if known is None and not wait:
        return await services.reading(partial(job_answer, services, job_id))
    seq, status = await services.reading(partial(_version, services, job_id))
    same = names_tag(known, entity_tag(seq))
    changed = known is not None and not same
    if wait and not changed and not JobStatus(status).is_terminal:
        request.state.place.must_wait_outside()
        changed = await until_change(services, job_id, seq, wait)
    if same and not changed:
        return Response(status_code=304, headers={"etag": entity_tag(seq), "cache-control": "no-cache"})
    return await services.reading(partial(job_answer, services, job_id))


@router.get("/v1/jobs", response_model=JobList, responses=problems(422), summary="List jobs, newest first")
def list_jobs(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """A page of jobs; `next` is the value of `after` for the page behind it, null on the last."""
    services = services_of(request)
    check_cursors(query)
    # One more than asked tells whether there is a further page.
    extra = 0 if query.before is not None else 1
    pages = services.reader.page(job_filter(query), limit=query.limit + extra, after=query.after, before=query.before)
    data = [document(services, rows) for rows in pages[: query.limit]]
    more = query.before is not None or len(pages) > query.limit
    return list_answer(data, data[-1]["id"] if data and more else None)


@router.post(
    "/v1/jobs/{job_id}/cancel",
    response_model=Job,
    responses={202: {"model": Job, "description": "The running step was asked to stop"}, **problems(404, 409)},
    summary="Cancel a job",
)
async def cancel_job(request: Request, job_id: str) -> Response:
    """Cancels at once what no worker holds; a running step is asked to stop. Cancelling twice is fine."""
    services = services_of(request)
    cancelled = await services.writing(partial(services.jobs.cancel, job_id))
    status = 200 if cancelled is Cancelled.CANCELLED else 202
    return await services.reading(partial(job_answer, services, job_id, status=status))


def _version(services: Services, job_id: str) -> tuple[int, str]:
    version = services.reader.version(job_id)
    if version is None:
        raise no_job(job_id)
    return version
