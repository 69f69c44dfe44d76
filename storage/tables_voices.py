"""The tables behind /v1/voices: saved voices, how they sound, and the jobs that know of them.

A voice that is being deleted keeps its row, with `deleted_at` and nothing of the speaker, until every job has forgotten
it; nobody sees it any more.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Double, ForeignKey, Index, Integer, Table, Text, text

from storage.schema import Name, metadata

voices = Table(
    "voices",
    metadata,
    Column("id", Name, primary_key=True),
    Column("submitter", Name, nullable=False),
    Column("name", Text, nullable=False),
    # The name without the case of its letters: what lists are searched by.
    Column("folded", Name, nullable=False),
    Column("language", Name),
    Column("description", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    # checking, ready or refused; why it is refused, and what was noticed that is no reason to refuse it.
    Column("status", Name, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),
    # The job that checks the recording; a retry of it takes its place.
    Column("job_id", Name),
    # The recording as it was sent.
    Column("key", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    # What the check found: length, seconds of speech, share of samples at full scale, how many people speak.
    Column("seconds", Double),
    Column("speech_seconds", Double),
    Column("clipped_share", Double),
    Column("speakers", Integer),
    # The median of its fundamental frequency, in Hz.
    Column("pitch", Double),
    # Where the speech is: [[start, end], …] in seconds.
    Column("segments", JSON(none_as_null=True)),
    # A short piece to listen to, which the check made: its artifact's key, type and so on.
    Column("preview", JSON(none_as_null=True)),
    Column("preview_key", Text),
    # Of the request that made it: the same key with the same request gives the same voice.
    Column("idempotency_key", Name),
    Column("fingerprint", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("deleted_at", Double),
    CheckConstraint("status IN ('checking', 'ready', 'refused')", name="status"),
    Index("ix_voices_submitter", "submitter", "id"),
    Index("ix_voices_idempotency_key", "submitter", "idempotency_key", unique=True),
    Index("ix_voices_status", "status", "id"),
    Index("ix_voices_language", "language", "id"),
    Index("ix_voices_folded", "folded", "id"),
    Index("ix_voices_key", "key"),
    Index("ix_voices_job_id", "job_id"),
    Index("ix_voices_preview_key", "preview_key"),
    Index(
        "ix_voices_deleted",
        "id",
        postgresql_where=text("deleted_at IS NOT NULL"),
        sqlite_where=text("deleted_at IS NOT NULL"),
    ),
)

is_being_deleted = text("voices.deleted_at IS NOT NULL")

voice_labels = Table(
    "voice_labels",
    metadata,
    Column("voice_id", Name, ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Name, primary_key=True),
    Column("value", Name, nullable=False),
    Index("ix_voice_labels_key_value", "key", "value", "voice_id"),
)

#: How a recording sounds to a model: cached by its content, the space and the revision of the weights.
voice_embeddings = Table(
    "voice_embeddings",
    metadata,
    Column("voice_id", Name, ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("space", Name, primary_key=True),
    Column("revision", Name, primary_key=True),
    # SHA-256 of the recording that was heard.
    Column("sha256", Text, nullable=False),
    Column("vector", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
)

#: Which jobs were given a saved voice: its recording, its vector or its name.
voice_uses = Table(
    "voice_uses",
    metadata,
    Column("voice_id", Name, ForeignKey("voices.id"), primary_key=True),
    Column("job_id", Name, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_voice_uses_job_id", "job_id"),
)
