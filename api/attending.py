"""Clients that wait for their job: whether they are still there, and what becomes of the job when they are not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from api.services import Services
from pipelines.errors import HarmonyError, InvalidRequest

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

KEEP_HEADER = "X-Keep-Job"


def keeps_job(request: Request) -> bool:
    """Whether the job goes on without its client: `X-Keep-Job: true`, or an idempotency key to come back with.

    InvalidRequest for another value than `true` or `false`.
    """
    asked = request.headers.get(KEEP_HEADER, "").strip().lower()
    if asked not in {"", "true", "false"}:
        raise InvalidRequest.of(KEEP_HEADER, "must be true or false", code="invalid_header")
    return asked == "true" or (asked == "" and "idempotency-key" in request.headers)


async def while_there(receive: Receive, work: Coroutine[Any, Any, _T]) -> _T:
    """What the work comes to; ClientDisconnect, and the end of the work, if the client leaves before.

    The request's body must have been read.
    """
    working, gone = asyncio.ensure_future(work), asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def abandon(services: Services, request: Request, job_id: str) -> None:
    """The client has left: its job is cancelled, unless it asked to keep it or it has ended."""
    if keeps_job(request):
        return
    try:
        await services.writing(partial(services.jobs.cancel, job_id))
    except HarmonyError as error:
        # Ended meanwhile, or the database is away: then the job goes on, which costs work and loses nothing.
        _log.info("job.not_abandoned code=%s", error.code)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
