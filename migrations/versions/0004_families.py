"""Families that clone and convert: steps that take what several earlier steps made, and saved voices.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-23 11:30:00.000000

Old code runs while this is applied: add columns with defaults or null, create indexes, and leave removals and renames
to a release after the one that stops using the old name.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables are locked in the order in which the code does: the dispatcher's row, jobs, what belongs to jobs."""
    _voices()
    op.add_column("steps", sa.Column("takes", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("steps", "takes")
    for table in ("voice_uses", "voice_embeddings", "voice_labels", "voices"):
        op.drop_table(table)


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _voices() -> None:
    op.create_table(
        "voices",
        sa.Column("id", _name(), nullable=False),
        sa.Column("submitter", _name(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", _name(), nullable=False),
        sa.Column("language", _name(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("status", _name(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("job_id", _name(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("speech_seconds", sa.Double(), nullable=True),
        sa.Column("clipped_share", sa.Double(), nullable=True),
        sa.Column("speakers", sa.Integer(), nullable=True),
        sa.Column("pitch", sa.Double(), nullable=True),
        sa.Column("segments", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("preview", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("preview_key", sa.Text(), nullable=True),
        sa.Column("idempotency_key", _name(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.CheckConstraint("status IN ('checking', 'ready', 'refused')", name=op.f("ck_voices_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voices")),
    )
    for column in ("submitter", "status", "language", "folded"):
        op.create_index(f"ix_voices_{column}", "voices", [column, "id"])
    for column in ("key", "job_id", "preview_key"):
        op.create_index(f"ix_voices_{column}", "voices", [column])
    op.create_index("ix_voices_idempotency_key", "voices", ["submitter", "idempotency_key"], unique=True)
    deleted = sa.text("deleted_at IS NOT NULL")
    op.create_index("ix_voices_deleted", "voices", ["id"], postgresql_where=deleted, sqlite_where=deleted)
    _parts_of_voices()


def _parts_of_voices() -> None:
    op.create_table(
        "voice_labels",
        sa.Column("voice_id", _name(), nullable=False),
        sa.Column("key", _name(), nullable=False),
        sa.Column("value", _name(), nullable=False),
        sa.ForeignKeyConstraint(["voice_id"], ["voices.id"], name=op.f("fk_voice_labels_voice_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("voice_id", "key", name=op.f("pk_voice_labels")),
    )
    op.create_index("ix_voice_labels_key_value", "voice_labels", ["key", "value", "voice_id"])
    op.create_table(
        "voice_embeddings",
        sa.Column("voice_id", _name(), nullable=False),
        sa.Column("space", _name(), nullable=False),
        sa.Column("revision", _name(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("vector", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["voice_id"], ["voices.id"], name=op.f("fk_voice_embeddings_voice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("voice_id", "space", "revision", name=op.f("pk_voice_embeddings")),
    )
    op.create_table(
        "voice_uses",
        sa.Column("voice_id", _name(), nullable=False),
        sa.Column("job_id", _name(), nullable=False),
        sa.ForeignKeyConstraint(["voice_id"], ["voices.id"], name=op.f("fk_voice_uses_voice_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_voice_uses_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("voice_id", "job_id", name=op.f("pk_voice_uses")),
    )
    op.create_index("ix_voice_uses_job_id", "voice_uses", ["job_id"])
