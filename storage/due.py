"""Which webhook messages to send next: fair between targets, few at a time to each, none to whom it is no use.

One walk jumps along the index from target to target, so a target's thousands of messages cost as much as one. A
target that is left alone by its breaker, or an endpoint that is not enabled, costs that jump and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select, text, update

from pipelines.delivering import SLOW_SECONDS
from storage.breakers import may_be_tried, only_a_probe
from storage.database import AnyConnection, WriteConnection, db_now
from storage.pauses import webhooks_are_paused
from storage.tables_webhooks import is_pending, is_under_way, webhook_deliveries, webhook_endpoints, webhook_targets

#: An attempt takes 15 s at most; a claim whose worker died is free again after this.
CLAIM_SECONDS = 30.0

#: Any number; whoever claims holds this lock, so that two senders together do not exceed what a target is given.
_LOCK = 0x68617265


@dataclass(frozen=True)
class Room:
    """How many deliveries a sender can take, how many of them to slow targets, how many under way each target gets."""

    deliveries: int
    slow: int
    per_target: int


@dataclass(frozen=True)
class DueDelivery:
    """One message to one address, held under `fence`."""

    id: str
    fence: int
    attempts: int
    #: On the present ladder of retries, this attempt included.
    tries: int
    url: str
    #: The newest first; none where the deployment's own secret signs.
    secrets: tuple[str, ...]
    body: str
    target: str
    endpoint_id: str | None
    #: Whether its target took long to answer the last time.
    slow: bool


_under_way = (
    select(webhook_deliveries.c.target, func.count().label("claims"))
    .where(is_under_way, webhook_deliveries.c.claimed_until > db_now())
    .group_by(webhook_deliveries.c.target)
)


def _walk() -> Any:  # noqa: ANN401 - a select of mixed columns has no better name
    """Every target that has due messages and may get some, in no order."""
    targets = webhook_deliveries.c.target
    first = select(targets).where(is_pending).order_by(targets).limit(1).scalar_subquery()
    walk = select(first.label("target")).cte("walk", recursive=True)
    beyond = (
        select(targets)
        .where(is_pending, targets > walk.c.target)
        .order_by(targets)
        .limit(1)
        .correlate(walk)
        .scalar_subquery()
    )
    walk = walk.union_all(select(beyond).where(walk.c.target.is_not(None)))
    due_at = (
        select(webhook_deliveries.c.next_at)
        .where(is_pending, targets == walk.c.target)
        .order_by(webhook_deliveries.c.next_at)
        .limit(1)
        .correlate(walk)
        .scalar_subquery()
    )
    heads = select(walk.c.target, due_at.label("due_at")).where(walk.c.target.is_not(None)).subquery("heads")
    usable = and_(webhook_endpoints.c.enabled, webhook_endpoints.c.deleted_at.is_(None))
    return (
        select(
            heads.c.target,
            webhook_endpoints.c.id.label("endpoint_id"),
            webhook_endpoints.c.url,
            webhook_endpoints.c.secrets,
            webhook_targets.c.failures,
            webhook_targets.c.seconds,
            db_now().label("now"),
        )
        .select_from(heads)
        .outerjoin(webhook_targets, webhook_targets.c.target == heads.c.target)
        .outerjoin(webhook_endpoints, webhook_endpoints.c.id == heads.c.target)
        .where(heads.c.due_at <= db_now(), may_be_tried, or_(webhook_endpoints.c.id.is_(None), usable))
        .where(~webhooks_are_paused)
    )


# Statements that run again and again are built once. Unordered, the walk ends at the first target that may get some.
_any_due = _walk().limit(1)
_targets_with_due = _walk().order_by(text("due_at"))
_take = (
    update(webhook_deliveries)
    .where(
        webhook_deliveries.c.id.in_(
            select(webhook_deliveries.c.id)
            .where(
                is_pending,
                webhook_deliveries.c.target == bindparam("of_target"),
                webhook_deliveries.c.next_at <= db_now(),
            )
            .order_by(webhook_deliveries.c.next_at)
            .limit(bindparam("some"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        fence=webhook_deliveries.c.fence + 1,
        attempts=webhook_deliveries.c.attempts + 1,
        tries=webhook_deliveries.c.tries + 1,
        claimed_until=db_now() + CLAIM_SECONDS,
        next_at=db_now() + CLAIM_SECONDS,
        url=func.coalesce(bindparam("new_url"), webhook_deliveries.c.url),
    )
    .returning(webhook_deliveries)
)


def any_due(connection: AnyConnection) -> bool:
    """Whether anything is due for a target that may be tried: where none may, all that have something are looked at."""
    return connection.scalar(_any_due) is not None


def claim(connection: WriteConnection, room: Room) -> list[DueDelivery]:
    """Due deliveries, each held until its result is written or the claim runs out."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    under_way = {row.target: row.claims for row in connection.execute(_under_way)}
    claimed: list[DueDelivery] = []
    for target, count in share_out(connection.execute(_targets_with_due).all(), under_way, room):
        rows = connection.execute(_take, {"of_target": target.target, "some": count, "new_url": target.url}).all()
        claimed.extend(_delivery(row, target) for row in rows)
    return claimed


def share_out(targets: Sequence[Row[Any]], under_way: Mapping[str, int], room: Room) -> list[tuple[Row[Any], int]]:
    """How many messages each target gets: one each in turn, until none may have more or the room is full.

    A target that failed a lot gets one, and the next when it has answered; slow ones share a part of the room, so that
    the quick ones never wait for them.
    """
    given = [0] * len(targets)
    most = [max(0, _most(target, room) - under_way.get(target.target, 0)) for target in targets]
    left, slow_left = room.deliveries, room.slow
    for turn in range(room.per_target):
        for place, target in enumerate(targets):
            slow = _is_slow(target)
            if turn < most[place] and left > 0 and (slow_left > 0 or not slow):
                given[place] += 1
                left -= 1
                slow_left -= slow
    return [(target, count) for target, count in zip(targets, given, strict=True) if count]


def _most(target: Row[Any], room: Room) -> int:
    return 1 if only_a_probe(target.failures) else room.per_target


def _is_slow(target: Row[Any]) -> bool:
    return target.seconds is not None and target.seconds > SLOW_SECONDS


def _delivery(row: Row[Any], target: Row[Any]) -> DueDelivery:
    secrets: tuple[str, ...] = () if row.secret is None else (row.secret,)
    if row.endpoint_id is not None:
        secrets = valid_secrets(target.secrets, target.now)
    return DueDelivery(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        tries=row.tries,
        url=row.url,
        secrets=secrets,
        body=row.body,
        target=row.target,
        endpoint_id=row.endpoint_id,
        slow=_is_slow(target),
    )


def valid_secrets(kept: Sequence[Mapping[str, Any]], now: float) -> tuple[str, ...]:
    """The secrets of an endpoint that count now, the newest first."""
    return tuple(item["secret"] for item in kept if item["until"] is None or item["until"] > now)
