"""Sound and text while they are made: the chunks of a step that still runs, and who listens to a job in which format.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-23 14:30:00.000000

Old code runs while this is applied: add columns with defaults or null, create indexes, and leave removals and renames
to a release after the one that stops using the old name.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables are locked in the order in which the code does: the dispatcher's row, jobs, what belongs to jobs."""
    op.add_column("jobs", sa.Column("stream", sa.Text(), nullable=True))
    op.create_table(
        "chunks",
        sa.Column("job_id", _name(), nullable=False),
        sa.Column("step_index", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("clauses", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("encoded_key", sa.Text(), nullable=True),
        sa.Column("encoded_bytes", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('audio', 'segments')", name=op.f("ck_chunks_kind")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_chunks_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "step_index", "number", name=op.f("pk_chunks")),
    )
    for column in ("key", "encoded_key"):
        op.create_index(f"ix_chunks_{column}", "chunks", [column])


def downgrade() -> None:
    op.drop_table("chunks")
    # Not by Alembic's batch: making `jobs` anew would take everything that refers to it along.
    op.execute("ALTER TABLE jobs DROP COLUMN stream")


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
