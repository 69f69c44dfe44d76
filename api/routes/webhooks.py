"""Webhook endpoints: made, listed, changed, tested, their secrets rotated."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from api.documents import json_answer, list_answer
from api.headers import parse_idempotency_key, refuse_idempotency_key
from api.intake import parse_object
from api.openapi import IDEMPOTENCY_KEY, problems
from api.services import Services, services_of
from api.webhook_documents import delivery_document, endpoint_document
from api.webhook_ids import check_cursor, endpoint_id_of
from api.webhook_schemas import Delivery, Endpoint, EndpointList, EndpointWithSecret
from pipelines.errors import InvalidRequest, TooLarge
from pipelines.webhooks import (
    EndpointChange,
    EndpointRequest,
    SecretRotation,
    check_events,
    check_secret,
    parse,
)
from storage.deliveries import DeliveryStore, Whose
from storage.endpoints import EndpointStore, MadeEndpoint, NewEndpoint
from storage.submitting import Idempotency

router = APIRouter(tags=["webhooks"])

_LONGEST_BODY = 64 * 1024

Limit = Annotated[int, Query(ge=1, le=200, description="Items on one page.")]
After = Annotated[str | None, Query(max_length=64, description="`next` of the page before.")]


def body_of(shape: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The description of a body that the framework does not read: it would read it all, however long."""
    return {
        "requestBody": {"required": required, "content": {"application/json": {"schema": shape.model_json_schema()}}}
    }


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body; nothing is an empty one. TooLarge beyond what any of these requests can need."""
    raw = bytearray()
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > _LONGEST_BODY:
        raise TooLarge(f"The body is larger than {_LONGEST_BODY} bytes.")
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LONGEST_BODY:
            raise TooLarge(f"The body is larger than {_LONGEST_BODY} bytes.")
    return parse_object(bytes(raw)) if raw.strip() else {}


def store_of(services: Services) -> EndpointStore:
    return EndpointStore(services.database, services.storage.max_webhook_endpoints)


@router.post(
    "/v1/webhooks",
    status_code=201,
    response_model=EndpointWithSecret,
    responses=problems(409, 413, 422),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], **body_of(EndpointRequest)},
    summary="Make a webhook endpoint",
)
async def create_endpoint(request: Request) -> Response:
    """From now on the address is told of events. The answer shows its secret, and no later one does.

    The same `Idempotency-Key` with the same body within a day gives the same endpoint; its `secret` is null then if it
    has been replaced meanwhile.
    """
    services = services_of(request)
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    body = await read_object(request)
    asked = parse(EndpointRequest, body)
    services.egress.check_url(asked.url)
    check_events(asked.events)
    check_secret(asked.secret)
    fingerprint = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    used = None if key is None else Idempotency(key, fingerprint)
    new = NewEndpoint(asked.url, asked.events, asked.description, asked.secret, used)
    made = await services.writing(partial(store_of(services).create, new))
    headers = {"location": f"{services.links.base}/v1/webhooks/{made.row.id}"}
    if made.replayed:
        headers["idempotency-replayed"] = "true"
    return _with_secret(services, made, 201, headers)


@router.get("/v1/webhooks", response_model=EndpointList, responses=problems(422), summary="List webhook endpoints")
def list_endpoints(request: Request, limit: Limit = 50, after: After = None) -> Response:
    """Newest first; `next` is the value of `after` for the page behind it, null on the last."""
    services = services_of(request)
    check_cursor("whe", after)
    rows = store_of(services).page(limit + 1, after)
    data = [endpoint_document(row, services.links.base) for row in rows[:limit]]
    return list_answer(data, data[-1]["id"] if len(rows) > limit else None)


@router.get(
    "/v1/webhooks/{endpoint_id}", response_model=Endpoint, responses=problems(404), summary="Look at an endpoint"
)
def get_endpoint(request: Request, endpoint_id: str) -> Response:
    """The endpoint as it stands, without its secret."""
    services = services_of(request)
    return _answer(services, store_of(services).get(endpoint_id_of(endpoint_id)))


@router.patch(
    "/v1/webhooks/{endpoint_id}",
    response_model=Endpoint,
    responses=problems(404, 413, 422),
    openapi_extra=body_of(EndpointChange),
    summary="Change an endpoint",
)
async def change_endpoint(request: Request, endpoint_id: str) -> Response:
    """Changes what the body names. Messages that wait go to the new address.

    `enabled: false` holds what waits and records nothing new; `enabled: true` is the same as `…/enable`.
    """
    services = services_of(request)
    asked = parse(EndpointChange, await read_object(request))
    given = {name: getattr(asked, name) for name in asked.model_fields_set}
    for name, value in given.items():
        if value is None:
            raise InvalidRequest.of(name, "cannot be null", code="invalid_request")
    if asked.url is not None:
        services.egress.check_url(asked.url)
    if asked.events is not None:
        check_events(asked.events)
        given["events"] = list(asked.events)
    enabled = given.pop("enabled", None)
    change = partial(store_of(services).change, endpoint_id_of(endpoint_id), given, enabled=enabled)
    return _answer(services, await services.writing(change))


@router.delete(
    "/v1/webhooks/{endpoint_id}", status_code=204, responses=problems(404), summary="Delete an endpoint and its log"
)
async def delete_endpoint(request: Request, endpoint_id: str) -> Response:
    """Nothing more is sent to it, what waits for it included."""
    services = services_of(request)
    await services.writing(partial(store_of(services).delete, endpoint_id_of(endpoint_id)))
    return Response(status_code=204)


@router.post(
    "/v1/webhooks/{endpoint_id}/enable",
    response_model=Endpoint,
    responses=problems(404),
    summary="Send to an endpoint again",
)
async def enable_endpoint(request: Request, endpoint_id: str) -> Response:
    """Goes on with what was held, at once even if the endpoint had been left alone for its failures."""
    services = services_of(request)
    enable = partial(store_of(services).enable, endpoint_id_of(endpoint_id))
    return _answer(services, await services.writing(enable))


@router.post(
    "/v1/webhooks/{endpoint_id}/rotate-secret",
    response_model=EndpointWithSecret,
    responses=problems(404, 409, 422),
    openapi_extra=body_of(SecretRotation, required=False),
    summary="Give an endpoint a new secret",
)
async def rotate_secret(request: Request, endpoint_id: str) -> Response:
    """Messages are signed with both secrets, the new one first, until the old one has run out.

    `Idempotency-Key` is refused here.
    """
    refuse_idempotency_key(request.headers)
    services = services_of(request)
    asked = parse(SecretRotation, await read_object(request))
    check_secret(asked.secret)
    rotate = partial(store_of(services).rotate, endpoint_id_of(endpoint_id), asked.secret, asked.overlap_seconds)
    return _with_secret(services, await services.writing(rotate), 200, {})


@router.post(
    "/v1/webhooks/{endpoint_id}/test",
    status_code=202,
    response_model=Delivery,
    responses=problems(404, 409, 422),
    summary="Send a test message",
)
async def test_endpoint(request: Request, endpoint_id: str) -> Response:
    """Sends `webhook.test` on the way of every message; the answer's link says what became of it.

    `Idempotency-Key` is refused here.
    """
    refuse_idempotency_key(request.headers)
    services = services_of(request)
    known = endpoint_id_of(endpoint_id)
    delivery_id = await services.writing(partial(store_of(services).test, known))
    get = partial(DeliveryStore(services.database).get, Whose(endpoint=known), delivery_id)
    row, _ = await services.reading(get)
    document = delivery_document(row, services.links.base)
    return json_answer(document, status=202, headers={"location": document["links"]["self"]})


def _answer(services: Services, row: Any) -> Response:  # noqa: ANN401 - a row of several tables
    return json_answer(endpoint_document(row, services.links.base), headers={"cache-control": "no-cache"})


def _with_secret(services: Services, made: MadeEndpoint, status: int, headers: dict[str, str]) -> Response:
    document = {**endpoint_document(made.row, services.links.base), "secret": made.secret}
    return json_answer(document, status=status, headers={"cache-control": "no-store", **headers})
