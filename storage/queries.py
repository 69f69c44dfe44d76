"""Reading jobs, events and artifacts: what GET and lists need, each at a constant cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select

from pipelines.jobs import Action, JobStatus, Phase, Purpose
from storage.backlog import Waiting, waiting_of
from storage.database import AnyConnection, Database, db_now
from storage.filters import JobFilter, Page, page_ids
from storage.places import place, places
from storage.positions import last_position
from storage.submitting import Idempotency, made_by
from storage.tables import artifacts, attempts, events, idempotency_keys, jobs, steps
from storage.tables_webhooks import webhook_deliveries
from storage.tables_workers import dispatcher


@dataclass(frozen=True)
class JobRows:
    """A job with its steps and results."""

    job: Row[Any]
    steps: Sequence[Row[Any]]
    results: Sequence[Row[Any]]
    queue_position: int | str | None
    #: Every attempt of its steps that has ended, in order; None where they were not asked for.
    attempts: Sequence[Row[Any]] | None = None
    #: The recordings that it took; None where they were not asked for.
    inputs: Sequence[Row[Any]] | None = None


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
        with self._database.read() as connection:
            ids = page_ids(connection, which, Page(limit, after, before))
            rows = connection.execute(_PAGE, {"ids": ids}).all() if ids else []
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
            return connection.scalar(select(last_position)) or 0

    def artifact(self, artifact_id: str) -> Row[Any] | None:
        """An artifact's row."""
        with self._database.read() as connection:
            return connection.execute(select(artifacts).where(artifacts.c.id == artifact_id)).one_or_none()

    def attempts(self, job_id: str) -> list[Row[Any]]:
        """Every attempt of the job's steps, in order."""
        with self._database.read() as connection:
            return list(connection.execute(_ATTEMPTS, {"job_id": job_id}).all())

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

    def waiting_of(self, submitter: str) -> Waiting:
        """What waits of a submitter."""
        with self._database.read() as connection:
            return waiting_of(connection, submitter)

    def knows_key(self, submitter: str, key: str) -> bool:
        """Whether a job was accepted under this idempotency key."""
        query = select(idempotency_keys.c.job_id).where(
            idempotency_keys.c.submitter == submitter, idempotency_keys.c.key == key
        )
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def made_by(self, used: Idempotency) -> str | None:
        """The id of the job that this very request has made under its key."""
        with self._database.read() as connection:
            return made_by(connection, used)


# The statements of every GET, every submit and every long-poll, made once: building one costs as much as running it.
_JOB = select(jobs).where(jobs.c.id == bindparam("job_id"))
_PAGE = select(jobs).where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.id.desc())
_VERSION = select(jobs.c.seq, jobs.c.status).where(jobs.c.id == bindparam("job_id"))
_STEPS = select(steps).where(steps.c.job_id == bindparam("job_id")).order_by(steps.c.number)
_ATTEMPTS = select(attempts).where(attempts.c.job_id == bindparam("job_id")).order_by(attempts.c.id)
_INPUTS = (
    select(artifacts)
    .where(artifacts.c.job_id == bindparam("job_id"), artifacts.c.purpose == Purpose.INPUT)
    .order_by(artifacts.c.id)
)
_RESULTS = (
    select(artifacts)
    .where(artifacts.c.job_id == bindparam("job_id"), artifacts.c.purpose == Purpose.RESULT)
    .order_by(artifacts.c.id)
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
    ended = connection.execute(_ATTEMPTS, itself).all() if any(step.attempts for step in own) else ()
    # Every recording is decoded; text is in the request itself, so speech alone needs no look.
    listens = any(step.action == Action.DECODE for step in own)
    taken = connection.execute(_INPUTS, itself).all() if listens else ()
    position = place(connection, job) if job.phase == Phase.WAITING else None
    return JobRows(job, own, results, position, ended, taken)


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
    waiting = places(connection, rows)
    return [JobRows(row, *by_job[row.id], waiting.get(row.id)) for row in rows]
