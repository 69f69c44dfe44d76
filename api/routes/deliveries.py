"""The log of webhook deliveries, of an endpoint and about a job, and sending again."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.documents import json_answer, list_answer
from api.headers import refuse_idempotency_key
from api.openapi import problems
from api.routes.webhooks import body_of, read_object
from api.services import Services, services_of
from api.webhook_documents import delivery_document, delivery_log
from api.webhook_ids import check_cursor, delivery_id_of, endpoint_id_of, job_id_of
from api.webhook_schemas import Delivery, DeliveryList, DeliveryLog, DeliveryStatus, Replay
from pipelines.errors import InvalidRequest
from pipelines.events import ENDPOINT_EVENTS, EndpointEvent
from pipelines.webhooks import Redelivery, parse
from storage.deliveries import DeliveryFilter, DeliveryStore, Whose

router = APIRouter(tags=["webhooks"])

_TYPES = {*ENDPOINT_EVENTS, EndpointEvent.TEST}


class DeliveryQuery(BaseModel):
    """The parameters of a list of deliveries; those that are lists may be repeated."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="Deliveries on one page.")
    after: str | None = Field(None, max_length=64, description="`next` of the page before.")
    status: list[DeliveryStatus] = Field(default_factory=list, max_length=4)
    type: list[str] = Field(default_factory=list, max_length=16)
    since: AwareDatetime | None = Field(None, description="RFC 3339: deliveries made since then.")


DeliveryParameters = Annotated[DeliveryQuery, Query()]


@router.get(
    "/v1/webhooks/{endpoint_id}/deliveries",
    response_model=DeliveryList,
    responses=problems(404, 422),
    summary="List an endpoint's deliveries, newest first",
)
def list_of_endpoint(request: Request, endpoint_id: str, query: DeliveryParameters) -> Response:
    """A page of deliveries; each one's link shows what was sent and answered."""
    return _page(services_of(request), Whose(endpoint=endpoint_id_of(endpoint_id)), query)


@router.get(
    "/v1/jobs/{job_id}/deliveries",
    response_model=DeliveryList,
    responses=problems(404, 422),
    summary="List the deliveries that tell of a job, newest first",
)
def list_of_job(request: Request, job_id: str, query: DeliveryParameters) -> Response:
    """What the job's own `webhook` asked for (`endpoint` is null), and what endpoints are told of the job."""
    return _page(services_of(request), Whose(job=job_id_of(job_id)), query)


@router.get(
    "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}",
    response_model=DeliveryLog,
    responses=problems(404),
    summary="Look at a delivery to an endpoint",
)
def get_of_endpoint(request: Request, endpoint_id: str, delivery_id: str) -> Response:
    """The message, and every attempt's request and answer."""
    return _log(services_of(request), Whose(endpoint=endpoint_id_of(endpoint_id)), delivery_id)


@router.get(
    "/v1/jobs/{job_id}/deliveries/{delivery_id}",
    response_model=DeliveryLog,
    responses=problems(404),
    summary="Look at a delivery that tells of a job",
)
def get_of_job(request: Request, job_id: str, delivery_id: str) -> Response:
    """The message, and every attempt's request and answer."""
    return _log(services_of(request), Whose(job=job_id_of(job_id)), delivery_id)


@router.post(
    "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=Delivery,
    responses=problems(404, 409, 422),
    summary="Send a message to an endpoint again",
)
async def redeliver_of_endpoint(request: Request, endpoint_id: str, delivery_id: str) -> Response:
    """The same `webhook-id` and body on a fresh ladder of retries, for what is delivered or has failed.

    `Idempotency-Key` is refused here.
    """
    refuse_idempotency_key(request.headers)
    return await _redeliver(services_of(request), Whose(endpoint=endpoint_id_of(endpoint_id)), delivery_id)


@router.post(
    "/v1/jobs/{job_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=Delivery,
    responses=problems(404, 409, 422),
    summary="Send a message about a job again",
)
async def redeliver_of_job(request: Request, job_id: str, delivery_id: str) -> Response:
    """The same `webhook-id` and body on a fresh ladder of retries, for what is delivered or has failed.

    `Idempotency-Key` is refused here.
    """
    refuse_idempotency_key(request.headers)
    return await _redeliver(services_of(request), Whose(job=job_id_of(job_id)), delivery_id)


@router.post(
    "/v1/webhooks/{endpoint_id}/redeliver",
    status_code=202,
    response_model=Replay,
    responses=problems(404, 409, 422),
    openapi_extra=body_of(Redelivery),
    summary="Send all failed messages since a time again",
)
async def replay(request: Request, endpoint_id: str) -> Response:
    """Counts what has failed since then (or all that has ended), and sends it again from now on, in portions.

    `Idempotency-Key` is refused here.
    """
    refuse_idempotency_key(request.headers)
    services = services_of(request)
    asked = parse(Redelivery, await read_object(request))
    order = partial(
        DeliveryStore(services.database).replay,
        endpoint_id_of(endpoint_id),
        asked.since.timestamp(),
        everything=asked.include_delivered,
    )
    ordered = await services.writing(order)
    return json_answer({"id": ordered.id, "matching": ordered.matching}, status=202)


def _page(services: Services, whose: Whose, query: DeliveryQuery) -> Response:
    check_cursor("msg", query.after)
    for number, event in enumerate(query.type):
        if event not in _TYPES:
            message = f"deliveries tell of: {', '.join(sorted(_TYPES))}"
            raise InvalidRequest.of(f"type.{number}", message, code="unknown_event")
    since = None if query.since is None else query.since.timestamp()
    which = DeliveryFilter(tuple(query.status), tuple(query.type), since)
    rows = DeliveryStore(services.database).page(whose, which, query.limit + 1, query.after)
    of_job = whose.job is not None
    data = [delivery_document(row, services.links.base, of_job=of_job) for row in rows[: query.limit]]
    return list_answer(data, data[-1]["id"] if len(rows) > query.limit else None)


def _log(services: Services, whose: Whose, delivery_id: str) -> Response:
    row, attempts = DeliveryStore(services.database).get(whose, delivery_id_of(delivery_id))
    log = delivery_log(row, attempts, services.links.base, of_job=whose.job is not None)
    return json_answer(log, headers={"cache-control": "no-cache"})


async def _redeliver(services: Services, whose: Whose, delivery_id: str) -> Response:
    again = partial(DeliveryStore(services.database).redeliver, whose, delivery_id_of(delivery_id))
    row = await services.writing(again)
    return json_answer(delivery_document(row, services.links.base, of_job=whose.job is not None), status=202)
