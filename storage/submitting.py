"""Accepting a job: everything in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.errors import InvalidRequest
from pipelines.events import EventType
from pipelines.ids import new_id
from pipelines.jobs import INPUTS, JobStatus, Phase, Plan, Priority, Purpose, StepStatus
from pipelines.lifetimes import check_deadline
from pipelines.progress import job_progress
from storage import backlog, voice_uses
from storage.database import AnyConnection, WriteConnection, db_now
from storage.history import NewEvent, append, tell_webhook
from storage.tables import artifacts, idempotency_keys, job_labels, jobs, steps


@dataclass(frozen=True)
class NewArtifact:
    """Bytes that lie in the store already, about to become visible."""

    role: str
    key: str
    media_type: str
    bytes: int
    sha256: str
    seconds: float | None = None
    sample_rate: int | None = None


@dataclass(frozen=True)
class Idempotency:
    """A client's key, and the digest of what it was sent with."""

    key: str
    fingerprint: str


@dataclass(frozen=True)
class Submission:
    """A planned request, with its inputs stored."""

    id: str
    kind: str
    model: str
    voice: str | None
    plan: Plan
    priority: Priority
    #: What the client asked, as it is shown again: kind, input without inline bytes, options.
    request: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    webhook: Mapping[str, Any] | None = None
    submitter: str = ""
    inputs: Sequence[NewArtifact] = ()
    idempotency: Idempotency | None = None
    #: By when it must have ended (seconds since the epoch), and how long its results are kept then, in seconds.
    deadline_at: float | None = None
    expires_in: float | None = None
    #: Artifacts of other jobs whose bytes are among the inputs, and the field of the request that each came by.
    borrowed: Mapping[str, str] = field(default_factory=dict)
    #: Saved voices that it is given: by their recordings, their vectors, or only by name.
    holds_voices: Sequence[str] = ()
    #: The step it begins with; what is before it comes from the job that this one is a retry of.
    start: int = 0
    retry_of: str | None = None
    #: How much there is to do, in characters of text or bytes of audio, and what it is expected to take, in seconds.
    units: float = 1.0
    cost: float = 1.0
    #: The format in which somebody listens while it is made (`jobs.stream`).
    stream: str | None = None


@dataclass(frozen=True)
class Submitted:
    """The job's id; `replayed` if an earlier request with the same key made it."""

    id: str
    replayed: bool


# Statements of the hot path are built once: building one costs more than running it.
_select_now = select(db_now())
_insert_job = insert(jobs)
_insert_steps = insert(steps)
_insert_artifacts = insert(artifacts)


def submit(connection: WriteConnection, submission: Submission, room: backlog.Room | None = None) -> Submitted:
    """Writes the job; InvalidRequest if its idempotency key was used for something else.

    At the end of the transaction SubmitterFull if more would wait than its submitter has `room` for.
    """
    now: float = connection.scalar(_select_now) or 0.0
    connection.execute(_insert_job, _row(submission, now))
    # The key goes in after the job that it points at, and takes the job back out if another request was first.
    if submission.idempotency is not None:
        earlier = _remember(connection, submission, submission.idempotency, now)
        if earlier is not None:
            connection.execute(jobs.delete().where(jobs.c.id == submission.id))
            return Submitted(earlier, replayed=True)
    # Only now: the same request under the same key is answered with its job, however late it comes again.
    check_deadline(submission.deadline_at, now)
    _hold(connection, submission.borrowed)
    voice_uses.hold(connection, submission.id, submission.holds_voices)
    backlog.join(connection, submission.submitter, backlog.rounded(submission.cost), room)
    connection.execute(_insert_steps, _step_rows(submission))
    if submission.labels:
        connection.execute(
            insert(job_labels),
            [{"job_id": submission.id, "key": key, "value": value} for key, value in submission.labels.items()],
        )
    if submission.inputs:
        add_artifacts(connection, StepKey(submission.id, INPUTS), Purpose.INPUT, submission.inputs, now)
    told = {"kind": submission.kind, "model": submission.model}
    if submission.retry_of is not None:
        told |= {"retry_of": submission.retry_of}
    append(connection, submission.id, 1, now, [NewEvent(EventType.JOB_QUEUED, told)])
    if submission.webhook is not None and EventType.JOB_QUEUED in submission.webhook["events"]:
        job = connection.execute(select(jobs).where(jobs.c.id == submission.id)).one()
        tell_webhook(connection, job, 1, now, EventType.JOB_QUEUED)
    return Submitted(submission.id, replayed=False)


class StepKey(NamedTuple):
    """A step of a job, or its INPUTS."""

    job_id: str
    number: int


def add_artifacts(
    connection: WriteConnection, step: StepKey, purpose: Purpose, new: Sequence[NewArtifact], now: float
) -> None:
    """Makes stored bytes visible as artifacts of a job's step."""
    connection.execute(
        _insert_artifacts,
        [
            {
                "id": new_id("art"),
                "job_id": step.job_id,
                "step_index": step.number,
                "purpose": purpose,
                "role": item.role,
                "key": item.key,
                "media_type": item.media_type,
                "bytes": item.bytes,
                "sha256": item.sha256,
                "seconds": item.seconds,
                "sample_rate": item.sample_rate,
                "created_at": now,
            }
            for item in new
        ],
    )


def _hold(connection: WriteConnection, borrowed: Mapping[str, str]) -> None:
    """Keeps whoever deletes these artifacts waiting until this job's own rows name their bytes.

    A key that is named once can only be named again through a row that names it. So bytes that no row names, after a
    delete has committed, will never be named again and may go.
    """
    if not borrowed:
        return
    locked = select(artifacts.c.id).where(artifacts.c.id.in_(borrowed)).with_for_update(read=True, key_share=True)
    there = set(connection.scalars(locked))
    for artifact_id, place in borrowed.items():
        if artifact_id not in there:
            raise InvalidRequest.of(place, "was deleted just now", code="unknown_artifact")


def _row(submission: Submission, now: float) -> dict[str, Any]:
    plan, start = submission.plan, submission.start
    return {
        "id": submission.id,
        "kind": submission.kind,
        "model": submission.model,
        "voice": submission.voice,
        "status": JobStatus.QUEUED,
        "priority": submission.priority,
        "progress": job_progress(start, len(plan.steps), 0.0),
        "request": dict(submission.request),
        "labels": dict(submission.labels),
        "webhook": None if submission.webhook is None else dict(submission.webhook),
        "submitter": submission.submitter,
        "created_at": now,
        "seq": 1,
        "phase": Phase.WAITING,
        "steps": len(plan.steps),
        "step_index": start,
        "queue": plan.steps[start].queue,
        "model_queue": plan.model_queue,
        "route": plan.route(start),
        "rank": submission.priority,
        "run_at": now,
        "ready_at": now,
        "publication": 0,
        "republished": 0,
        "charged": {},
        "fence": 0,
        "deadline_at": submission.deadline_at,
        "expires_in": submission.expires_in,
        "retry_of": submission.retry_of,
        "units": submission.units,
        "cost": backlog.rounded(submission.cost),
        "stream": submission.stream,
    }


def _step_rows(submission: Submission) -> list[dict[str, Any]]:
    return [
        {
            "job_id": submission.id,
            "number": number,
            "name": step.name,
            "action": step.action,
            "model": step.model,
            "queue": step.queue,
            "options": dict(step.options),
            "takes": submission.plan.sources(number),
            "status": StepStatus.PENDING,
            "attempts": 0,
        }
        for number, step in enumerate(submission.plan.steps)
    ]


def _remember(connection: WriteConnection, submission: Submission, used: Idempotency, now: float) -> str | None:
    """The id of the job that the key made before, or None after writing it down for this one."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(idempotency_keys).values(
        submitter=submission.submitter,
        key=used.key,
        fingerprint=used.fingerprint,
        job_id=submission.id,
        created_at=now,
    )
    # Two at once: the second waits here for the first's commit, then finds its row. What was written is told by the
    # row itself: the driver's row count of an INSERT is not kept on PostgreSQL.
    if connection.scalar(new.on_conflict_do_nothing().returning(idempotency_keys.c.job_id)) is not None:
        return None
    return recall(connection, submission.submitter, used)


def made_by(connection: AnyConnection, used: Idempotency) -> str | None:
    """The id of the job that this very request has made under this key; whose it is follows from what it asked for."""
    job_id: str | None = connection.scalar(
        select(idempotency_keys.c.job_id).where(
            idempotency_keys.c.key == used.key, idempotency_keys.c.fingerprint == used.fingerprint
        )
    )
    return job_id


def recall(connection: WriteConnection, submitter: str, used: Idempotency) -> str | None:
    """The id of the job that the key has made; InvalidRequest if it was for another request."""
    row = connection.execute(
        select(idempotency_keys.c.fingerprint, idempotency_keys.c.job_id).where(
            idempotency_keys.c.submitter == submitter, idempotency_keys.c.key == used.key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != used.fingerprint:
        message = "was used before with another request"
        raise InvalidRequest.of("Idempotency-Key", message, code="idempotency_mismatch")
    job_id: str = row.job_id
    return job_id
