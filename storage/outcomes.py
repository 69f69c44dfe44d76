"""What is written when a step leaves its slot or its job ends: the job's row, the step's, the attempt's, the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from pipelines.events import END_EVENTS, EventType
from pipelines.jobs import JobStatus, Phase, StepStatus, StopCause
from pipelines.problems import deadline_problem
from pipelines.progress import GiveUp, Retry
from storage import backlog, voice_uses
from storage.claims import LEASE_SECONDS, Claim
from storage.database import WriteConnection, db_now
from storage.history import NewEvent, append, tell_webhook
from storage.tables import attempts, jobs, steps


class Ended(StrEnum):
    """What became of the step."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRYING = "retrying"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    #: The claim was no longer the job's: nothing was written.
    LATE = "late"


#: What a job's row loses when no slot holds it any more.
UNCLAIMED: Mapping[str, Any] = {
    "slot": None,
    "lease_owner": None,
    "lease_until": None,
    "claimed_at": None,
    "run_limit_at": None,
}

#: Of a job's row: whether its deadline has passed. Null, which is false, without one.
is_overdue = (jobs.c.deadline_at <= db_now()).label("overdue")

#: Of a claimed job's row: its lease has run out, or is longer than any: nobody renewed it since the clock went back.
has_lapsed = or_(jobs.c.lease_until < db_now(), jobs.c.lease_until > db_now() + LEASE_SECONDS + 1.0)

_insert_attempt = insert(attempts)


def put_back(
    connection: WriteConnection, job: Row[Any], retry: Retry, error: Mapping[str, Any] | None, outcome: str
) -> Ended:
    """Lets the step wait until it is to be tried again."""
    # Without an error nothing went wrong: the slot was told to stop.
    code, cause = (outcome, None) if error is None else (error["code"], error["cause"])
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            **UNCLAIMED,
            phase=Phase.WAITING,
            published_at=None,
            run_at=db_now() + retry.delay,
            ready_at=db_now(),
            republished=0,
            charged=dict(retry.charged),
            seq=jobs.c.seq + 1,
        )
        .returning(jobs.c.seq, jobs.c.submitter, jobs.c.cost, db_now().label("now"))
    ).one()
    backlog.join(connection, row.submitter, row.cost)
    _set_step(connection, job, StepStatus.PENDING, None, error)
    add_attempt(connection, job, row.now, outcome, error)
    told = {"step": job.step_index, "code": code, "cause": cause, "delay": round(retry.delay, 3)}
    append(connection, job.id, row.seq, row.now, [NewEvent(EventType.STEP_RETRYING, told)])
    return Ended.RETRYING


def fail(connection: WriteConnection, job: Row[Any], spent: GiveUp, error: Mapping[str, Any], outcome: str) -> Ended:
    """Fails the step and its job: the budget of the cause is spent."""
    if error["cause"] == "lost":
        error = _with_the_lost(connection, job, error)
    told = {"step": job.step_index, "code": error["code"], "cause": error["cause"]}
    happened = [NewEvent(EventType.STEP_FAILED, told), NewEvent(EventType.JOB_FAILED, {"code": error["code"]})]
    now = _end_job(connection, job, JobStatus.FAILED, happened, charged=dict(spent.charged), **_error_values(error))
    _set_step(connection, job, StepStatus.FAILED, now, error)
    _skip_rest(connection, job, StepStatus.SKIPPED)
    add_attempt(connection, job, now, outcome, error)
    return Ended.FAILED


def _with_the_lost(connection: WriteConnection, job: Row[Any], error: Mapping[str, Any]) -> dict[str, Any]:
    """The error of a dead letter also names the workers that were lost, the last one last."""
    earlier = connection.scalars(
        select(attempts.c.worker)
        .where(attempts.c.job_id == job.id, attempts.c.step_index == job.step_index, attempts.c.outcome == "lost")
        .order_by(attempts.c.id)
    )
    workers = [*earlier, job.slot]
    detail = f"{error['detail']} Workers lost on this step: {', '.join(workers)}."
    return {**error, "detail": detail, "workers": workers}


def stop(connection: WriteConnection, job: Row[Any], outcome: str, error: Mapping[str, Any] | None = None) -> Ended:
    """Ends a claimed job that was to be stopped, or whose deadline has passed; `error` is what its attempt met."""
    status, why = _why_it_stops(job)
    happened = [NewEvent(EventType.STEP_CANCELLED, {"step": job.step_index}), _ended(status, why)]
    now = _end_job(connection, job, status, happened, **_error_values(why))
    _set_step(connection, job, StepStatus.CANCELLED, now)
    _skip_rest(connection, job, StepStatus.CANCELLED)
    add_attempt(connection, job, now, outcome, error)
    return Ended(status)


def end_unclaimed(connection: WriteConnection, job: Row[Any], cause: StopCause) -> None:
    """Cancels or expires a job that no slot holds; `job` is its locked row."""
    status, why = _stopped(job, cause)
    stamps = {"cancel_requested_at": db_now(), "cancel_cause": cause.value}
    now = _end_job(connection, job, status, [_ended(status, why)], **stamps, **_error_values(why))
    connection.execute(
        update(steps)
        .where(steps.c.job_id == job.id, steps.c.number >= job.step_index)
        .values(status=StepStatus.CANCELLED, finished_at=now)
    )


def fail_unclaimed(connection: WriteConnection, job: Row[Any], error: Mapping[str, Any]) -> None:
    """Fails a job that no slot holds, for a reason outside of its steps; `job` is its locked row."""
    _end_job(
        connection,
        job,
        JobStatus.FAILED,
        [NewEvent(EventType.JOB_FAILED, {"code": error["code"]})],
        **_error_values(error),
    )
    connection.execute(
        update(steps)
        .where(steps.c.job_id == job.id, steps.c.number >= job.step_index)
        .values(status=StepStatus.SKIPPED)
    )


def is_to_stop(job: Row[Any]) -> bool:
    """Whether a locked row with `overdue` says that its job may neither go on nor be tried again."""
    return job.status == JobStatus.CANCELLING or bool(job.overdue)


def _why_it_stops(job: Row[Any]) -> tuple[JobStatus, dict[str, Any] | None]:
    # A job that somebody cancelled ends cancelled, though its deadline may have passed since.
    asked = job.status == JobStatus.CANCELLING and job.cancel_cause != StopCause.DEADLINE
    return _stopped(job, StopCause.REQUEST if asked else StopCause.DEADLINE)


def _stopped(job: Row[Any], cause: StopCause) -> tuple[JobStatus, dict[str, Any] | None]:
    if cause is StopCause.REQUEST:
        return JobStatus.CANCELLED, None
    return JobStatus.EXPIRED, deadline_problem(job.deadline_at, job.step_index, job.steps)


def _ended(status: JobStatus, why: Mapping[str, Any] | None) -> NewEvent:
    return NewEvent(END_EVENTS[status], {} if why is None else {"code": why["code"]})


def _error_values(error: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a job's row says of an error: lists find jobs by its code."""
    return {} if error is None else {"error": dict(error), "error_code": error["code"]}


def _end_job(
    connection: WriteConnection, job: Row[Any], status: JobStatus, happened: Sequence[NewEvent], **more: object
) -> float:
    """Moves the job into a terminal state with its events and webhook; the moment by the database's clock."""
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            **UNCLAIMED,
            **more,
            status=status,
            phase=Phase.ENDED,
            published_at=None,
            finished_at=db_now(),
            expires_at=db_now() + jobs.c.expires_in,
            seq=jobs.c.seq + len(happened),
        )
        .returning(jobs)
    ).one()
    if job.phase == Phase.WAITING:
        backlog.leave(connection, row.submitter, row.cost)
    voice_uses.refuse(connection, row.id, row.kind, row.error)
    append(connection, row.id, row.seq, row.finished_at, happened)
    tell_webhook(connection, row, row.seq, row.finished_at, END_EVENTS[status])
    now: float = row.finished_at
    return now


def _set_step(
    connection: WriteConnection,
    job: Row[Any],
    status: StepStatus,
    finished_at: float | None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """The job's current step."""
    connection.execute(
        update(steps)
        .where(steps.c.job_id == job.id, steps.c.number == job.step_index)
        .values(status=status, finished_at=finished_at, error=None if error is None else dict(error))
    )


def _skip_rest(connection: WriteConnection, job: Row[Any], status: StepStatus) -> None:
    connection.execute(
        update(steps).where(steps.c.job_id == job.id, steps.c.number > job.step_index).values(status=status)
    )


def claim_row(claim: Claim) -> dict[str, Any]:
    """What an attempt's row takes from a claim whose job row has moved on already."""
    work = claim.work
    return {
        "job_id": work.job_id,
        "step_index": work.index,
        "fence": claim.fence,
        "queue": work.queue,
        "worker": claim.child.slot,
        "started_at": claim.claimed_at,
    }


def add_attempt(
    connection: WriteConnection,
    source: Row[Any] | Mapping[str, Any],
    now: float,
    outcome: str,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Writes down how a claim ended; `source` is the job's row as it was claimed, or `claim_row`."""
    held = (
        source
        if isinstance(source, Mapping)
        else {
            "job_id": source.id,
            "step_index": source.step_index,
            "fence": source.fence,
            "queue": source.queue,
            "worker": source.slot,
            "started_at": source.claimed_at,
        }
    )
    cause = None if error is None else error["cause"]
    ended = {"finished_at": now, "outcome": outcome, "cause": cause, "error": None if error is None else dict(error)}
    connection.execute(_insert_attempt, {**held, **ended})
