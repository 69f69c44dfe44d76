"""Cancelling: at once where no slot holds the job, else a wish on the row that the heartbeat carries to the engine."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select, update

from pipelines.errors import Conflict, NotFound
from pipelines.events import EventType
from pipelines.jobs import JobStatus, Phase, StopCause
from storage.database import WriteConnection, db_now
from storage.history import NewEvent, append, tell_webhook
from storage.outcomes import end_unclaimed
from storage.tables import jobs


class Cancelled(StrEnum):
    """What the cancellation came to."""

    CANCELLED = "cancelled"
    CANCELLING = "cancelling"


def cancel_job(connection: WriteConnection, job_id: str) -> Cancelled:
    """See JobStore.cancel."""
    job = connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one_or_none()
    if job is None:
        msg = f"There is no job {job_id}."
        raise NotFound(msg, code="job_not_found")
    status = JobStatus(job.status)
    if status in {JobStatus.CANCELLED, JobStatus.CANCELLING}:
        return Cancelled(status)
    if status.is_terminal:
        msg = f"The job has {status} and cannot be cancelled."
        raise Conflict(msg, code="already_finished")
    if job.phase != Phase.CLAIMED:
        end_unclaimed(connection, job, StopCause.REQUEST)
        return Cancelled.CANCELLED
    ask_to_stop(connection, job_id, StopCause.REQUEST)
    return Cancelled.CANCELLING


def ask_to_stop(connection: WriteConnection, job_id: str, cause: StopCause) -> None:
    """Writes the wish on the locked row of a claimed job; its slot reads it with the next heartbeat."""
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(
            status=JobStatus.CANCELLING,
            cancel_requested_at=db_now(),
            cancel_cause=cause.value,
            seq=jobs.c.seq + 1,
        )
        .returning(jobs)
    ).one()
    happened = [NewEvent(EventType.JOB_CANCELLING, {"cause": cause.value})]
    append(connection, job_id, row.seq, row.cancel_requested_at, happened)
    tell_webhook(connection, row, row.seq, row.cancel_requested_at, EventType.JOB_CANCELLING)
