"""History and live events, of one job and of all."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from starlette.responses import Response

from api.documents import list_answer, no_job
from api.gate import Place
from api.openapi import EVENT_STREAM, problems
from api.schemas import EventList
from api.services import services_of
from api.sse import EventStream
from pipelines.errors import InvalidRequest
from pipelines.jobs import JobStatus
from storage.documents import event_document

router = APIRouter(tags=["events"])

#: Largest numbers that the columns hold.
_MAX_SEQ = 2**31 - 1
_MAX_POSITION = 2**63 - 1

After = Annotated[int, Query(ge=0, description="Only events behind this number.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Events on one page.")]
LastId = Annotated[str | None, Query(description="The same as the header Last-Event-ID, for a first connection.")]


@router.get(
    "/v1/jobs/{job_id}/events",
    response_model=EventList,
    responses={200: EVENT_STREAM, 204: {"description": "A stream behind the last event"}, **problems(404, 422)},
    summary="A job's events",
)
async def job_events(
    request: Request, job_id: str, after: After = 0, limit: Limit = 1000, last_event_id: LastId = None
) -> Response:
    """The history as JSON, or with `Accept: text/event-stream` the history and then what happens, to the job's end.

    Events are numbered by `seq`; `Last-Event-ID` goes on behind one. A stream that has nothing to tell any more is
    answered with 204, which keeps browsers from coming back.
    """
    services = services_of(request)
    version = await services.reading(partial(services.reader.version, job_id))
    if version is None:
        raise no_job(job_id)
    seq, status = version
    last = _last_event_id(request, last_event_id, _MAX_SEQ)
    _check_not_ahead(after, last, seq)
    if not _wants_stream(request):
        rows = await services.reading(partial(services.reader.events, job_id, min(after, _MAX_SEQ), limit))
        return _page(rows, limit, "seq")
    start = min(after, _MAX_SEQ) if last is None else last
    if JobStatus(status).is_terminal and start >= seq:
        return Response(status_code=204)
    return _stream(request, job_id, start)


@router.get(
    "/v1/events",
    response_model=EventList,
    responses={200: EVENT_STREAM, **problems(422)},
    summary="Events of all jobs",
)
async def all_events(request: Request, after: After = 0, limit: Limit = 1000, last_event_id: LastId = None) -> Response:
    """The history as JSON, or with `Accept: text/event-stream` what happens from now on.

    Events are numbered by `position`; `Last-Event-ID` goes on behind one.
    """
    services = services_of(request)
    start = _last_event_id(request, last_event_id, _MAX_POSITION)
    newest = await services.reading(services.reader.last_position)
    _check_not_ahead(after, start, newest)
    if not _wants_stream(request):
        rows = await services.reading(partial(services.reader.all_events, min(after, _MAX_POSITION), limit))
        return _page(rows, limit, "position")
    if start is None:
        start = min(after, _MAX_POSITION) or newest
    return _stream(request, None, start)


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def _stream(request: Request, job_id: str | None, after: int) -> Response:
    place: Place = request.state.place
    place.must_wait_outside()
    services = services_of(request)
    return EventStream(services.hub, job_id, after, services.settings.sse_heartbeat_seconds)


def _last_event_id(request: Request, query: str | None, largest: int) -> int | None:
    """The number to go on behind; a header, which browsers send when they come back, goes before the query."""
    given = request.headers.get("last-event-id") or query
    if given is None or given == "":
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > len(str(largest)):
        raise InvalidRequest.of("Last-Event-ID", "is not the id of an event", code="invalid_event_id")
    return min(int(given), largest)


def _check_not_ahead(after: int, last: int | None, newest: int) -> None:
    """Refuses to go on behind an event that has not happened: whoever waited there would miss all until then."""
    for name, number in (("Last-Event-ID", last), ("after", after)):
        if number is not None and number > newest:
            message = f"is ahead of the newest event, {newest}"
            raise InvalidRequest.of(name, message, code="invalid_event_id")


def _page(rows: list[Row[Any]], limit: int, number: str) -> Response:
    data = [event_document(row) for row in rows]
    return list_answer(data, data[-1][number] if len(data) == limit else None)
