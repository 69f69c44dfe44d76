"""Every table. Times are seconds since the epoch (double), so that one arithmetic serves both databases.

A job has one current step at a time, so what the dispatcher and the slots decide by stands on the job's row: one row to
lock, one fencing number, no joins on the hot path. The step's row is what people look at.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

import storage.tables_bulk
import storage.tables_chunks
import storage.tables_counts
import storage.tables_voices
import storage.tables_webhooks
import storage.tables_workers  # noqa: F401 - these so that whoever reads `metadata` finds every table in it
from pipelines.jobs import JobStatus, Phase, Purpose, StepStatus
from storage import schema

metadata = schema.metadata


def _one_of(column: str, values: type[JobStatus | StepStatus | Phase | Purpose]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


_Name = schema.Name
_Number = schema.Number

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Name, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("voice", Text),
    Column("status", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("progress", Double, nullable=False, default=0.0),
    Column("request", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("webhook", JSON(none_as_null=True)),
    Column("submitter", Text, nullable=False, default=""),
    Column("error", JSON(none_as_null=True)),
    # What the result says in words or numbers: a transcript, an embedding, regions of speech.
    Column("output", JSON(none_as_null=True)),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    # The number of the last event: what ETags are made of.
    Column("seq", Integer, nullable=False),
    # Of the current step: which one, on which queue, which queues follow, how often it was published and claimed.
    Column("phase", Text, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("step_index", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("route", _Name, nullable=False),
    # Of a waiting job: its priority, less CONTINUATION once it has started. Inside a rank submitters share.
    Column("rank", Integer, nullable=False),
    Column("run_at", Double, nullable=False),
    Column("ready_at", Double, nullable=False),
    Column("publication", Integer, nullable=False, default=0),
    Column("published_at", Double),
    Column("republished", Integer, nullable=False, default=0),
    Column("charged", JSON, nullable=False),
    # The claim: who, until when, and the fencing number under which its result may be written.
    Column("fence", Integer, nullable=False, default=0),
    Column("slot", Text),
    Column("lease_owner", Text),
    Column("lease_until", Double),
    Column("claimed_at", Double),
    Column("run_limit_at", Double),
    Column("cancel_requested_at", Double),
    # Why it is being stopped, `request` or `deadline`: whether it ends cancelled or expired.
    Column("cancel_cause", Text),
    Column("deadline_at", Double),
    # The job whose finished steps this one took over.
    Column("retry_of", _Name),
    # How long results are kept after the end, in seconds, and until when; when they were removed.
    Column("expires_in", Double),
    Column("expires_at", Double),
    Column("removed_at", Double),
    # The code of `error`, for lists: the dead letters are those with `worker_lost`.
    Column("error_code", Text),
    # How much there is to do, in characters of text or bytes of audio, and what that is expected to take, in seconds.
    Column("units", Double, nullable=False, server_default=text("1")),
    Column("cost", Double, nullable=False, server_default=text("1")),
    # The queue that the job's model runs on, whatever step it is at; null in rows of the release before this one.
    Column("model_queue", Text),
    # In which format somebody wants the sound while it is made: pcm, or the job's own; null = nobody listens.
    Column("stream", Text),
    _one_of("status", JobStatus),
    _one_of("phase", Phase),
    Index(
        "ix_jobs_waiting",
        "route",
        "rank",
        "submitter",
        "run_at",
        "id",
        postgresql_where=text("phase = 'waiting'"),
        sqlite_where=text("phase = 'waiting'"),
    ),
    Index(
        "ix_jobs_in_flight",
        "phase",
        "queue",
        "ready_at",
        postgresql_where=text("phase IN ('published', 'claimed')"),
        sqlite_where=text("phase IN ('published', 'claimed')"),
    ),
    Index("ix_jobs_status", "status", "id"),
    # What is asked for together, as all that failed of a model: of two indexes neither leads past what the other lacks.
    Index("ix_jobs_status_kind", "status", "kind", "id"),
    Index("ix_jobs_status_model", "status", "model", "id"),
    Index("ix_jobs_kind", "kind", "id"),
    Index("ix_jobs_model", "model", "id"),
    Index("ix_jobs_voice", "voice", "id"),
    Index("ix_jobs_model_queue", "model_queue", "id"),
    Index("ix_jobs_error_code", "error_code", "id"),
    Index(
        "ix_jobs_deadline",
        "deadline_at",
        postgresql_where=text("deadline_at IS NOT NULL AND phase <> 'ended'"),
        sqlite_where=text("deadline_at IS NOT NULL AND phase <> 'ended'"),
    ),
    Index(
        "ix_jobs_expires_at",
        "expires_at",
        postgresql_where=text("expires_at IS NOT NULL AND removed_at IS NULL"),
        sqlite_where=text("expires_at IS NOT NULL AND removed_at IS NULL"),
    ),
)

# Conditions in the words of the partial indexes: with a bound parameter no planner would know that they apply.
is_waiting = text("jobs.phase = 'waiting'")
is_published = text("jobs.phase = 'published' AND jobs.phase IN ('published', 'claimed')")
is_claimed = text("jobs.phase = 'claimed' AND jobs.phase IN ('published', 'claimed')")
is_in_flight = text("jobs.phase IN ('published', 'claimed')")
has_deadline = text("jobs.deadline_at IS NOT NULL AND jobs.phase <> 'ended'")
has_results_to_remove = text("jobs.expires_at IS NOT NULL AND jobs.removed_at IS NULL")

job_labels = Table(
    "job_labels",
    metadata,
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", _Name, primary_key=True),
    Column("value", _Name, nullable=False),
    Index("ix_job_labels_key_value", "key", "value", "job_id"),
    Index("ix_job_labels_value", "value", "job_id"),
)

steps = Table(
    "steps",
    metadata,
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("model", Text),
    Column("queue", Text, nullable=False),
    Column("options", JSON, nullable=False),
    # Whose artifacts it works on, as [number of an earlier step or -1 for inputs, role or null]; null = all of the step
    # before it.
    Column("takes", JSON(none_as_null=True)),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", Text),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("error", JSON(none_as_null=True)),
    _one_of("status", StepStatus),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("step_index", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("queue", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double, nullable=False),
    # succeeded, failed, lost, cancelled or handed_back; a cause and an error where it did not succeed.
    Column("outcome", Text, nullable=False),
    Column("cause", Text),
    Column("error", JSON(none_as_null=True)),
    Index("ix_attempts_job_id", "job_id", "step_index"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("id", _Name, primary_key=True),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    # The step that made it; -1 for inputs.
    Column("step_index", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("seconds", Double),
    Column("sample_rate", Integer),
    Column("created_at", Double, nullable=False),
    _one_of("purpose", Purpose),
    Index("ix_artifacts_job_id", "job_id", "step_index"),
    Index("ix_artifacts_key", "key"),
)

events = Table(
    "events",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    # Given after the commit by the dispatcher, because database sequences do not follow commit order.
    Column("position", BigInteger),
    Column("type", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_events_job_id_seq", "job_id", "seq", unique=True),
    Index("ix_events_position", "position", unique=True),
    Index(
        "ix_events_unnumbered", "id", postgresql_where=text("position IS NULL"), sqlite_where=text("position IS NULL")
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("submitter", _Name, primary_key=True),
    Column("key", _Name, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
    # A retry is known by its key and what it asked for: the job that it was asked of may be gone.
    Index("ix_idempotency_keys_key", "key"),
)

#: What waits of each submitter, kept by the transactions that change it: what limits and estimates are read from.
submitters = Table(
    "submitters",
    metadata,
    Column("name", _Name, primary_key=True),
    Column("waiting", Integer, nullable=False),
    # The cost of those jobs together, in seconds.
    Column("seconds", Double, nullable=False),
)

#: Bytes that no row needs any more, to be removed from the store.
garbage = Table(
    "garbage",
    metadata,
    Column("key", _Name, primary_key=True),
    Column("not_before", Double, nullable=False),
    Index("ix_garbage_not_before", "not_before"),
)
