"""What the dispatcher does for webhooks each second, in portions: holds, resumes, sends again, forgets.

A delivery is held if and only if its endpoint is not enabled; between the change of the endpoint and this, senders
leave it alone by themselves.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, or_, select, update

from pipelines.delivering import GIVE_UP_SECONDS, OPEN_AFTER
from pipelines.ids import first_id_at
from storage.database import ReadConnection, WriteConnection, db_now
from storage.deliveries import ENDED, in_replay, make_due
from storage.tables_webhooks import (
    is_held,
    is_pending,
    webhook_deliveries,
    webhook_endpoints,
    webhook_replays,
    webhook_targets,
)

#: Rows that one portion changes at most.
PORTION = 1000

#: What the log says of a message that waited in vain for its receiver to come back.
GIVEN_UP = "given_up"

#: A target that nothing was sent to for so long is forgotten, in seconds.
_TARGET_SECONDS = 86400.0

_ids = webhook_deliveries.c.id
_endpoint_ids = select(webhook_endpoints.c.id)
_not_enabled = _endpoint_ids.where(webhook_endpoints.c.enabled.is_(False), webhook_endpoints.c.deleted_at.is_(None))
_enabled = _endpoint_ids.where(webhook_endpoints.c.enabled.is_(True))
_deleted = _endpoint_ids.where(webhook_endpoints.c.deleted_at.is_not(None))

_not_under_way = or_(webhook_deliveries.c.claimed_until.is_(None), webhook_deliveries.c.claimed_until <= db_now())
_to_hold = select(_ids).where(is_pending, webhook_deliveries.c.target.in_(_not_enabled), _not_under_way)
_to_resume = select(_ids).where(is_held, webhook_deliveries.c.target.in_(_enabled))

_something_to_do = select(
    or_(
        exists(_to_hold),
        exists(_to_resume),
        exists(_deleted),
        exists(select(webhook_replays.c.id)),
    )
)


def there_is_upkeep(connection: ReadConnection) -> bool:
    """One look; where there are no endpoints it finds empty tables and empty indexes."""
    return bool(connection.scalar(_something_to_do))


def keep_up(connection: WriteConnection) -> int:
    """A portion of everything; how many rows it changed."""
    held = connection.execute(_change(_to_hold).values(status="held", next_at=None, claimed_until=None)).rowcount
    resumed = connection.execute(_change(_to_resume).values(status="pending", next_at=db_now())).rowcount
    return held + resumed + _replay(connection) + _remove_deleted(connection)


def _change(which: Select[tuple[str]]) -> Any:  # noqa: ANN401 - an UPDATE of a table without a mapped class
    return update(webhook_deliveries).where(_ids.in_(_portion(which)))


def _portion(which: Select[tuple[str]]) -> Select[tuple[str]]:
    # A sender that has one of them locked is about to change it anyway.
    return which.limit(PORTION).with_for_update(skip_locked=True, of=webhook_deliveries)


def _replay(connection: WriteConnection) -> int:
    """The oldest order's next deliveries, by their ids; an order with none left is done."""
    order = connection.execute(select(webhook_replays).order_by(webhook_replays.c.id).limit(1)).one_or_none()
    if order is None:
        return 0
    ids = _next_of(connection, order)
    if ids:
        make_due(connection, and_(_ids.in_(ids), webhook_deliveries.c.status.in_(ENDED)))
    itself = webhook_replays.c.id == order.id
    if len(ids) < PORTION:
        connection.execute(delete(webhook_replays).where(itself))
    else:
        # The id itself is done: a space sorts right behind it.
        connection.execute(update(webhook_replays).where(itself).values(after=f"{ids[-1]} "))
    return len(ids)


def _next_of(connection: WriteConnection, order: Row[Any]) -> list[str]:
    chosen: ColumnElement[bool] = in_replay(order.endpoint_id, order.after, order.last, everything=order.everything)
    return list(connection.scalars(select(_ids).where(chosen).order_by(_ids).limit(PORTION)))


def _remove_deleted(connection: WriteConnection) -> int:
    # The endpoints first, as everybody does; one that a sender holds has its turn in the next second.
    gone = list(connection.scalars(_deleted.order_by(webhook_endpoints.c.id).with_for_update(skip_locked=True)))
    if not gone:
        return 0
    theirs = select(_ids).where(webhook_deliveries.c.endpoint_id.in_(gone))
    removed = connection.execute(delete(webhook_deliveries).where(_ids.in_(_portion(theirs)))).rowcount
    left = select(_ids).where(webhook_deliveries.c.endpoint_id == webhook_endpoints.c.id)
    connection.execute(delete(webhook_endpoints).where(webhook_endpoints.c.id.in_(gone), ~exists(left.limit(1))))
    return removed


def give_up(connection: WriteConnection) -> int:
    """Fails a portion of what jobs' own webhooks have left waiting for a receiver that stays away; how many.

    Such a receiver gets a probe now and then, so its messages do not climb the ladder at whose end they would fail.
    """
    failing = select(webhook_targets.c.target).where(webhook_targets.c.failures >= OPEN_AFTER)
    overdue = select(_ids).where(
        is_pending,
        webhook_deliveries.c.endpoint_id.is_(None),
        webhook_deliveries.c.target.in_(failing),
        webhook_deliveries.c.next_at < db_now() - GIVE_UP_SECONDS,
        _not_under_way,
    )
    ended = {"status": "failed", "last_error": GIVEN_UP, "next_at": None, "claimed_until": None}
    return int(connection.execute(_change(overdue).values(**ended, finished_at=db_now())).rowcount)


def forget(connection: WriteConnection, keep_seconds: float, key_seconds: float) -> bool:
    """Drops old idempotency keys, a portion of the log of what ended `keep_seconds` ago, and targets long silent.

    Whether there may be more. Endpoints, deliveries, targets: the order in which everybody locks them.
    """
    connection.execute(
        update(webhook_endpoints)
        .where(
            webhook_endpoints.c.idempotency_key.is_not(None),
            webhook_endpoints.c.created_at < db_now() - key_seconds,
        )
        .values(idempotency_key=None, fingerprint=None)
    )
    # Ids sort by time, so nothing is looked at that was made later than what is to go.
    old = select(_ids).where(
        _ids < first_id_at("msg", time.time() - keep_seconds),
        webhook_deliveries.c.status.in_(ENDED),
        webhook_deliveries.c.finished_at < db_now() - keep_seconds,
    )
    forgotten = connection.execute(delete(webhook_deliveries).where(_ids.in_(_portion(old.order_by(_ids))))).rowcount
    names = webhook_targets.c.target
    silent = select(names).where(webhook_targets.c.updated_at < db_now() - _TARGET_SECONDS).limit(PORTION)
    left = connection.execute(
        delete(webhook_targets).where(names.in_(silent.with_for_update(skip_locked=True)))
    ).rowcount
    return max(forgotten, left) >= PORTION
