"""Reading jobs, events and artifacts: what GET and lists need, each at a constant cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, bindparam, func, or_, select, tuple_

from pipelines.jobs import JobStatus, Phase, Purpose
from storage.database import AnyConnection, Database, db_now
from storage.tables import (
    artifacts,
    attempts,
    dispatcher,
    events,
    is_waiting,
    job_labels,
    jobs,
    steps,
    webhook_deliveries,
)

#: Positions behind more than this many jobs are told as "1000+".
_EXACT_POSITION = 1000


@dataclass(frozen=True)
class JobRows:
    """A job with its steps and results."""

    job: Row[Any]
    steps: Sequence[Row[Any]]
    results: Sequence[Row[Any]]
    queue_position: int | str | None


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list holds; None is any. Times: seconds since 1970; `text` begins an id or a label's value."""

    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


class JobReader:
    """Queries over jobs; never writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: str) -> JobRows | None:
        """The job with its steps and results, as of one moment each."""
        with self._database.read() as connection:
            job = connection.execute(_JOB, {"job_id": job_id}).one_or_none()
            return None if job is None else _with_own_parts(connection, job)

    def version(self, job_id: str) -> tuple[int, str] | None:
        """The job's last event number and status: what an ETag and a long-poll need."""
        with self._database.read() as connection:
            row = connection.execute(_VERSION, {"job_id": job_id}).one_or_none()
        return None if row is None else (row.seq, row.status)

    def page(self, which: JobFilter, *, limit: int, after: str | None, before: str | None) -> list[JobRows]:
        """Newest first; `after` goes on behind that id, `before` gives the page in front of it."""
        query = select(jobs).where(*_conditions(which))
        if before is not None:
            page = query.where(jobs.c.id > before).order_by(jobs.c.id).limit(limit)
        else:
            if after is not None:
                query = query.where(jobs.c.id < after)
            page = query.order_by(jobs.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            rows = list(connection.execute(page).all())
            if before is not None:
                rows.reverse()
            return _with_parts(connection, rows)

    def events(self, job_id: str, after: int, limit: int = 1000) -> list[Row[Any]]:
        """The job's events behind number `after`."""
        with self._database.read() as connection:
            return list(connection.execute(_EVENTS, {"job_id": job_id, "after": after, "limit": limit}).all())

    def all_events(self, after: int, limit: int = 1000) -> list[Row[Any]]:
        """Events of every job behind position `after`; those without a position yet come later."""
        with self._database.read() as connection:
            return list(connection.execute(_ALL_EVENTS, {"after": after, "limit": limit}).all())

    def last_position(self) -> int:
        """The newest position that was given."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(events.c.position))) or 0

    def artifact(self, artifact_id: str) -> Row[Any] | None:
        """An artifact's row."""
        with self._database.read() as connection:
            return connection.execute(select(artifacts).where(artifacts.c.id == artifact_id)).one_or_none()

    def attempts(self, job_id: str) -> list[Row[Any]]:
        """Every attempt of the job's steps, in order."""
        query = select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.id)
        with self._database.read() as connection:
            return list(connection.execute(query).all())

    def deliveries(self, job_id: str) -> list[Row[Any]]:
        """The job's webhook deliveries."""
        query = select(webhook_deliveries).where(webhook_deliveries.c.job_id == job_id)
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(webhook_deliveries.c.id)).all())

    def events_of(self, job_ids: Sequence[str], after: int) -> list[Row[Any]]:
        """Events behind number `after` of several jobs, each job's in order."""
        with self._database.read() as connection:
            return list(connection.execute(_EVENTS_OF, {"job_ids": list(job_ids), "after": after}).all())

    def versions(self, job_ids: Sequence[str]) -> dict[str, int]:
        """The last event number of several jobs."""
        with self._database.read() as connection:
            return {row.id: row.seq for row in connection.execute(_VERSIONS, {"job_ids": list(job_ids)})}

    def dispatcher(self) -> Row[Any] | None:
        """What the dispatcher last wrote of itself and of the broker, and how many seconds ago (`age`)."""
        query = select(dispatcher, (db_now() - dispatcher.c.seen_at).label("age"))
        with self._database.read() as connection:
            return connection.execute(query).one_or_none()

    def count_waiting(self, limit: int) -> int:
        """How many jobs wait for the dispatcher, counted up to `limit`; for when it does not count them itself."""
        some = select(jobs.c.id).where(is_waiting).limit(limit).subquery()
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(some)) or 0


# The statements of every GET, every submit and every long-poll, made once: building one costs as much as running it.
_JOB = select(jobs).where(jobs.c.id == bindparam("job_id"))
_VERSION = select(jobs.c.seq, jobs.c.status).where(jobs.c.id == bindparam("job_id"))
_STEPS = select(steps).where(steps.c.job_id == bindparam("job_id")).order_by(steps.c.number)
_RESULTS = (
    select(artifacts)
    .where(artifacts.c.job_id == bindparam("job_id"), artifacts.c.purpose == Purpose.RESULT)
    .order_by(artifacts.c.id)
)
_AHEAD = select(func.count()).select_from(
    select(jobs.c.id)
    .where(
        is_waiting,
        jobs.c.route == bindparam("route"),
        tuple_(jobs.c.rank, jobs.c.id)
        < tuple_(bindparam("rank", type_=Integer), bindparam("job_id", type_=jobs.c.id.type)),
    )
    .limit(_EXACT_POSITION)
    .subquery()
)
_EVENTS = (
    select(events)
    .where(events.c.job_id == bindparam("job_id"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("limit"))
)
_ALL_EVENTS = (
    select(events).where(events.c.position > bindparam("after")).order_by(events.c.position).limit(bindparam("limit"))
)
_EVENTS_OF = (
    select(events)
    .where(events.c.job_id.in_(bindparam("job_ids", expanding=True)), events.c.seq > bindparam("after"))
    .order_by(events.c.job_id, events.c.seq)
)
_VERSIONS = select(jobs.c.id, jobs.c.seq).where(jobs.c.id.in_(bindparam("job_ids", expanding=True)))


def _with_own_parts(connection: AnyConnection, job: Row[Any]) -> JobRows:
    itself = {"job_id": job.id}
    own = connection.execute(_STEPS, itself).all()
    # Artifacts become results with the job's last step, not before.
    results = connection.execute(_RESULTS, itself).all() if job.status == JobStatus.SUCCEEDED else ()
    return JobRows(job, own, results, _position(connection, job) if job.phase == Phase.WAITING else None)


def _with_parts(connection: AnyConnection, rows: Sequence[Row[Any]]) -> list[JobRows]:
    ids = [row.id for row in rows]
    if not ids:
        return []
    by_job: dict[str, tuple[list[Row[Any]], list[Row[Any]]]] = {job_id: ([], []) for job_id in ids}
    for step in connection.execute(select(steps).where(steps.c.job_id.in_(ids)).order_by(steps.c.number)):
        by_job[step.job_id][0].append(step)
    results = select(artifacts).where(artifacts.c.job_id.in_(ids), artifacts.c.purpose == Purpose.RESULT)
    for artifact in connection.execute(results.order_by(artifacts.c.id)):
        by_job[artifact.job_id][1].append(artifact)
    positions = _positions(connection, rows)
    return [JobRows(row, *by_job[row.id], positions.get(row.id)) for row in rows]


def _positions(connection: AnyConnection, rows: Sequence[Row[Any]]) -> dict[str, int | str]:
    """Places of the waiting jobs among `rows` in their route's order; a job in another phase has none."""
    waiting = [row for row in rows if row.phase == Phase.WAITING]
    if len(waiting) == 1:
        return {waiting[0].id: _position(connection, waiting[0])}
    first: dict[str, int] = {}
    # One walk along the beginning of each route, however many jobs of the page wait there.
    for route in {row.route for row in waiting}:
        query = select(jobs.c.id).where(is_waiting, jobs.c.route == route)
        ids = connection.scalars(query.order_by(jobs.c.rank, jobs.c.id).limit(_EXACT_POSITION))
        first.update((job_id, place) for place, job_id in enumerate(ids, start=1))
    return {row.id: first.get(row.id, f"{_EXACT_POSITION}+") for row in waiting}


def _position(connection: AnyConnection, job: Row[Any]) -> int | str:
    """How many jobs of its route go before it, plus one."""
    count = connection.scalar(_AHEAD, {"route": job.route, "rank": job.rank, "job_id": job.id}) or 0
    return f"{_EXACT_POSITION}+" if count >= _EXACT_POSITION else count + 1


def _conditions(which: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (jobs.c.status, which.statuses),
        (jobs.c.kind, which.kinds),
        (jobs.c.model, which.models),
        (jobs.c.voice, which.voices),
    ):
        if values:
            found.append(column.in_(values))
    # Ids sort by time to the millisecond, so the time filters walk the primary key.
    if which.created_after is not None:
        found.append(jobs.c.id > _id_at(which.created_after))
    if which.created_before is not None:
        found.append(jobs.c.id < _id_at(which.created_before))
    for key, value in which.labels.items():
        labelled = select(job_labels.c.job_id).where(job_labels.c.key == key, job_labels.c.value == value)
        found.append(jobs.c.id.in_(labelled))
    if which.text:
        end = which.text + "\U0010ffff"
        labelled = select(job_labels.c.job_id).where(job_labels.c.value >= which.text, job_labels.c.value < end)
        found.append(or_((jobs.c.id >= which.text) & (jobs.c.id < end), jobs.c.id.in_(labelled)))
    return found


def _id_at(seconds: float) -> str:
    """The smallest id of a job made at `seconds`: UUIDv7 begins with 48 bits of milliseconds."""
    stamp = f"{max(0, int(seconds * 1000)):012x}"
    return f"job_{stamp[:8]}-{stamp[8:]}"
