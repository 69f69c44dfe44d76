"""Queues: how each stands, pause and resume."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import json_answer, list_answer
from api.openapi import problems
from api.queue_schemas import Queue, QueueList
from api.services import Services, services_of
from pipelines.catalog import IO_QUEUE, WEBHOOK_QUEUE
from pipelines.errors import NotFound
from pipelines.times import rfc3339
from storage import pauses
from storage.queue_states import QueueState

router = APIRouter(tags=["system"])

_PURPOSES = {IO_QUEUE: "media", WEBHOOK_QUEUE: "webhooks"}


@router.get("/v1/queues", response_model=QueueList, summary="Look at the queues")
def list_queues(request: Request) -> Response:
    """Every queue that models of this deployment use, `io`, `webhook`, and what is still paused; served or not."""
    services = services_of(request)
    return list_answer([_document(name, state) for name, state in services.queues.read(names(services)).items()], None)


@router.post("/v1/queues/{name}/pause", response_model=Queue, responses=problems(404), summary="Pause a queue")
async def pause_queue(request: Request, name: str) -> Response:
    """What runs goes on, nothing new begins; jobs are still accepted. Pausing twice is fine."""
    return await _change(services_of(request), name, pauses.pause)


@router.post("/v1/queues/{name}/resume", response_model=Queue, responses=problems(404), summary="Resume a queue")
async def resume_queue(request: Request, name: str) -> Response:
    """The queue goes on at once."""
    return await _change(services_of(request), name, pauses.resume)


def names(services: Services) -> tuple[str, ...]:
    """Every queue of this deployment."""
    return (*services.catalog.queues, WEBHOOK_QUEUE)


async def _change(services: Services, name: str, change: Any) -> Response:  # noqa: ANN401 - one of two functions
    read = partial(services.queues.read, names(services))
    known = await services.reading(read)
    if name not in known:
        detail = f"There is no queue {name[:64]}; there are: {', '.join(known)}."
        raise NotFound(detail, code="unknown_queue")
    await services.writing(partial(change, services.database, name))
    states = await services.reading(read)
    # One that no model uses any more is gone once it is resumed.
    return json_answer(_document(name, states.get(name, QueueState())))


def _document(name: str, state: QueueState) -> dict[str, Any]:
    return {
        "name": name,
        "purpose": _PURPOSES.get(name, "models"),
        "waiting": state.waiting,
        "published": state.published,
        "running": state.running,
        "oldest_seconds": None if state.oldest is None else round(state.oldest, 3),
        "slots": state.slots,
        "busy": state.busy,
        "rate_per_minute": state.rate_per_minute,
        "depth": state.depth,
        "paused_at": rfc3339(state.paused_at),
    }
