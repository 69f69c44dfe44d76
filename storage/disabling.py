"""Ending the sending to an endpoint, and the message about it to the others."""

from __future__ import annotations

import json
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update

from pipelines.events import EndpointEvent
from pipelines.ids import new_id
from pipelines.times import rfc3339
from storage.database import WriteConnection, db_now
from storage.history import BASE
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints

#: The owner asked for it, the receiver said 410, or every attempt of some days failed.
Cause = Literal["request", "gone", "failing"]


def disable(connection: WriteConnection, endpoint_id: str, cause: Cause) -> bool:
    """Sends nothing more to the endpoint; its pending messages are held. False if it was not enabled."""
    row = connection.execute(
        update(webhook_endpoints)
        .where(webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.enabled.is_(True))
        .values(enabled=False, disabled_cause=cause, disabled_at=db_now(), updated_at=db_now())
        .returning(webhook_endpoints)
    ).one_or_none()
    if row is None:
        return False
    if cause != "request":
        _tell_others(connection, row)
    return True


def _tell_others(connection: WriteConnection, endpoint: Row[Any]) -> None:
    body = _body(endpoint)
    others = connection.execute(
        select(webhook_endpoints).where(
            webhook_endpoints.c.enabled.is_(True),
            webhook_endpoints.c.deleted_at.is_(None),
            webhook_endpoints.c.owner.is_not_distinct_from(endpoint.owner),
        )
    ).all()
    for other in others:
        if EndpointEvent.DISABLED in other.events:
            add_message(connection, other, EndpointEvent.DISABLED, body, endpoint.disabled_at)


def add_message(
    connection: WriteConnection,
    endpoint: Row[Any],
    event: EndpointEvent,
    data: dict[str, Any],
    at: float,
    *,
    due: float | None = None,
) -> str:
    """A message to an endpoint that tells of no job, due at once unless `due` says when; its id."""
    message_id = new_id("msg")
    content = {"type": event, "timestamp": rfc3339(at), "sequence": 0, "data": data}
    connection.execute(
        insert(webhook_deliveries).values(
            id=message_id,
            endpoint_id=endpoint.id,
            seq=0,
            type=event,
            url=endpoint.url,
            target=endpoint.id,
            body=json.dumps(content, separators=(",", ":")),
            status="pending",
            next_at=at if due is None else due,
            created_at=at,
        )
    )
    return message_id


def _body(endpoint: Row[Any]) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "cause": endpoint.disabled_cause,
        "failing_since": rfc3339(endpoint.failing_since),
        "disabled_at": rfc3339(endpoint.disabled_at),
        "links": {"self": f"{BASE}/v1/webhooks/{endpoint.id}"},
    }
