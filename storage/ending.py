"""How a claim ends: completed, failed, stopped or lost. Whoever comes late, by fencing number, changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, or_, select, update

from pipelines.errors import Cause
from pipelines.events import EventType
from pipelines.jobs import JobStatus, Phase, Purpose, StepStatus
from pipelines.problems import cause_problem
from pipelines.progress import Retry, after_failure, job_progress
from storage import backlog, voice_uses
from storage.claims import Claim, Held
from storage.database import WriteConnection, db_now
from storage.history import NewEvent, append, tell_webhook
from storage.outcomes import (
    UNCLAIMED,
    Ended,
    add_attempt,
    claim_row,
    fail,
    has_lapsed,
    is_overdue,
    is_to_stop,
    put_back,
    stop,
)
from storage.submitting import NewArtifact, StepKey, add_artifacts
from storage.tables import jobs, steps

# Statements of the hot path are built once: building one costs more than running it.
_held_job = update(jobs).where(
    jobs.c.id == bindparam("of_job"),
    jobs.c.fence == bindparam("under_fence"),
    jobs.c.phase == Phase.CLAIMED.value,
    jobs.c.status == JobStatus.RUNNING.value,
    # What has not ended by its deadline expires, however close it came.
    or_(jobs.c.deadline_at.is_(None), jobs.c.deadline_at > db_now()),
)
_succeed_job = _held_job.values(
    **UNCLAIMED,
    status=JobStatus.SUCCEEDED.value,
    phase=Phase.ENDED.value,
    finished_at=db_now(),
    expires_at=db_now() + jobs.c.expires_in,
    progress=1.0,
    output=bindparam("new_output", type_=jobs.c.output.type),
    seq=jobs.c.seq + 2,
).returning(jobs.c.id, jobs.c.seq, jobs.c.webhook, jobs.c.finished_at.label("now"))
# The chain's next message has the publication of this one, so the job stays published.
_advance_job = _held_job.values(
    **UNCLAIMED,
    phase=Phase.PUBLISHED.value,
    step_index=bindparam("new_step"),
    route=bindparam("new_route"),
    queue=bindparam("new_queue"),
    progress=bindparam("new_progress"),
    output=bindparam("new_output", type_=jobs.c.output.type),
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

#: A longer document stays in its artifact only, so that a job's row and its answers stay small.
_LONGEST_DOCUMENT = 64 * 1024


def complete_step(
    connection: WriteConnection,
    claim: Claim,
    outputs: Sequence[NewArtifact],
    document: Mapping[str, Any] | None,
    said: Mapping[str, Any] | None,
) -> Ended:
    """See JobStore.complete_step."""
    work = claim.work
    happened = [NewEvent(EventType.STEP_SUCCEEDED, {"step": work.index})]
    held = {"of_job": work.job_id, "under_fence": claim.fence}
    if work.is_last:
        happened.append(NewEvent(EventType.JOB_SUCCEEDED))
        # A document is stored as an artifact, too, except for a few words about a recording.
        written = sum(item.bytes for item in outputs if item.media_type == "application/json")
        short = document is not None and written <= _LONGEST_DOCUMENT
        whole = {**(claim.said or {}), **(said or {}), **((document or {}) if short else {})}
        row = connection.execute(_succeed_job, {**held, "new_output": whole or None}).one_or_none()
    else:
        ahead = work.route.partition(">")[2]
        moved = {
            "new_step": work.index + 1,
            "new_route": ahead,
            "new_queue": ahead.partition(">")[0],
            "new_progress": job_progress(work.index, work.steps, 1.0),
            "new_output": {**(claim.said or {}), **(said or {})} or None,
        }
        row = connection.execute(_advance_job, {**held, **moved}).one_or_none()
    if row is None:
        return stop_step(connection, claim)
    done = {"of_job": work.job_id, "of_step": work.index, "now": row.now}
    connection.execute(_succeed_step, done)
    add_attempt(connection, claim_row(claim), row.now, "succeeded")
    purpose = Purpose.RESULT if work.is_last else Purpose.INTERMEDIATE
    add_artifacts(connection, StepKey(work.job_id, work.index), purpose, outputs, row.now)
    voice_uses.learn(connection, work.options, outputs, document)
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
    if job is None or not is_to_stop(job):
        return Ended.LATE
    return stop(connection, job, "cancelled")


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


def lose_lapsed(connection: WriteConnection, held: Held, detail: str) -> Ended:
    """See JobStore.lose_lapsed."""
    job = _held(connection, held.job_id, held.fence, has_lapsed)
    return Ended.LATE if job is None else _release(connection, job, "lost", _lost("lost", detail), "lost")


def hand_back(connection: WriteConnection, held: Held, end_holder: Callable[[], None]) -> Ended:
    """See JobStore.hand_back."""
    job = _held(connection, held.job_id, held.fence)
    if job is None:
        return Ended.LATE
    end_holder()
    if is_to_stop(job):
        return stop(connection, job, "handed_back")
    return put_back(connection, job, Retry(0.0, job.charged), None, "handed_back")


def take_over(connection: WriteConnection, job: Row[Any]) -> bool:
    """Ends the claim of a slot's dead child; whether the step may be claimed again."""
    error = _lost("lost", f"The process of {job.slot} that ran this step ended without a word.")
    if _release(connection, job, "lost", error, "lost") is not Ended.RETRYING:
        return False
    backlog.leave(connection, job.submitter, job.cost)
    return True


#: The code that a job fails with when the budget of a cause is spent.
_LOST_CODES = {"lost": "worker_lost", "timeout": "step_timeout"}


def _lost(cause: Cause, detail: str) -> dict[str, Any]:
    return cause_problem(cause, code=_LOST_CODES[cause], detail=detail)


def _held(
    connection: WriteConnection, job_id: str, fence: int, condition: ColumnElement[bool] | None = None
) -> Row[Any] | None:
    """The job's row, locked, if `fence` is still the number under which its step runs, and `condition` holds."""
    return connection.execute(
        select(jobs, is_overdue)
        .where(jobs.c.id == job_id, jobs.c.fence == fence, jobs.c.phase == Phase.CLAIMED)
        .where(*([] if condition is None else [condition]))
        .with_for_update()
    ).one_or_none()


def _release(connection: WriteConnection, job: Row[Any], cause: Cause, error: Mapping[str, Any], outcome: str) -> Ended:
    if is_to_stop(job):
        return stop(connection, job, outcome, error)
    decision = after_failure(cause, job.charged)
    if isinstance(decision, Retry):
        return put_back(connection, job, decision, error, outcome)
    return fail(connection, job, decision, error, outcome)
