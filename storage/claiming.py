"""Giving a step to a slot: the claim, its lease and its fencing number; and the heartbeat that keeps it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, func, select, update

from pipelines.events import EventType
from pipelines.jobs import Action, ArtifactRef, JobStatus, Phase, StepStatus
from pipelines.progress import Standing, Verdict, job_progress, judge
from storage.claims import CONTINUATION, LEASE_SECONDS, Claim, Limit, Signal, SlotChild, Work
from storage.database import WriteConnection, db_now
from storage.ending import take_over
from storage.history import NewEvent, append, tell_webhook
from storage.tables import artifacts, jobs, steps


def claim_step(
    connection: WriteConnection, job_id: str, index: int, *, publication: int, child: SlotChild, limit: Limit
) -> Claim | bool:
    """See JobStore.claim_step."""
    job = connection.execute(select(jobs).where(jobs.c.id == job_id).with_for_update()).one_or_none()
    if job is None:
        return False
    verdict = judge(_standing(job), index=index, publication=publication, slot=child.slot, owner=child.owner)
    if verdict is Verdict.TAKE_OVER:
        job = take_over(connection, job)
        if job is None:
            return False
    elif verdict is not Verdict.CLAIM:
        return verdict is Verdict.DONE
    work = _work(connection, job, index)
    return _lease(connection, job, Claim(work, child, job.fence + 1, 0.0, limit(work)))


def _standing(job: Row[Any]) -> Standing:
    return Standing(JobStatus(job.status), Phase(job.phase), job.step_index, job.publication, job.slot, job.lease_owner)


def _work(connection: WriteConnection, job: Row[Any], index: int) -> Work:
    step = connection.execute(select(steps).where(steps.c.job_id == job.id, steps.c.number == index)).one()
    inputs = connection.execute(
        select(artifacts).where(artifacts.c.job_id == job.id, artifacts.c.step_index == index - 1)
    ).all()
    return Work(
        job_id=job.id,
        index=index,
        steps=job.steps,
        kind=job.kind,
        action=Action(step.action),
        queue=step.queue,
        model=step.model,
        options=step.options,
        route=job.route,
        inputs=tuple(artifact_ref(row) for row in inputs),
    )


def artifact_ref(row: Row[Any]) -> ArtifactRef:
    """An artifact's row as a value."""
    return ArtifactRef(row.id, row.role, row.key, row.media_type, row.bytes, row.sha256, row.seconds, row.sample_rate)


def _lease(connection: WriteConnection, job: Row[Any], claim: Claim) -> Claim:
    work, child = claim.work, claim.child
    first = job.started_at is None
    started = {"step": work.index, "queue": work.queue, "worker": child.slot}
    happened = [NewEvent(EventType.JOB_STARTED)] if first else []
    happened.append(NewEvent(EventType.STEP_STARTED, started))
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == work.job_id)
        .values(
            status=JobStatus.RUNNING,
            phase=Phase.CLAIMED,
            rank=job.priority + CONTINUATION,
            fence=claim.fence,
            slot=child.slot,
            lease_owner=child.owner,
            lease_until=db_now() + LEASE_SECONDS,
            claimed_at=db_now(),
            run_limit_at=db_now() + claim.limit,
            started_at=func.coalesce(jobs.c.started_at, db_now()),
            # A step taken over from a dead child keeps the message that is under way.
            published_at=func.coalesce(jobs.c.published_at, db_now()),
            seq=jobs.c.seq + len(happened),
        )
        .returning(jobs)
    ).one()
    connection.execute(
        update(steps)
        .where(steps.c.job_id == work.job_id, steps.c.number == work.index)
        .values(status=StepStatus.RUNNING, attempts=steps.c.attempts + 1, worker=child.slot, started_at=row.claimed_at)
    )
    append(connection, work.job_id, row.seq, row.claimed_at, happened)
    if first:
        tell_webhook(connection, row, row.seq - 1, row.claimed_at, EventType.JOB_STARTED)
    return Claim(work, child, claim.fence, row.claimed_at, claim.limit)


def heartbeat(connection: WriteConnection, claim: Claim, progress: float) -> Signal:
    """See JobStore.heartbeat."""
    work = claim.work
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == work.job_id, jobs.c.fence == claim.fence, jobs.c.phase == Phase.CLAIMED)
        .values(lease_until=db_now() + LEASE_SECONDS)
        .returning(jobs.c.status, jobs.c.progress, (jobs.c.run_limit_at < db_now()).label("too_long"))
    ).one_or_none()
    if row is None:
        return Signal.LOST
    if row.status == JobStatus.CANCELLING:
        return Signal.CANCEL
    done = job_progress(work.index, work.steps, progress)
    if done - row.progress >= _PROGRESS_STEP:
        _tell_progress(connection, claim, done, progress)
    return Signal.TIMEOUT if row.too_long else Signal.GO_ON


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
