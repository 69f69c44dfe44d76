"""Every table. Times are seconds since the epoch (double), so that one arithmetic serves both databases.

A job has one current step at a time, so what the dispatcher and the slots decide by stands on the job's row: one row to
lock, one fencing number, no joins on the hot path. The step's row is what people look at.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from pipelines.jobs import JobStatus, Phase, Purpose, StepStatus

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, values: type[JobStatus | StepStatus | Phase | Purpose]) -> CheckConstraint:
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


#: Ids and labels are compared byte by byte on both databases, so that prefixes and cursors mean the same.
_Name = Text().with_variant(Text(collation="C"), "postgresql")

#: SQLite numbers rows only if the key is INTEGER; PostgreSQL should have the larger type.
_Number = BigInteger().with_variant(Integer(), "sqlite")

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
    # Order among waiting jobs of a route: continuations of started jobs (negative), then by priority, then by id.
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
    _one_of("status", JobStatus),
    _one_of("phase", Phase),
    Index(
        "ix_jobs_waiting",
        "route",
        "rank",
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
    Index("ix_jobs_kind", "kind", "id"),
    Index("ix_jobs_model", "model", "id"),
    Index("ix_jobs_voice", "voice", "id"),
)

# Conditions in the words of the partial indexes: with a bound parameter no planner would know that they apply.
is_waiting = text("jobs.phase = 'waiting'")
is_published = text("jobs.phase = 'published' AND jobs.phase IN ('published', 'claimed')")
is_claimed = text("jobs.phase = 'claimed' AND jobs.phase IN ('published', 'claimed')")
is_in_flight = text("jobs.phase IN ('published', 'claimed')")

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

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    # The `webhook-id` of every attempt.
    Column("id", _Name, primary_key=True),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text),
    Column("body", Text, nullable=False),
    # pending, delivered or failed.
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    Column("next_at", Double),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("last_status", Integer),
    Column("last_error", Text),
    CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
    Index("ix_webhook_deliveries_job_id", "job_id"),
    Index(
        "ix_webhook_deliveries_due",
        "next_at",
        postgresql_where=text("status = 'pending'"),
        sqlite_where=text("status = 'pending'"),
    ),
)

is_pending = text("webhook_deliveries.status = 'pending'")

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("submitter", _Name, primary_key=True),
    Column("key", _Name, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("job_id", _Name, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

#: One row for each slot: its beat says that it lives.
slots = Table(
    "slots",
    metadata,
    Column("name", _Name, primary_key=True),
    Column("queues", JSON, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
    Column("stopped", Boolean, nullable=False, default=False),
)

#: One row: who dispatches, until when, and what it last saw of the broker.
dispatcher = Table(
    "dispatcher",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("until", Double, nullable=False),
    Column("broker_ok", Boolean, nullable=False, default=False),
    Column("seen_at", Double),
    Column("depths", JSON, nullable=False),
    Column("waiting", Integer, nullable=False, default=0),
    CheckConstraint("id = 1", name="one_row"),
)
