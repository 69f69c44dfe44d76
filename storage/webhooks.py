"""Webhook messages that wait to be delivered, and what became of each attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from http import HTTPStatus

from sqlalchemy import select, update

from storage.database import Database, db_now
from storage.tables import is_pending, webhook_deliveries

#: Seconds after the first, second, third failure. The fourth is the last.
RETRY_SECONDS = (5.0, 30.0, 300.0)

#: An attempt takes 15 s at most; a claim whose worker died is free again after this.
_CLAIM_SECONDS = 30.0

#: How many one message claims and sends side by side.
BATCH = 32


@dataclass(frozen=True)
class DueDelivery:
    """One message to one address, held under `fence`."""

    id: str
    fence: int
    attempts: int
    url: str
    secret: str | None
    body: str


@dataclass(frozen=True)
class DeliveryResult:
    """What the receiver said: an HTTP status, or why there is none."""

    status: int | None
    error: str | None

    @property
    def accepted(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class WebhookStore:
    """Claims due deliveries and writes their results."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, limit: int = BATCH) -> list[DueDelivery]:
        """Up to `limit` due deliveries, each held until its result is written or the claim runs out."""
        due = (
            select(webhook_deliveries.c.id)
            .where(is_pending, webhook_deliveries.c.next_at <= db_now())
            .order_by(webhook_deliveries.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            rows = connection.execute(
                update(webhook_deliveries)
                .where(webhook_deliveries.c.id.in_(due))
                .values(
                    fence=webhook_deliveries.c.fence + 1,
                    attempts=webhook_deliveries.c.attempts + 1,
                    next_at=db_now() + _CLAIM_SECONDS,
                )
                .returning(webhook_deliveries)
            ).all()
        return [DueDelivery(row.id, row.fence, row.attempts, row.url, row.secret, row.body) for row in rows]

    def record(self, delivery: DueDelivery, result: DeliveryResult) -> None:
        """Delivered, to be tried again, or failed for good."""
        left = len(RETRY_SECONDS) - delivery.attempts
        ended = result.accepted or left < 0 or result.status == HTTPStatus.GONE
        values = {
            "last_status": result.status,
            "last_error": result.error,
            "status": "delivered" if result.accepted else "failed" if ended else "pending",
            "next_at": None if ended else db_now() + _jittered(RETRY_SECONDS[delivery.attempts - 1]),
            "finished_at": db_now() if ended else None,
        }
        with self._database.write() as connection:
            connection.execute(
                update(webhook_deliveries)
                .where(webhook_deliveries.c.id == delivery.id, webhook_deliveries.c.fence == delivery.fence)
                .values(values)
            )


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1.0, 1.2)  # noqa: S311 - jitter needs no cryptographic randomness
