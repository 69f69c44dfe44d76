"""The log of webhook deliveries: read, and sent again on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, update

from pipelines.errors import Conflict, NotFound
from pipelines.ids import first_id_at, new_id
from storage.database import AnyConnection, Database, WriteConnection, db_now
from storage.endpoints import must_be_enabled, no_endpoint
from storage.tables import jobs
from storage.tables_webhooks import is_failed, webhook_attempts, webhook_deliveries, webhook_endpoints, webhook_replays

#: Matching deliveries beyond so many are told as "10000+".
_EXACT_COUNT = 10_000

#: What can be sent again: what has ended.
ENDED = ("delivered", "failed")


@dataclass(frozen=True)
class Whose:
    """Deliveries to an endpoint, or those that tell of a job, whoever asked for them."""

    endpoint: str | None = None
    job: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """The same in SQL."""
        if self.endpoint is not None:
            return webhook_deliveries.c.endpoint_id == self.endpoint
        return webhook_deliveries.c.job_id == self.job


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries a list holds; None is any. `since`: seconds since 1970."""

    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: float | None = None


@dataclass(frozen=True)
class Replay:
    """An order to send deliveries again, and how many it found: a number, or "10000+"."""

    id: str
    matching: int | str


class DeliveryStore:
    """Reads the log, and puts deliveries back among those that are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, whose: Whose, which: DeliveryFilter, limit: int, after: str | None) -> list[Row[Any]]:
        """Newest first; NotFound if there is no such endpoint or job."""
        where = [whose.condition()]
        if which.statuses:
            where.append(webhook_deliveries.c.status.in_(which.statuses))
        if which.types:
            where.append(webhook_deliveries.c.type.in_(which.types))
        if which.since is not None:
            where.append(webhook_deliveries.c.id >= first_id_at("msg", which.since))
        if after is not None:
            where.append(webhook_deliveries.c.id < after)
        with self._database.read() as connection:
            _must_exist(connection, whose)
            query = _shown(*where).order_by(webhook_deliveries.c.id.desc()).limit(limit)
            return list(connection.execute(query).all())

    def get(self, whose: Whose, delivery_id: str) -> tuple[Row[Any], Sequence[Row[Any]]]:
        """A delivery with its attempts, the first one first; NotFound."""
        attempts = select(webhook_attempts).where(webhook_attempts.c.delivery_id == delivery_id)
        with self._database.read() as connection:
            row = _read(connection, whose, delivery_id)
            return row, connection.execute(attempts.order_by(webhook_attempts.c.number)).all()

    def redeliver(self, whose: Whose, delivery_id: str) -> Row[Any]:
        """Sends it again under the same id, on a fresh ladder of retries; Conflict unless it has ended."""
        with self._database.write() as connection:
            row = _read(connection, whose, delivery_id)
            if row.endpoint_id is not None:
                must_be_enabled(_endpoint(connection, row.endpoint_id))
            chosen = and_(webhook_deliveries.c.id == delivery_id, webhook_deliveries.c.status.in_(ENDED))
            if make_due(connection, chosen) == 0:
                msg = f"The delivery is {row.status}; what was delivered or has failed can be sent again."
                raise Conflict(msg, code="delivery_not_ended")
            return _read(connection, whose, delivery_id)

    def replay(self, endpoint_id: str, since: float, *, everything: bool) -> Replay:
        """Orders to send all failed deliveries since then again, or `everything` that has ended; done in portions."""
        after, last, replay_id = first_id_at("msg", since), new_id("msg"), new_id("whr")
        with self._database.write() as connection:
            must_be_enabled(_endpoint(connection, endpoint_id))
            chosen = select(webhook_deliveries.c.id).where(in_replay(endpoint_id, after, last, everything=everything))
            count = connection.scalar(select(func.count()).select_from(chosen.limit(_EXACT_COUNT + 1).subquery())) or 0
            connection.execute(
                insert(webhook_replays).values(
                    id=replay_id,
                    endpoint_id=endpoint_id,
                    everything=everything,
                    after=after,
                    last=last,
                    created_at=db_now(),
                )
            )
        return Replay(replay_id, count if count <= _EXACT_COUNT else f"{_EXACT_COUNT}+")


def in_replay(endpoint_id: str, after: str, last: str, *, everything: bool) -> ColumnElement[bool]:
    """The deliveries that an order to send again means."""
    ended = webhook_deliveries.c.status.in_(ENDED) if everything else is_failed
    return and_(
        webhook_deliveries.c.endpoint_id == endpoint_id,
        webhook_deliveries.c.id >= after,
        webhook_deliveries.c.id <= last,
        ended,
    )


def make_due(connection: WriteConnection, chosen: ColumnElement[bool]) -> int:
    """Puts deliveries that have ended back at the bottom of the ladder; how many."""
    values = {"status": "pending", "tries": 0, "next_at": db_now(), "claimed_until": None, "finished_at": None}
    return connection.execute(update(webhook_deliveries).where(chosen).values(values)).rowcount


def _shown(*where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select of mixed columns has no better name
    return select(webhook_deliveries, db_now().label("now")).where(*where)


def _read(connection: AnyConnection, whose: Whose, delivery_id: str) -> Row[Any]:
    row: Row[Any] | None = connection.execute(
        _shown(webhook_deliveries.c.id == delivery_id, whose.condition())
    ).one_or_none()
    if row is None:
        _must_exist(connection, whose)
        msg = f"There is no delivery {delivery_id[:64]} here."
        raise NotFound(msg, code="delivery_not_found")
    return row


def _must_exist(connection: AnyConnection, whose: Whose) -> None:
    if whose.endpoint is not None:
        _endpoint(connection, whose.endpoint)
    elif connection.scalar(select(jobs.c.id).where(jobs.c.id == whose.job)) is None:
        raise NotFound(f"There is no job {(whose.job or '')[:64]}.", code="job_not_found")


def _endpoint(connection: AnyConnection, endpoint_id: str) -> Row[Any]:
    row = connection.execute(
        select(webhook_endpoints.c.enabled).where(
            webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.deleted_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise no_endpoint(endpoint_id)
    return row
