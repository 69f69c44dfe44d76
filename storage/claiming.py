"""Giving a step to a slot: the claim, its lease and its fencing number; and the heartbeat that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Double, Integer, Row, Select, and_, bindparam, case, func, null, select, update

from pipelines.events import EventType
from pipelines.jobs import CONTINUATION, INPUTS, Action, ArtifactRef, JobStatus, Phase, StepStatus
from pipelines.progress import Standing, Verdict, job_progress, judge
from storage.claims import LEASE_SECONDS, Claim, Limit, Signal, SlotChild, Told, Work
from storage.database import WriteConnection, db_now
from storage.ending import take_over
from storage.history import NewEvent, append, tell_webhook
from storage.outcomes import is_overdue
from storage.pauses import is_paused, put_back
from storage.tables import artifacts, jobs, steps

# Statements of the hot path are built once: building one costs more than running it.
# One row for each input, or one without; only the job's row is locked.
_lock_job: Select[Any] = (
    select(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.status,
        jobs.c.phase,
        jobs.c.queue,
        jobs.c.priority,
        jobs.c.steps,
        jobs.c.step_index,
        jobs.c.route,
        jobs.c.publication,
        jobs.c.fence,
        jobs.c.slot,
        jobs.c.lease_owner,
        jobs.c.claimed_at,
        jobs.c.started_at,
        jobs.c.charged,
        jobs.c.webhook,
        jobs.c.cancel_cause,
        jobs.c.deadline_at,
        (jobs.c.deadline_at - db_now()).label("seconds_left"),
        is_overdue,
        jobs.c.submitter,
        jobs.c.cost,
        jobs.c.stream,
        jobs.c.output,
        is_paused(jobs.c.queue).label("paused"),
        steps.c.action,
        steps.c.model,
        steps.c.options,
        steps.c.takes,
        steps.c.attempts,
        artifacts.c.id.label("input_id"),
        artifacts.c.step_index.label("made_by"),
        artifacts.c.role,
        artifacts.c.key,
        artifacts.c.media_type,
        artifacts.c.bytes,
        artifacts.c.sha256,
        artifacts.c.seconds,
        artifacts.c.sample_rate,
    )
    .join(steps, steps.c.job_id == jobs.c.id)
    .outerjoin(
        artifacts,
        and_(
            artifacts.c.job_id == jobs.c.id,
            # Of the step before it; where it says what it takes, of all before it, to be chosen from in `_inputs`.
            artifacts.c.step_index >= case((steps.c.takes.is_(null()), steps.c.number - 1), else_=INPUTS),
            artifacts.c.step_index < steps.c.number,
        ),
    )
    .where(jobs.c.id == bindparam("of_job"), steps.c.number == bindparam("of_step"))
    .with_for_update(of=jobs)
)
_lease_job = (
    update(jobs)
    .where(jobs.c.id == bindparam("of_job"))
    .values(
        status=JobStatus.RUNNING.value,
        phase=Phase.CLAIMED.value,
        rank=jobs.c.priority + CONTINUATION,
        fence=jobs.c.fence + 1,
        slot=bindparam("by_slot"),
        lease_owner=bindparam("by_owner"),
        lease_until=db_now() + LEASE_SECONDS,
        claimed_at=db_now(),
        run_limit_at=db_now() + bindparam("run_limit", type_=Double()),
        started_at=func.coalesce(jobs.c.started_at, db_now()),
        # A step taken over from a dead child keeps the message that is under way.
        published_at=func.coalesce(jobs.c.published_at, db_now()),
        seq=jobs.c.seq + bindparam("new_events", type_=Integer()),
    )
    .returning(jobs.c.seq, jobs.c.claimed_at)
)
_start_step = (
    update(steps)
    .where(steps.c.job_id == bindparam("of_job"), steps.c.number == bindparam("of_step"))
    .values(
        status=StepStatus.RUNNING.value,
        attempts=steps.c.attempts + 1,
        worker=bindparam("by_slot"),
        started_at=bindparam("now"),
        finished_at=None,
    )
)
_renew = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.fence == bindparam("under_fence"),
        jobs.c.phase == Phase.CLAIMED.value,
    )
    .values(lease_until=db_now() + LEASE_SECONDS)
    .returning(jobs.c.status, jobs.c.progress, jobs.c.stream, (jobs.c.run_limit_at < db_now()).label("too_long"))
)


def claim_step(
    connection: WriteConnection, job_id: str, index: int, *, publication: int, child: SlotChild, limit: Limit
) -> Claim | bool:
    """See JobStore.claim_step."""
    rows = connection.execute(_lock_job, {"of_job": job_id, "of_step": index}).all()
    if not rows:
        return False
    verdict = judge(_standing(rows[0]), index=index, publication=publication, slot=child.slot, owner=child.owner)
    if rows[0].paused and verdict is not Verdict.DONE:
        # A lease that a dead child left is ended by the sweep.
        if verdict is Verdict.CLAIM:
            put_back(connection, job_id)
        return False
    if verdict is Verdict.TAKE_OVER:
        if not take_over(connection, rows[0]):
            return False
    elif verdict is not Verdict.CLAIM:
        return verdict is Verdict.DONE
    work = _work(rows, index)
    seconds = limit(work)
    if rows[0].seconds_left is not None:
        # Nothing runs on past its job's deadline, even while nobody sweeps.
        seconds = min(seconds, rows[0].seconds_left)
    job = rows[0]
    claim = Claim(work, child, job.fence + 1, 0.0, seconds, job.attempts + 1, job.stream, job.output)
    return _lease(connection, job, claim)


def _standing(job: Row[Any]) -> Standing:
    return Standing(
        JobStatus(job.status),
        Phase(job.phase),
        job.step_index,
        job.publication,
        job.slot,
        job.lease_owner,
        overdue=bool(job.overdue),
    )


def _work(rows: Sequence[Row[Any]], index: int) -> Work:
    job = rows[0]
    return Work(
        job_id=job.id,
        index=index,
        steps=job.steps,
        kind=job.kind,
        action=Action(job.action),
        queue=job.queue,
        model=job.model,
        options=job.options,
        route=job.route,
        inputs=tuple(_artifact_ref(row) for row in _inputs(rows)),
    )


def _inputs(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """The rows whose artifacts the step works on, in the order of what it takes."""
    made = [row for row in rows if row.input_id is not None]
    takes = rows[0].takes
    if takes is None:
        return made
    made.sort(key=lambda row: row.input_id)
    return [row for number, role in takes for row in made if row.made_by == number and role in {None, row.role}]


def _artifact_ref(row: Row[Any]) -> ArtifactRef:
    return ArtifactRef(
        row.input_id, row.role, row.key, row.media_type, row.bytes, row.sha256, row.seconds, row.sample_rate
    )


def _lease(connection: WriteConnection, job: Row[Any], claim: Claim) -> Claim:
    work, child = claim.work, claim.child
    first = job.started_at is None
    started = {"step": work.index, "queue": work.queue, "worker": child.slot}
    happened = [NewEvent(EventType.JOB_STARTED)] if first else []
    happened.append(NewEvent(EventType.STEP_STARTED, started))
    row = connection.execute(
        _lease_job,
        {
            "of_job": work.job_id,
            "by_slot": child.slot,
            "by_owner": child.owner,
            "run_limit": claim.limit,
            "new_events": len(happened),
        },
    ).one()
    connection.execute(
        _start_step,
        {"of_job": work.job_id, "of_step": work.index, "by_slot": child.slot, "now": row.claimed_at},
    )
    append(connection, work.job_id, row.seq, row.claimed_at, happened)
    if first:
        tell_webhook(connection, job, row.seq - 1, row.claimed_at, EventType.JOB_STARTED)
    return replace(claim, claimed_at=row.claimed_at)


def heartbeat(connection: WriteConnection, claim: Claim, progress: float) -> Told:
    """See JobStore.heartbeat."""
    work = claim.work
    row = connection.execute(_renew, {"of_job": work.job_id, "under_fence": claim.fence}).one_or_none()
    if row is None:
        return Told(Signal.LOST)
    if row.status == JobStatus.CANCELLING:
        return Told(Signal.CANCEL)
    done = job_progress(work.index, work.steps, progress)
    if done - row.progress >= _PROGRESS_STEP:
        _tell_progress(connection, claim, done, progress)
    return Told(Signal.TIMEOUT if row.too_long else Signal.GO_ON, row.stream)


#: Progress is told in whole hundredths, so that a long job does not fill its history.
_PROGRESS_STEP = 0.01


def _tell_progress(connection: WriteConnection, claim: Claim, done: float, fraction: float) -> None:
    work = claim.work
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == work.job_id)
        .values(progress=round(done, 4), seq=jobs.c.seq + 1)
        .returning(jobs.c.seq, db_now().label("at"))
    ).one()
    data = {"step": work.index, "fraction": round(fraction, 4), "progress": round(done, 4)}
    append(connection, work.job_id, row.seq, row.at, [NewEvent(EventType.STEP_PROGRESS, data)])
