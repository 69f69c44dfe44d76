"""The workers: what each is, holds and does now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import list_answer
from api.services import Services, services_of
from api.worker_schemas import WorkerList
from storage.workers import Worker, list_workers, worker_document

router = APIRouter(tags=["system"])


@router.get("/v1/workers", response_model=WorkerList, summary="List the workers")
async def get_workers(request: Request) -> Response:
    """Every worker that beat within the last hour, by name, with the step that it runs."""
    services = services_of(request)
    workers = await services.reading(lambda: _list(services))
    return list_answer([dict(worker_document(worker)) for worker in workers], None)


def _list(services: Services) -> list[Worker]:
    with services.database.read() as connection:
        return list_workers(connection)
