"""Orders to cancel, retry or delete many jobs: counted, written down, looked at. `bulk_work` carries them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipelines.bulk import MOST_COUNTED, BulkAction
from pipelines.errors import Conflict, InvalidRequest, NotFound
from pipelines.ids import new_id
from storage.database import AnyConnection, Database, WriteConnection, db_now
from storage.filters import JobFilter, count_ids
from storage.submitting import Idempotency
from storage.tables import jobs
from storage.tables_bulk import bulk_orders, is_unfinished

#: Orders that may be under way at once.
MOST_ORDERS = 100
#: How long an order that is finished can be looked at, in seconds.
KEPT_SECONDS = 86_400.0


@dataclass(frozen=True)
class Chosen:
    """Either ids or a filter."""

    ids: tuple[str, ...] | None = None
    which: JobFilter | None = None


@dataclass(frozen=True)
class Count:
    """How many jobs are meant, and how many of them are in a state that the action applies to."""

    matching: int
    applicable: int
    #: There are not more than were counted.
    exact: bool


class BulkStore:
    """Writes orders down and reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, action: BulkAction, chosen: Chosen) -> Count:
        """Walks through what is meant, as far as MOST_COUNTED."""
        with self._database.read() as connection:
            if chosen.which is None:
                return _count_named(connection, action, chosen.ids or ())
            return _count_found(connection, action, chosen.which)

    def made_by(self, used: Idempotency) -> Row[Any] | None:
        """The order that this key made; InvalidRequest if that was by another request."""
        with self._database.read() as connection:
            return _made_by(connection, used)

    def order(
        self, action: BulkAction, chosen: Chosen, count: Count, used: Idempotency | None = None
    ) -> tuple[Row[Any], bool]:
        """The order, and whether an earlier request with the same key made it; Conflict where too many are under way.

        It means the jobs that there are now.
        """
        try:
            with self._database.write() as connection:
                return self._written(connection, action, chosen, count, used), False
        except IntegrityError:
            earlier = None if used is None else self.made_by(used)
            if earlier is None:
                raise
            return earlier, True

    @staticmethod
    def _written(
        connection: WriteConnection, action: BulkAction, chosen: Chosen, count: Count, used: Idempotency | None
    ) -> Row[Any]:
        counted = select(func.count()).select_from(bulk_orders).where(is_unfinished)
        if action is not BulkAction.RETRY:
            # Retries may wait for room for hours: they do not keep anybody from cancelling.
            counted = counted.where(bulk_orders.c.waits.is_(None))
        under_way = connection.scalar(counted) or 0
        if under_way >= MOST_ORDERS:
            msg = f"{under_way} orders are under way already; that is the limit."
            raise Conflict(msg, code="too_many_orders", retry_after=5)
        values = {
            "id": new_id("bulk"),
            "action": action.value,
            "ids": None if chosen.ids is None else list(chosen.ids),
            "filter": None if chosen.which is None else written_filter(chosen.which),
            "matching": count.matching,
            "exact": count.exact,
            "errors": [],
            "idempotency_key": None if used is None else used.key,
            "fingerprint": None if used is None else used.fingerprint,
            "created_at": db_now(),
        }
        return connection.execute(insert(bulk_orders).values(values).returning(bulk_orders)).one()

    def cancel(self, order_id: str) -> Row[Any]:
        """Stops the order behind the job that is being done now; what is done stays done. NotFound; Conflict."""
        with self._database.write() as connection:
            itself = (bulk_orders.c.id == order_id) & is_unfinished
            ended = {"finished_at": db_now(), "cancelled_at": db_now(), "waits": None}
            row = connection.execute(
                update(bulk_orders).where(itself).values(ended).returning(bulk_orders)
            ).one_or_none()
        if row is None:
            self.get(order_id)
            raise Conflict("The order has ended already.", code="already_finished")
        return row

    def get(self, order_id: str) -> Row[Any]:
        """The order as it stands; NotFound."""
        with self._database.read() as connection:
            row = connection.execute(select(bulk_orders).where(bulk_orders.c.id == order_id)).one_or_none()
        if row is None:
            msg = f"There is no order {order_id[:64]}; one that is finished is kept for a day."
            raise NotFound(msg, code="bulk_not_found")
        return row


def forget_orders(database: Database) -> int:
    """Drops the orders that finished a day ago, with their keys; how many."""
    old = bulk_orders.c.finished_at < db_now() - KEPT_SECONDS
    with database.read() as reading:
        if reading.execute(select(bulk_orders.c.id).where(old).limit(1)).first() is None:
            return 0
    with database.write() as connection:
        return connection.execute(delete(bulk_orders).where(old)).rowcount


def written_filter(which: JobFilter) -> dict[str, Any]:
    """A filter as JSON, without what it leaves open."""
    open_ = JobFilter()
    return {name: value for name, value in asdict(which).items() if value != getattr(open_, name)}


def read_filter(written: Mapping[str, Any]) -> JobFilter:
    """The same back again."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in written.items()
    }
    return JobFilter(**values)


def applicable(action: BulkAction, which: JobFilter) -> JobFilter | None:
    """Of the jobs that are meant, those in a state that the action applies to; None if there can be none."""
    states = tuple(state for state in action.states if not which.statuses or state in which.statuses)
    return replace(which, statuses=states) if states else None


def _made_by(connection: AnyConnection, used: Idempotency) -> Row[Any] | None:
    row: Row[Any] | None = connection.execute(
        select(bulk_orders).where(bulk_orders.c.idempotency_key == used.key)
    ).one_or_none()
    if row is not None and row.fingerprint != used.fingerprint:
        message = "was used before with another request"
        raise InvalidRequest.of("Idempotency-Key", message, code="idempotency_mismatch")
    return row


def _count_named(connection: AnyConnection, action: BulkAction, ids: Sequence[str]) -> Count:
    found = connection.scalars(select(jobs.c.status).where(jobs.c.id.in_(ids))).all()
    return Count(len(found), sum(status in action.states for status in found), exact=True)


def _count_found(connection: AnyConnection, action: BulkAction, which: JobFilter) -> Count:
    matching = count_ids(connection, which, MOST_COUNTED + 1)
    narrowed = applicable(action, which)
    can_be = 0 if narrowed is None else count_ids(connection, narrowed, MOST_COUNTED)
    most = min(matching, MOST_COUNTED)
    return Count(most, min(can_be, most), exact=matching <= MOST_COUNTED)
