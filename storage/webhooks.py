"""Webhook messages that wait to be delivered, and what became of each attempt: the sender's side."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, update

from pipelines.failpoints import Commit
from storage.attempted import DeliveryResult, lock_endpoints, record
from storage.database import Database, db_now
from storage.due import DueDelivery, Room, any_due, claim
from storage.tables_webhooks import webhook_deliveries

__all__ = ["BATCH", "DeliveryResult", "DueDelivery", "WebhookStore"]

#: How many deliveries one sender has under way at once; slow targets together get half of them.
BATCH = 64

_DAY = 86400.0


_release = (
    update(webhook_deliveries)
    .where(
        webhook_deliveries.c.id == bindparam("of_delivery"),
        webhook_deliveries.c.fence == bindparam("under_fence"),
        webhook_deliveries.c.claimed_until.is_not(None),
    )
    .values(
        claimed_until=None,
        next_at=db_now(),
        attempts=webhook_deliveries.c.attempts - 1,
        tries=webhook_deliveries.c.tries - 1,
    )
)


class WebhookStore:
    """Claims due deliveries and writes their results.

    What it writes may be undone by a loss of power together with everything that saw it: then a message is sent again,
    under its one id.
    """

    def __init__(self, database: Database, *, per_target: int = 4, disable_days: float = 5.0) -> None:
        self._database = database
        self._per_target = per_target
        self._disable_after = disable_days * _DAY

    def claim(self, limit: int = BATCH, slow: int | None = None) -> list[DueDelivery]:
        """Up to `limit` due deliveries, each held until its result is written or the claim runs out.

        At most `slow` of them (half of `limit` unless given) go to targets that took long to answer the last time.
        """
        with self._database.read() as reading:
            if not any_due(reading):
                return []
        room = Room(limit, limit // 2 if slow is None else slow, self._per_target)
        with self._database.write(Commit.TAKE_WEBHOOKS, durable=False) as connection:
            return claim(connection, room)

    def release(self, deliveries: Iterable[DueDelivery]) -> None:
        """Gives up claims whose attempts this sender cannot see to their end: they are due at once, and not counted."""
        with self._database.write(durable=False) as connection:
            for delivery in sorted(deliveries, key=lambda delivery: (delivery.target, delivery.id)):
                connection.execute(_release, {"of_delivery": delivery.id, "under_fence": delivery.fence})

    def record(self, delivery: DueDelivery, result: DeliveryResult) -> None:
        """Delivered, to be tried again, or failed for good."""
        self.record_all([(delivery, result)])

    def record_all(self, results: Iterable[tuple[DueDelivery, DeliveryResult]]) -> None:
        """The same for several, in one transaction."""
        with self._database.write(Commit.RECORD_WEBHOOK, durable=False) as connection:
            # In one order for all senders, so that they never wait for each other in a circle.
            in_order = sorted(results, key=lambda pair: (pair[0].target, pair[0].id))
            lock_endpoints(connection, (delivery for delivery, _ in in_order))
            for delivery, result in in_order:
                record(connection, delivery, result, self._disable_after)
