"""How a claim ends: completed, failed, stopped or lost. Whoever comes late, by fencing number, changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from pipelines.errors import Cause
from pipelines.events import END_EVENTS, EventType
from pipelines.jobs import JobStatus, Phase, Purpose, StepStatus
from pipelines.problems import cause_problem
from pipelines.progress import GiveUp, Retry, after_failure, job_progress
from storage.claims import Claim, Held
from storage.database import WriteConnection, db_now
from storage.history import NewEvent, append, tell_webhook
from storage.submitting import NewArtifact, StepKey, add_artifacts
from storage.tables import attempts, jobs, steps


class Ended(StrEnum):
    """What became of the step."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRYING = "retrying"
    CANCELLED = "cancelled"
    #: The claim was no longer the job's: nothing was written.
    LATE = "late"


#: What a job's row loses when no slot holds it any more.
_UNCLAIMED: Mapping[str, Any] = {
    "slot": None,
    "lease_owner": None,
    "lease_until": None,
    "claimed_at": None,
    "run_limit_at": None,
}


# Statements of the hot path are built once: building one costs more than running it.
_held_job = update(jobs).where(
    jobs.c.id == bindparam("of_job"),
    jobs.c.fence == bindparam("under_fence"),
    jobs.c.phase == Phase.CLAIMED.value,
    jobs.c.status == JobStatus.RUNNING.value,
)
_succeed_job = _held_job.values(
    **_UNCLAIMED,
    status=JobStatus.SUCCEEDED.value,
    phase=Phase.ENDED.value,
    finished_at=db_now(),
    progress=1.0,
    output=bindparam("new_output", type_=jobs.c.output.type),
    seq=jobs.c.seq + 2,
).returning(jobs.c.id, jobs.c.seq, jobs.c.webhook, jobs.c.finished_at.label("now"))
# The chain's next message has the publication of this one, so the job stays published.
_advance_job = _held_job.values(
    **_UNCLAIMED,
    phase=Phase.PUBLISHED.value,
    step_index=bindparam("new_step"),
    route=bindparam("new_route"),
    queue=bindparam("new_queue"),
    progress=bindparam("new_progress"),
    ready_at=db_now(),
    republished=0,
    charged={},
    seq=jobs.c.seq + 1,
).returning(jobs.c.id, jobs.c.seq, jobs.c.webhook, jobs.c.ready_at.label("now"))
_succeed_step = (
    update(steps)
    .where(steps.c.job_id == bindparam("of_job"), steps.c.number == bindparam("of_step"))
    .values(status=StepStatus.SUCCEEDED.value, finished_at=bindparam("now"), error=None)
)
_insert_attempt = insert(attempts)

#: A longer document stays in its artifact only, so that a job's row and its answers stay small.
_LONGEST_DOCUMENT = 64 * 1024


def complete_step(
    connection: WriteConnection, claim: Claim, outputs: Sequence[NewArtifact], document: Mapping[str, Any] | None
) -> Ended:
    """See JobStore.complete_step."""
    work = claim.work
    happened = [NewEvent(EventType.STEP_SUCCEEDED, {"step": work.index})]
    held = {"of_job": work.job_id, "under_fence": claim.fence}
    if work.is_last:
        happened.append(NewEvent(EventType.JOB_SUCCEEDED))
        short = document is not None and sum(item.bytes for item in outputs) <= _LONGEST_DOCUMENT
        row = connection.execute(_succeed_job, {**held, "new_output": document if short else None}).one_or_none()
    else:
        ahead = work.route.partition(">")[2]
        moved = {
            "new_step": work.index + 1,
            "new_route": ahead,
            "new_queue": ahead.partition(">")[0],
            "new_progress": job_progress(work.index, work.steps, 1.0),
        }
        row = connection.execute(_advance_job, {**held, **moved}).one_or_none()
    if row is None:
        return stop_step(connection, claim)
    done = {"of_job": work.job_id, "of_step": work.index, "now": row.now}
    connection.execute(_succeed_step, done)
    _add_attempt(connection, claim_row(claim), row.now, "succeeded")
    purpose = Purpose.RESULT if work.is_last else Purpose.INTERMEDIATE
    add_artifacts(connection, StepKey(work.job_id, work.index), purpose, outputs, row.now)
    append(connection, work.job_id, row.seq, row.now, happened)
    if work.is_last:
        tell_webhook(connection, row, row.seq, row.now, EventType.JOB_SUCCEEDED)
    return Ended.SUCCEEDED


def fail_step(connection: WriteConnection, claim: Claim, cause: Cause, error: Mapping[str, Any]) -> Ended:
    """See JobStore.fail_step."""
    job = _held(connection, claim.work.job_id, claim.fence)
    return Ended.LATE if job is None else _release(connection, job, cause, error, "failed")


def stop_step(connection: WriteConnection, claim: Claim) -> Ended:
    """See JobStore.stop_step. A claim that finished though it was asked to stop ends here, too (invariant 5)."""
    job = _held(connection, claim.work.job_id, claim.fence)
    if job is None or job.status != JobStatus.CANCELLING:
        return Ended.LATE
    return _cancel(connection, job, "cancelled")


def lose_claim(
    connection: WriteConnection, held: Held, cause: Cause, detail: str, end_holder: Callable[[], None] | None = None
) -> Ended:
    """See JobStore.lose_claim."""
    job = _held(connection, held.job_id, held.fence)
    if job is None:
        return Ended.LATE
    if end_holder is not None:
        end_holder()
    return _release(connection, job, cause, _lost(cause, detail), "lost")


def take_over(connection: WriteConnection, job: Row[Any]) -> bool:
    """Ends the claim of a slot's dead child; whether the step may be claimed again."""
    error = _lost("lost", f"The process of {job.slot} that ran this step ended without a word.")
    return _release(connection, job, "lost", error, "lost") is Ended.RETRYING


#: The code that a job fails with when the budget of a cause is spent.
_LOST_CODES = {"lost": "worker_lost", "timeout": "step_timeout"}


def _lost(cause: Cause, detail: str) -> dict[str, Any]:
    return cause_problem(cause, code=_LOST_CODES[cause], detail=detail)


def _held(connection: WriteConnection, job_id: str, fence: int) -> Row[Any] | None:
    """The job's row, locked, if `fence` is still the number under which its step runs."""
    return connection.execute(
        select(jobs).where(jobs.c.id == job_id, jobs.c.fence == fence, jobs.c.phase == Phase.CLAIMED).with_for_update()
    ).one_or_none()


def _release(connection: WriteConnection, job: Row[Any], cause: Cause, error: Mapping[str, Any], outcome: str) -> Ended:
    if job.status == JobStatus.CANCELLING:
        return _cancel(connection, job, outcome)
    decision = after_failure(cause, job.charged)
    if isinstance(decision, Retry):
        return _put_back(connection, job, decision, error, outcome)
    return _fail(connection, job, decision, error, outcome)


def _put_back(
    connection: WriteConnection, job: Row[Any], retry: Retry, error: Mapping[str, Any], outcome: str
) -> Ended:
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            **_UNCLAIMED,
            phase=Phase.WAITING,
            published_at=None,
            run_at=db_now() + retry.delay,
            ready_at=db_now(),
            republished=0,
            charged=dict(retry.charged),
            seq=jobs.c.seq + 1,
        )
        .returning(jobs.c.seq, db_now().label("now"))
    ).one()
    _set_step(connection, job, StepStatus.PENDING, None, error)
    _add_attempt(connection, job, row.now, outcome, error)
    told = {"step": job.step_index, "code": error["code"], "cause": error["cause"], "delay": round(retry.delay, 3)}
    append(connection, job.id, row.seq, row.now, [NewEvent(EventType.STEP_RETRYING, told)])
    return Ended.RETRYING


def _fail(connection: WriteConnection, job: Row[Any], spent: GiveUp, error: Mapping[str, Any], outcome: str) -> Ended:
    told = {"step": job.step_index, "code": error["code"], "cause": error["cause"]}
    happened = [NewEvent(EventType.STEP_FAILED, told), NewEvent(EventType.JOB_FAILED, {"code": error["code"]})]
    now = _end_job(connection, job, JobStatus.FAILED, happened, charged=dict(spent.charged), error=dict(error))
    _set_step(connection, job, StepStatus.FAILED, now, error)
    _skip_rest(connection, job, StepStatus.SKIPPED)
    _add_attempt(connection, job, now, outcome, error)
    return Ended.FAILED


def _cancel(connection: WriteConnection, job: Row[Any], outcome: str) -> Ended:
    happened = [NewEvent(EventType.STEP_CANCELLED, {"step": job.step_index}), NewEvent(EventType.JOB_CANCELLED)]
    now = _end_job(connection, job, JobStatus.CANCELLED, happened)
    _set_step(connection, job, StepStatus.CANCELLED, now)
    _skip_rest(connection, job, StepStatus.CANCELLED)
    _add_attempt(connection, job, now, outcome)
    return Ended.CANCELLED


def cancel_unclaimed(connection: WriteConnection, job: Row[Any]) -> None:
    """Ends a job that no slot holds; `job` is its locked row."""
    now = _end_job(
        connection, job, JobStatus.CANCELLED, [NewEvent(EventType.JOB_CANCELLED)], cancel_requested_at=db_now()
    )
    connection.execute(
        update(steps)
        .where(steps.c.job_id == job.id, steps.c.number >= job.step_index)
        .values(status=StepStatus.CANCELLED, finished_at=now)
    )


def _end_job(
    connection: WriteConnection, job: Row[Any], status: JobStatus, happened: Sequence[NewEvent], **more: object
) -> float:
    """Moves the job into a terminal state with its events and webhook; the moment by the database's clock."""
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            **_UNCLAIMED,
            **more,
            status=status,
            phase=Phase.ENDED,
            published_at=None,
            finished_at=db_now(),
            seq=jobs.c.seq + len(happened),
        )
        .returning(jobs)
    ).one()
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


def _add_attempt(
    connection: WriteConnection,
    source: Row[Any] | Mapping[str, Any],
    now: float,
    outcome: str,
    error: Mapping[str, Any] | None = None,
) -> None:
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
