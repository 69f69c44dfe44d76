"""Carrying out orders for many jobs, one job in a transaction together with the order's own move.

So each job is done at most once, whoever is killed and whoever else works on the order: the move names the place that
it moves from, and with it the job's change is undone or stands. What cannot be done with a job is noted, and the order
goes on; where there is no room for a retry it waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from pipelines.bulk import BulkAction
from pipelines.errors import Conflict, NotFound, RequestError
from pipelines.failpoints import Commit
from pipelines.ids import new_id
from pipelines.jobs import JobStatus
from storage.backlog import Room, SubmitterFull, waiting_of_all
from storage.bulk import applicable, read_filter
from storage.cancelling import cancel_job
from storage.database import Database, DatabaseUnavailable, WriteConnection, db_now
from storage.filters import Page, page_ids
from storage.retention import delete_job
from storage.retrying import Retry, remaining, retry, where_to_start
from storage.slots import check_served, known_queues
from storage.tables import jobs, steps
from storage.tables_bulk import bulk_orders, is_unfinished

log = logging.getLogger(__name__)

#: Jobs that are looked for at a time.
PORTION = 100
#: Jobs that an order names as skipped; the rest is counted.
_NAMED = 20
_COMMITS = {BulkAction.CANCEL: Commit.CANCEL, BulkAction.RETRY: Commit.SUBMIT, BulkAction.DELETE: Commit.DELETE}


class _MovedOn(Exception):
    """Somebody else has moved the order."""


class _NoRoom(Exception):
    """As much waits as may."""

    code = "queue_full"


@dataclass(frozen=True)
class Rooms:
    """How much may wait: of all, and of each submitter."""

    of_all: Room
    of_submitter: Room


def unfinished(database: Database) -> list[str]:
    """The orders that are under way, the oldest first."""
    with database.read() as connection:
        return list(connection.scalars(select(bulk_orders.c.id).where(is_unfinished).order_by(bulk_orders.c.id)))


def work(database: Database, order_id: str, rooms: Rooms, go_on: Callable[[], bool]) -> bool:
    """Moves the order on, a portion at most or while `go_on` says so; whether there is more that can be done now."""
    order, portion = _look(database, order_id)
    if order is None or order.finished_at is not None:
        return False
    if not portion:
        _finish(database, order)
        return False
    try:
        for place, job_id in enumerate(portion, start=order.place):
            if not go_on():
                break
            _move(database, _Move(order.id, BulkAction(order.action), place, job_id), rooms)
    except _MovedOn:
        return True
    except (_NoRoom, SubmitterFull) as error:
        _wait(database, order_id, error.code)
        return False
    return True


@dataclass(frozen=True)
class _Move:
    """An order's step from `place`, by the job with this id."""

    order_id: str
    action: BulkAction
    place: int
    job_id: str


@dataclass(frozen=True)
class _Outcome:
    """Why a job could not be changed, or that it was; neither of a job that is not meant after all."""

    code: str = ""
    detail: str = ""
    changed: bool = False


def _look(database: Database, order_id: str) -> tuple[Row[Any] | None, Sequence[str]]:
    """The order, and the jobs that come next."""
    with database.read() as connection:
        order = connection.execute(select(bulk_orders).where(bulk_orders.c.id == order_id)).one_or_none()
        if order is None:
            return None, ()
        if order.ids is not None:
            return order, order.ids[order.place : order.place + PORTION]
        which = applicable(BulkAction(order.action), read_filter(order.filter))
        return order, () if which is None else page_ids(connection, which, Page(PORTION, after=order.after))


def _move(database: Database, move: _Move, rooms: Rooms) -> None:
    try:
        _do(database, move, rooms)
    except (DatabaseUnavailable, SubmitterFull, _NoRoom, _MovedOn):
        raise
    except Exception:
        # The same fault would come again and again, and the order would never end.
        log.exception("bulk_job_failed order=%s job=%s", move.order_id, move.job_id)
        with database.write() as connection:
            _advance(
                connection, move, _lock(connection, move), _Outcome("internal_error", "Something went wrong here.")
            )


def _do(database: Database, move: _Move, rooms: Rooms) -> None:
    with database.write(_COMMITS[move.action]) as connection:
        # First, so that of two who carry the order out one waits here, and then leaves the job alone.
        order = _lock(connection, move)
        try:
            outcome = _Outcome(changed=_act(connection, move, order, rooms))
        except RequestError as error:
            # Raised before anything is written of the job.
            outcome = _Outcome(error.code, error.detail)
        _advance(connection, move, order, outcome)


def _lock(connection: WriteConnection, move: _Move) -> Row[Any]:
    order = connection.execute(
        select(bulk_orders).where(bulk_orders.c.id == move.order_id).with_for_update()
    ).one_or_none()
    if order is None or order.finished_at is not None or order.place != move.place:
        raise _MovedOn
    return order


def _act(connection: WriteConnection, move: _Move, order: Row[Any], rooms: Rooms) -> bool:
    """Whether the job is one that is meant, and was changed; RequestError where it cannot be."""
    job = connection.execute(
        select(jobs.c.status, jobs.c.created_at, jobs.c.cost).where(jobs.c.id == move.job_id)
    ).one_or_none()
    if job is None and order.ids is not None:
        raise NotFound(f"There is no job {move.job_id[:64]}.", code="job_not_found")
    if job is None or not _is_meant(order, job.status, job.created_at):
        return False
    if move.action is BulkAction.CANCEL:
        _refuse_cancelled(JobStatus(job.status))
        cancel_job(connection, move.job_id)
    elif move.action is BulkAction.DELETE:
        delete_job(connection, move.job_id)
    else:
        _check_workers(connection, move.job_id)
        _check_room(connection, rooms.of_all, job.cost)
        retry(connection, Retry(new_id("job"), move.job_id), rooms.of_submitter)
    return True


def _is_meant(order: Row[Any], status: str, created_at: float) -> bool:
    """Not what is newer than the order, as what it has itself made, nor what has gone on since it was found."""
    statuses = (order.filter or {}).get("statuses", ())
    return created_at <= order.created_at and (not statuses or status in statuses)


def _check_workers(connection: WriteConnection, job_id: str) -> None:
    """As the route that retries one job: Unavailable if nobody serves what it still needs."""
    job = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    planned = connection.execute(select(steps).where(steps.c.job_id == job_id).order_by(steps.c.number)).all()
    check_served(remaining(planned, where_to_start(job, planned, None)).queues, known_queues(connection))


def _refuse_cancelled(status: JobStatus) -> None:
    """For one job that is fine; an order counts what it has done."""
    if status in {JobStatus.CANCELLED, JobStatus.CANCELLING}:
        raise Conflict(f"The job is {status} already.", code="already_finished")


def _advance(connection: WriteConnection, move: _Move, order: Row[Any], outcome: _Outcome) -> None:
    """Writes that the job was looked at, and what came of it."""
    values: dict[str, Any] = {"place": move.place + 1, "after": move.job_id, "waits": None}
    if outcome.changed:
        values["done"] = order.done + 1
    elif outcome.code:
        values["skipped"] = order.skipped + 1
        if len(order.errors) < _NAMED:
            error = {"job_id": move.job_id, "code": outcome.code, "detail": outcome.detail}
            values["errors"] = [*order.errors, error]
    connection.execute(update(bulk_orders).where(bulk_orders.c.id == move.order_id).values(values))


def _finish(database: Database, order: Row[Any]) -> None:
    with database.write() as connection:
        itself = (bulk_orders.c.id == order.id) & (bulk_orders.c.place == order.place) & is_unfinished
        connection.execute(update(bulk_orders).where(itself).values(finished_at=db_now(), waits=None))
    log.info("bulk_finished order=%s action=%s done=%d skipped=%d", order.id, order.action, order.done, order.skipped)


def _check_room(connection: WriteConnection, room: Room, cost: float) -> None:
    """As for a submit, one job alone is always let in."""
    waiting = waiting_of_all(connection)
    if waiting.jobs > 0 and (waiting.jobs + 1 > room.jobs or waiting.seconds + cost > room.seconds):
        raise _NoRoom


def _wait(database: Database, order_id: str, reason: str) -> None:
    """Notes what the order waits for."""
    with database.write() as connection:
        changed = (bulk_orders.c.id == order_id) & bulk_orders.c.waits.is_distinct_from(reason)
        connection.execute(update(bulk_orders).where(changed).values(waits=reason))
