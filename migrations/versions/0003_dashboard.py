"""What the dashboard shows: memory and models of slots, commands to slots.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-23 07:30:00.000000

Old code runs while this is applied: add columns with defaults or null, create indexes, and leave removals and renames
to a release after the one that stops using the old name.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Tables are locked in the order in which the code does: the dispatcher's row, jobs, what belongs to jobs."""
    _count_jobs()
    _bulk_orders()
    _extend_slots()


def downgrade() -> None:
    for table in ("paused_queues", "count_state", "count_corrections", "step_counts", "job_ends", "job_counts"):
        op.drop_table(table)
    op.drop_index("ix_webhook_attempts_at", "webhook_attempts")
    op.drop_index("ix_jobs_model_queue", "jobs")
    # Not by Alembic's batch: making `jobs` anew would take everything that refers to it along.
    op.execute("ALTER TABLE jobs DROP COLUMN model_queue")
    op.drop_table("bulk_orders")
    op.drop_table("commands")
    for column in ("budget_mb", "total_mb", "used_mb", "device_name", "weights", "loaded"):
        op.drop_column("slots", column)


def _extend_slots() -> None:
    op.add_column("slots", sa.Column("loaded", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("slots", sa.Column("weights", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("slots", sa.Column("device_name", sa.Text(), nullable=True))
    op.add_column("slots", sa.Column("used_mb", sa.Integer(), nullable=True))
    op.add_column("slots", sa.Column("total_mb", sa.Integer(), nullable=True))
    op.add_column("slots", sa.Column("budget_mb", sa.Integer(), nullable=True))
    op.create_table(
        "commands",
        sa.Column("action", _name(), nullable=False),
        sa.Column("model", _name(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_commands_status")),
        sa.PrimaryKeyConstraint("action", "model", name=op.f("pk_commands")),
    )


def _bulk_orders() -> None:
    op.create_table(
        "bulk_orders",
        sa.Column("id", _name(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("filter", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("matching", sa.Integer(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("after", _name(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("waits", sa.Text(), nullable=True),
        sa.Column("idempotency_key", _name(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("cancelled_at", sa.Double(), nullable=True),
        sa.CheckConstraint("action IN ('cancel', 'retry', 'delete')", name=op.f("ck_bulk_orders_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_orders")),
    )
    op.create_index("ix_bulk_orders_idempotency_key", "bulk_orders", ["idempotency_key"], unique=True)
    unfinished = sa.text("finished_at IS NULL")
    op.create_index(
        "ix_bulk_orders_unfinished", "bulk_orders", ["id"], postgresql_where=unfinished, sqlite_where=unfinished
    )


def _buckets() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("grain", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", _name(), nullable=False),
        sa.Column("model", _name(), nullable=False),
        sa.Column("queue", _name(), nullable=False),
    )


def _count_jobs() -> None:
    """From its first statement to the commit nobody else writes jobs: docs/operations.md says for how long."""
    op.add_column("jobs", sa.Column("model_queue", sa.Text(), nullable=True))
    op.create_index("ix_jobs_model_queue", "jobs", ["model_queue", "id"])
    op.create_index("ix_webhook_attempts_at", "webhook_attempts", ["at"])
    op.create_table(
        "job_counts",
        *_buckets(),
        sa.Column("status", _name(), nullable=False),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("grain", "at", "kind", "model", "queue", "status", name=op.f("pk_job_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_ends",
        *_buckets(),
        sa.Column("jobs", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("grain", "at", "kind", "model", "queue", name=op.f("pk_job_ends")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "step_counts",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("queue", _name(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at", "queue", name=op.f("pk_step_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "count_corrections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_corrections")),
    )
    op.create_table(
        "count_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.Double(), nullable=True),
        sa.Column("counted_to", _name(), server_default=sa.text("''"), nullable=False),
        sa.Column("older_to", _name(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_count_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_state")),
    )
    # What is older is counted by the bookkeeper in portions, after the start.
    op.execute(
        "INSERT INTO count_state (id, position, older_to) VALUES (1, "
        "(SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(id), '') FROM jobs))"
    )
    op.create_table(
        "paused_queues",
        sa.Column("name", _name(), nullable=False),
        sa.Column("paused_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paused_queues")),
    )
