"""The table of what a step has made so far, while it still runs: sound clause by clause, a transcript by segments."""

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
    Table,
    Text,
)

from storage.schema import Name, metadata

chunks = Table(
    "chunks",
    metadata,
    Column("job_id", Name, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("step_index", Integer, primary_key=True),
    # From 0, without gaps, whichever attempts wrote them.
    Column("number", Integer, primary_key=True),
    # Of the claim that wrote it.
    Column("fence", Integer, nullable=False),
    # audio or segments.
    Column("kind", Text, nullable=False),
    # Of the bytes in the artifact store: 16-bit little-endian mono samples; null where there are none.
    Column("key", Text),
    Column("samples", BigInteger, nullable=False, default=0),
    Column("sample_rate", Integer),
    # How many clauses of the text are spoken with it: where the next attempt goes on.
    Column("clauses", Integer, nullable=False, default=0),
    Column("text", Text),
    # The same in the format of `jobs.stream`, with all that came before and was not encoded yet; null for pcm.
    Column("encoded_key", Text),
    Column("encoded_bytes", BigInteger),
    # The segments of a transcript.
    Column("body", JSON(none_as_null=True)),
    # Where it ends, in seconds of the whole sound or recording.
    Column("ends_at", Double, nullable=False, default=0.0),
    # Nothing comes after it.
    Column("last", Boolean, nullable=False, default=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("kind IN ('audio', 'segments')", name="kind"),
    Index("ix_chunks_key", "key"),
    Index("ix_chunks_encoded_key", "encoded_key"),
)
