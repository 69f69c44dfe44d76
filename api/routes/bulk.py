"""Many jobs at once: cancelled, retried or deleted by an order that the dispatcher carries out."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Row
from starlette.responses import Response

from api.bulk_schemas import BulkCount, BulkOrder, BulkRequest
from api.canonical import canonical_body
from api.documents import json_answer
from api.headers import parse_idempotency_key
from api.intake import parse_object, read_json_body
from api.listing import job_filter
from api.openapi import BULK, problems
from api.services import Services, services_of
from pipelines.errors import InvalidRequest
from pipelines.times import rfc3339
from pipelines.webhooks import parse
from storage.bulk import BulkStore, Chosen
from storage.submitting import Idempotency

router = APIRouter(tags=["jobs"])


@router.post(
    "/v1/jobs/bulk",
    status_code=202,
    response_model=BulkOrder,
    responses={200: {"model": BulkCount, "description": "Counted (`dry_run`)"}, **problems(409, 413, 422)},
    openapi_extra=BULK,
    summary="Cancel, retry or delete many jobs",
)
async def order_bulk(request: Request) -> Response:
    """Counts what is meant (`dry_run`), or orders it: the dispatcher then does with each job what its own route does.

    Only jobs that there are now are meant, each at most once, and of those that a filter finds only jobs in a
    state that the action applies to. Retries that find no room wait for it. A job that the action cannot be done with
    is skipped, and said why: one of `ids`, one that went on meanwhile, or one that no worker could run again.
    """
    services = services_of(request)
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    body = parse_object(await read_json_body(request, 0))
    canonical = canonical_body(body)
    asked = parse(BulkRequest, body)
    chosen = _chosen(asked)
    store = BulkStore(services.database)
    if asked.dry_run:
        count = await services.reading(partial(store.count, asked.action, chosen))
        return json_answer(
            {
                "action": asked.action,
                "matching": count.matching,
                "exact": count.exact,
                "applicable": count.applicable,
            }
        )
    used = None if key is None else Idempotency(key, hashlib.sha256(canonical).hexdigest())
    row, replayed = await _ordered(services, store, asked, chosen, used)
    headers = {"location": f"{services.links.base}/v1/jobs/bulk/{row.id}"}
    if replayed:
        headers["idempotency-replayed"] = "true"
    return json_answer(order_document(row), status=202, headers=headers)


@router.get(
    "/v1/jobs/bulk/{order_id}",
    response_model=BulkOrder,
    responses=problems(404),
    summary="Look at an order for many jobs",
)
def get_bulk(request: Request, order_id: str) -> Response:
    """How far it is. One that is finished is kept for a day."""
    row = BulkStore(services_of(request).database).get(order_id)
    return json_answer(order_document(row), headers={"cache-control": "no-cache"})


@router.post(
    "/v1/jobs/bulk/{order_id}/cancel",
    response_model=BulkOrder,
    responses=problems(404, 409),
    summary="Stop an order for many jobs",
)
async def cancel_bulk(request: Request, order_id: str) -> Response:
    """Nothing more is done for it; what was done stays done."""
    services = services_of(request)
    row = await services.writing(partial(BulkStore(services.database).cancel, order_id))
    return json_answer(order_document(row))


def order_document(row: Row[Any]) -> dict[str, Any]:
    """An order as clients see it."""
    return {
        "id": row.id,
        "action": row.action,
        "status": _status(row),
        "matching": row.matching,
        "exact": row.exact,
        "done": row.done,
        "skipped": row.skipped,
        "errors": row.errors,
        "waits": row.waits,
        "created_at": rfc3339(row.created_at),
        "finished_at": rfc3339(row.finished_at),
    }


def _status(row: Row[Any]) -> str:
    if row.finished_at is None:
        return "running"
    return "finished" if row.cancelled_at is None else "cancelled"


async def _ordered(
    services: Services, store: BulkStore, asked: BulkRequest, chosen: Chosen, used: Idempotency | None
) -> tuple[Row[Any], bool]:
    earlier = None if used is None else await services.reading(partial(store.made_by, used))
    if earlier is not None:
        return earlier, True
    count = await services.reading(partial(store.count, asked.action, chosen))
    return await services.writing(partial(store.order, asked.action, chosen, count, used))


def _chosen(asked: BulkRequest) -> Chosen:
    if (asked.ids is None) == (asked.filter is None):
        message = "give either ids or a filter; an empty filter means all jobs"
        raise InvalidRequest.of("filter", message, code="invalid_request")
    if asked.filter is not None:
        return Chosen(which=job_filter(asked.filter, place="filter."))
    # Each once, in the order in which they were named.
    return Chosen(ids=tuple(dict.fromkeys(asked.ids or ())))
