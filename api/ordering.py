"""Ordering a job on behalf of a request: the one way in for all doors, and the wait for what was ordered."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.attending import abandon, keeps_job, while_there
from api.documents import read_job
from api.errors import WaitExceeded, leaving
from api.inline import add_recordings, store_inline, take_inline
from api.services import Services
from api.submitting import Prepared, accept, check_room, prepare
from api.waiting import until_end
from pipelines.errors import StepError
from pipelines.ids import new_id
from pipelines.postprocessing import refuse_on_stream
from storage.queries import JobRows
from storage.submitting import NewArtifact, Submitted

_log = logging.getLogger(__name__)
_NONE: Mapping[str, bytes | NewArtifact] = MappingProxyType({})


@dataclass(frozen=True)
class Order:
    """A checked request whose recordings, by role, are stored."""

    job_id: str
    prepared: Prepared
    recordings: Mapping[str, NewArtifact] = field(default_factory=dict)
    #: The request's idempotency key.
    key: str | None = None
    #: The format in which somebody wants the sound while it is made.
    stream: str | None = None


async def order(
    services: Services,
    body: dict[str, Any],
    *,
    recordings: Mapping[str, bytes | NewArtifact] = _NONE,
    key: str | None = None,
    stream: str | None = None,
    job_id: str | None = None,
) -> Submitted:
    """Submits a native request (`body` as `POST /v1/jobs` takes it, changed here); errors name its own fields.

    `recordings`, by role, stand beside the body: as bytes, or stored already under `input_key(job_id, role)` where they
    arrived as a file; whatever becomes of the order, nothing that no job points at stays stored.
    """
    job_id = job_id or new_id("job")
    placed = await services.reading(partial(checked, services, body, recordings, key=key, stream=stream, job_id=job_id))
    return await services.writing(partial(place_order, services, placed))


def checked(
    services: Services,
    body: dict[str, Any],
    recordings: Mapping[str, bytes | NewArtifact] = _NONE,
    *,
    key: str | None,
    job_id: str,
    stream: str | None = None,
) -> Order:
    """The order, planned and with its recordings stored; in a thread. InvalidRequest, Unavailable, SubmitterRefused.

    What needs the whole sound is refused where there is a `stream`.
    """
    stored = {role: given for role, given in recordings.items() if isinstance(given, NewArtifact)}
    try:
        inline = take_inline(body, services.settings.max_inline_bytes)
        add_recordings(inline, recordings)
        prepared = prepare(services, inline.body, key)
        if stream is not None:
            refuse_on_stream(prepared.request)
        check_room(services, prepared, key)
        store_inline(services, job_id, inline, stored)
    except BaseException:
        drop(services, stored)
        raise
    return Order(job_id, prepared, stored, key, stream)


def place_order(services: Services, placed: Order) -> Submitted:
    """Writes the job, in a thread; recordings that no job will ever point at are removed."""
    try:
        submitted = accept(
            services, placed.prepared, placed.job_id, placed.recordings, placed.key, stream=placed.stream
        )
    except BaseException:
        drop(services, placed.recordings)
        raise
    if submitted.replayed:
        drop(services, placed.recordings)
    return submitted


def drop(services: Services, recordings: Mapping[str, NewArtifact]) -> None:
    """Removes stored recordings."""
    for recording in recordings.values():
        try:
            services.artifacts.delete(recording.key)
        except StepError as error:
            # The sweep of orphans removes it later.
            _log.warning("orphan.left code=%s", error.code)


async def finished(services: Services, request: Request, job_id: str, seconds: float) -> JobRows:
    """The job's rows once it has ended, however it did.

    WaitExceeded after `seconds`, and the job goes on. ClientDisconnect once the client has left, Unavailable when this
    process does: then nobody waits for the job, and it is cancelled unless the request asked to keep it.
    """
    begin = time.monotonic()
    try:
        ended = await while_there(request.receive, until_end(services, job_id, seconds))
    except ClientDisconnect:
        await abandon(services, request, job_id)
        raise
    if ended:
        return await services.reading(partial(read_job, services, job_id))
    if services.hub.closing:
        if not keeps_job(request):
            await abandon(services, request, job_id)
            raise leaving()
        # Less than it might have waited: the job goes on, and a second request would be a second job.
        seconds = round(time.monotonic() - begin, 1)
    raise WaitExceeded(job_id, seconds)
