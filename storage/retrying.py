"""Running a finished job again: a new job that takes over the finished steps with their bytes, and does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, insert, select, update

from pipelines.catalog import Capability
from pipelines.errors import Conflict, Gone, InvalidRequest, NotFound
from pipelines.ids import new_id
from pipelines.jobs import INPUTS, Action, JobStatus, Plan, Priority, Purpose, Step, StepStatus
from storage import voice_uses
from storage.backlog import Room
from storage.database import WriteConnection
from storage.submitting import Idempotency, Submission, Submitted, made_by, recall, submit
from storage.tables import artifacts, jobs, steps
from storage.voice_uses import FORGOTTEN


@dataclass(frozen=True)
class Retry:
    """What is asked; None leaves it as it was in the job that is retried, but no deadline is inherited."""

    #: Of the new job.
    id: str
    of: str
    #: The step to begin with, by name or number; else the first that has not succeeded.
    start: str | None = None
    priority: Priority | None = None
    deadline_at: float | None = None
    expires_in: float | None = None
    idempotency: Idempotency | None = None


def retry(connection: WriteConnection, asked: Retry, room: Room | None = None) -> Submitted:
    """See JobStore.retry."""
    if asked.idempotency is not None and (earlier := made_by(connection, asked.idempotency)) is not None:
        return Submitted(earlier, replayed=True)
    # Held against delete and retention until the new job's own rows name the bytes.
    old = connection.execute(select(jobs).where(jobs.c.id == asked.of).with_for_update(read=True)).one_or_none()
    if old is None:
        msg = f"There is no job {asked.of[:64]}."
        raise NotFound(msg, code="job_not_found")
    if asked.idempotency is not None:
        # Only what was asked for otherwise is refused here.
        recall(connection, old.submitter, asked.idempotency)
    planned = connection.execute(select(steps).where(steps.c.job_id == old.id).order_by(steps.c.number)).all()
    start = where_to_start(old, planned, asked.start)
    held = voice_uses.held_by(connection, old.id)
    submitted = submit(connection, replace(_submission(asked, old, planned, start), holds_voices=held), room)
    if not submitted.replayed:
        _take_over(connection, old.id, submitted.id, planned[:start])
        voice_uses.check_again(connection, old.id, submitted.id)
    return submitted


def where_to_start(job: Row[Any], planned: Sequence[Row[Any]], asked: str | None) -> int:
    """The number of the step that a retry of `job` begins with.

    Conflict for a job that goes on, or has succeeded and no step is named; Gone where what it worked on was removed;
    InvalidRequest for a step that is none of its own, or comes after one that has not succeeded.
    """
    status = JobStatus(job.status)
    if not status.is_terminal:
        msg = f"The job is {status}; it can be retried once it has ended."
        raise Conflict(msg, code="not_finished", retry_after=1)
    if job.removed_at is not None:
        msg = "What the job worked on has been removed; submit it anew."
        raise Gone(msg, code="result_expired")
    if any(FORGOTTEN in step.options for step in planned):
        msg = "The saved voice that the job was given has been deleted; submit it anew with another."
        raise Gone(msg, code="voice_deleted")
    unfinished = next((step.number for step in planned if step.status != StepStatus.SUCCEEDED), None)
    if asked is None:
        if unfinished is None:
            msg = "The job has succeeded; ?from=STEP says from where to run it again."
            raise Conflict(msg, code="already_finished")
        return int(unfinished)
    number = _step_number(planned, asked)
    if unfinished is not None and number > unfinished:
        message = f"step {unfinished} ({planned[unfinished].name}) before it has not succeeded"
        raise InvalidRequest.of("from", message, code="unknown_step")
    return number


def _step_number(planned: Sequence[Row[Any]], asked: str) -> int:
    found = [step.number for step in planned if asked in {step.name, str(step.number)}]
    if len(found) == 1:
        return int(found[0])
    names = ", ".join(f"{step.number} ({step.name})" for step in planned)
    message = f"is {'more than one' if found else 'no'} step of this job; its steps are {names}"
    raise InvalidRequest.of("from", message, code="unknown_step")


def remaining(planned: Sequence[Row[Any]], start: int) -> Plan:
    """What a retry from `start` has to do."""
    return Plan(_plan(planned).steps[start:])


def _plan(planned: Sequence[Row[Any]]) -> Plan:
    """The plan as it was made: today's catalog might plan otherwise, and finished steps would not fit to it."""
    return Plan(
        tuple(
            Step(row.name, Action(row.action), row.queue, row.model, row.options, _takes(row, planned))
            for row in planned
        )
    )


def _takes(step: Row[Any], planned: Sequence[Row[Any]]) -> tuple[str, ...]:
    """What the step takes, by names as before it was submitted."""
    named = ((("input" if number == INPUTS else planned[number].name), role) for number, role in step.takes or ())
    return tuple(name if role is None else f"{name}.{role}" for name, role in named)


def _submission(asked: Retry, old: Row[Any], planned: Sequence[Row[Any]], start: int) -> Submission:
    return Submission(
        id=asked.id,
        kind=old.kind,
        model=old.model,
        voice=old.voice,
        plan=_plan(planned),
        priority=Priority(old.priority) if asked.priority is None else asked.priority,
        request=old.request,
        labels=old.labels,
        webhook=old.webhook,
        submitter=old.submitter,
        idempotency=asked.idempotency,
        deadline_at=asked.deadline_at,
        expires_in=old.expires_in if asked.expires_in is None else asked.expires_in,
        start=start,
        retry_of=old.id,
        units=old.units,
        cost=old.cost,
    )


#: What a finished step keeps in the job that takes it over; it made no attempts there.
_KEPT = ("status", "worker", "started_at", "finished_at")


def _take_over(connection: WriteConnection, old_id: str, new_id_: str, finished: Sequence[Row[Any]]) -> None:
    """Finished steps as they were, what they said, and rows of the new job's own for the same bytes."""
    said = select(jobs.c.output).where(jobs.c.id == old_id, jobs.c.kind == Capability.SPEECH).scalar_subquery()
    if finished:
        connection.execute(update(jobs).where(jobs.c.id == new_id_).values(output=said))
    for step in finished:
        kept = {name: getattr(step, name) for name in _KEPT}
        connection.execute(update(steps).where(steps.c.job_id == new_id_, steps.c.number == step.number).values(**kept))
    shared = connection.execute(
        select(artifacts)
        .where(artifacts.c.job_id == old_id, artifacts.c.step_index < len(finished))
        .order_by(artifacts.c.id)
    ).all()
    for row in shared:
        purpose = Purpose.INPUT if row.step_index == INPUTS else Purpose.INTERMEDIATE
        own = {"id": new_id("art"), "job_id": new_id_, "purpose": purpose.value}
        connection.execute(insert(artifacts).values({**row._asdict(), **own}))
