"""What became of an attempt to deliver a webhook message: its log, the message, its target and its endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from pipelines.delivering import LONGEST_OPEN, Outcome, asked_pause, is_alive, outcome, retry_seconds
from storage import breakers
from storage.database import WriteConnection, db_now
from storage.disabling import disable
from storage.due import DueDelivery
from storage.tables_webhooks import webhook_attempts, webhook_deliveries, webhook_endpoints

#: Characters that the log keeps of an answer's body.
LOGGED_BODY = 1024

#: What a delivery's row says after an attempt.
_STATUS = {Outcome.DELIVERED: "delivered", Outcome.RETRY: "pending", Outcome.FAILED: "failed"}


@dataclass(frozen=True)
class DeliveryResult:
    """What the receiver said: an HTTP status, or why there is none; what was sent and what came back."""

    status: int | None
    error: str | None
    seconds: float = 0.0
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str = ""
    #: Seconds that the receiver asked to be left alone for.
    retry_after: float | None = None


_write_result = (
    update(webhook_deliveries)
    .where(
        webhook_deliveries.c.id == bindparam("of_delivery"),
        webhook_deliveries.c.fence == bindparam("under_fence"),
        # Each claim is written down once: what is told twice must not wake what has ended.
        webhook_deliveries.c.claimed_until.is_not(None),
    )
    .values(
        status=bindparam("new_status"),
        last_status=bindparam("said"),
        last_error=bindparam("went_wrong"),
        claimed_until=None,
    )
)
_end = _write_result.values(next_at=None, finished_at=db_now()).returning(db_now())
_put_off = _write_result.values(next_at=db_now() + bindparam("wait")).returning(db_now())
_log = insert(webhook_attempts)
_succeeded = (
    update(webhook_endpoints)
    .where(webhook_endpoints.c.id == bindparam("of_endpoint"), webhook_endpoints.c.failing_since.is_not(None))
    .values(failing_since=None)
)


def lock_endpoints(connection: WriteConnection, deliveries: Iterable[DueDelivery]) -> None:
    """To be called before `record`: whoever changes an endpoint locks it first, then its target.

    In one order for all senders, so that they never wait for each other in a circle.
    """
    ids = {delivery.endpoint_id for delivery in deliveries if delivery.endpoint_id is not None}
    if ids:
        mine = webhook_endpoints.c.id.in_(ids)
        connection.execute(
            select(webhook_endpoints.c.id).where(mine).order_by(webhook_endpoints.c.id).with_for_update(key_share=True)
        )


def record(connection: WriteConnection, delivery: DueDelivery, result: DeliveryResult, disable_after: float) -> None:
    """Delivered, to be tried again, or failed for good; an endpoint that says 410, or fails for too long, is disabled.

    `disable_after`: for how many seconds every attempt must have failed. A sender whose claim ran out writes nothing.
    """
    came_to = outcome(result.status, delivery.tries)
    now = _write(connection, delivery, result, came_to)
    if now is None:
        return
    connection.execute(_log, _line(delivery, result, now))
    _note(connection, delivery, result)
    if delivery.endpoint_id is not None:
        _tell_endpoint(connection, delivery.endpoint_id, result, came_to, disable_after)


def _write(
    connection: WriteConnection, delivery: DueDelivery, result: DeliveryResult, came_to: Outcome
) -> float | None:
    """When it was written; None if the claim had run out."""
    values: dict[str, Any] = {
        "of_delivery": delivery.id,
        "under_fence": delivery.fence,
        "new_status": _STATUS[came_to],
        "said": result.status,
        "went_wrong": result.error,
    }
    if came_to is not Outcome.RETRY:
        return connection.scalar(_end, values)
    values["wait"] = retry_seconds(delivery.tries, result.status, result.retry_after)
    return connection.scalar(_put_off, values)


def _line(delivery: DueDelivery, result: DeliveryResult, now: float) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "number": delivery.attempts,
        # A receiver that took its time was called that much earlier.
        "at": now - result.seconds,
        "seconds": result.seconds,
        "url": delivery.url,
        "request_headers": dict(result.request_headers),
        "status": result.status,
        "response_headers": dict(result.response_headers),
        "response_body": result.response_body[:LOGGED_BODY],
        "error": result.error,
    }


def _note(connection: WriteConnection, delivery: DueDelivery, result: DeliveryResult) -> None:
    if is_alive(result.status):
        breakers.note_alive(connection, delivery.target, result.seconds)
        return
    breakers.note_failure(connection, delivery.target, result.seconds)
    # An origin that many jobs name may be busy for one of them only; an endpoint speaks for itself.
    if delivery.endpoint_id is not None and (seconds := asked_pause(result.status, result.retry_after)):
        breakers.pause(connection, delivery.target, min(seconds, LONGEST_OPEN))


def _tell_endpoint(
    connection: WriteConnection, endpoint_id: str, result: DeliveryResult, came_to: Outcome, disable_after: float
) -> None:
    if came_to is Outcome.DELIVERED:
        connection.execute(_succeeded, {"of_endpoint": endpoint_id})
        return
    row = connection.execute(
        select(webhook_endpoints.c.enabled, webhook_endpoints.c.failing_since, db_now().label("now"))
        .where(webhook_endpoints.c.id == endpoint_id)
        .with_for_update(key_share=True)
    ).one()
    if row.failing_since is None:
        values = {"failing_since": row.now}
        connection.execute(update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id).values(values))
    if result.status == HTTPStatus.GONE:
        disable(connection, endpoint_id, "gone")
    elif row.failing_since is not None and row.now - row.failing_since > disable_after:
        disable(connection, endpoint_id, "failing")
