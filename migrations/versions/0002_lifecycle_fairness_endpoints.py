"""Deadlines, retention, fair shares, backlogs and webhook endpoints.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 03:24:15.393409

Old code runs while this is applied: add columns with defaults or null, create indexes, and leave removals and renames
to a release after the one that stops using the old name.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WAITING = sa.text("phase = 'waiting'")
_PENDING = sa.text("status = 'pending'")
_FAILED = sa.text("status = 'failed'")
_HELD = sa.text("status = 'held'")
_CLAIMED = sa.text("claimed_until IS NOT NULL")
_HAS_DEADLINE = sa.text("deadline_at IS NOT NULL AND phase <> 'ended'")
_HAS_RESULTS_TO_REMOVE = sa.text("expires_at IS NOT NULL AND removed_at IS NULL")

_NEW_OF_JOBS = (
    "cancel_cause",
    "deadline_at",
    "retry_of",
    "expires_in",
    "expires_at",
    "removed_at",
    "error_code",
    "units",
    "cost",
)


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Tables are locked in the order in which the code does: the dispatcher's row, jobs, what belongs to jobs."""
    op.add_column("dispatcher", sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("dispatcher", sa.Column("learned", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "submitters",
        sa.Column("name", _name(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_submitters")),
    )
    op.create_table(
        "garbage",
        sa.Column("key", _name(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_garbage")),
    )
    op.create_index("ix_garbage_not_before", "garbage", ["not_before"])
    _extend_jobs()
    op.create_index("ix_idempotency_keys_key", "idempotency_keys", ["key"])
    _make_endpoints()


def _extend_jobs() -> None:
    """From its first statement to the commit nobody else reads or writes jobs: docs/operations.md says for how long."""
    op.add_column("jobs", sa.Column("cancel_cause", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("deadline_at", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("retry_of", _name(), nullable=True))
    op.add_column("jobs", sa.Column("expires_in", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("expires_at", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("removed_at", sa.Double(), nullable=True))
    op.add_column("jobs", sa.Column("error_code", sa.Text(), nullable=True))
    code = "error ->> 'code'" if op.get_bind().dialect.name == "postgresql" else "json_extract(error, '$.code')"
    op.execute(f"UPDATE jobs SET error_code = {code} WHERE status = 'failed'")  # noqa: S608 - of the two words above
    op.add_column("jobs", sa.Column("units", sa.Double(), server_default=sa.text("1"), nullable=False))
    op.add_column("jobs", sa.Column("cost", sa.Double(), server_default=sa.text("1"), nullable=False))
    op.drop_index("ix_jobs_waiting", "jobs")
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["route", "rank", "submitter", "run_at", "id"],
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
    op.create_index(
        "ix_jobs_deadline", "jobs", ["deadline_at"], postgresql_where=_HAS_DEADLINE, sqlite_where=_HAS_DEADLINE
    )
    op.create_index("ix_jobs_error_code", "jobs", ["error_code", "id"])
    op.create_index(
        "ix_jobs_expires_at",
        "jobs",
        ["expires_at"],
        postgresql_where=_HAS_RESULTS_TO_REMOVE,
        sqlite_where=_HAS_RESULTS_TO_REMOVE,
    )


def _make_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", _name(), nullable=False),
        sa.Column("owner", _name(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_cause", sa.Text(), nullable=True),
        sa.Column("disabled_at", sa.Double(), nullable=True),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("idempotency_key", _name(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("deleted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index("ix_webhook_endpoints_idempotency_key", "webhook_endpoints", ["idempotency_key"], unique=True)
    # SQLite can loosen a column only by making the table anew, which drops it; nothing refers to it yet.
    with op.batch_alter_table("webhook_deliveries") as batch:
        batch.add_column(sa.Column("endpoint_id", _name(), nullable=True))
        batch.add_column(sa.Column("target", _name(), server_default=sa.text("''"), nullable=False))
        batch.add_column(sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch.add_column(sa.Column("claimed_until", sa.Double(), nullable=True))
        batch.alter_column("job_id", existing_type=sa.Text(), nullable=True)
        batch.drop_constraint(op.f("ck_webhook_deliveries_status"), type_="check")
        batch.create_check_constraint(
            op.f("ck_webhook_deliveries_status"), "status IN ('pending', 'delivered', 'failed', 'held')"
        )
        batch.create_foreign_key(
            "fk_webhook_deliveries_endpoint_id", "webhook_endpoints", ["endpoint_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_webhook_deliveries_endpoint_id", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_index(
        "ix_webhook_deliveries_target",
        "webhook_deliveries",
        ["target", "next_at"],
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    )
    for name, columns, where in (
        ("failed", ["endpoint_id", "id"], _FAILED),
        ("held", ["target"], _HELD),
        ("claimed", ["target"], _CLAIMED),
    ):
        op.create_index(
            f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns, postgresql_where=where, sqlite_where=where
        )
    _make_webhook_tables()


def _make_webhook_tables() -> None:
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("delivery_id", _name(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("request_headers", sa.JSON(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response_headers", sa.JSON(), nullable=False),
        sa.Column("response_body", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name=op.f("fk_webhook_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index("ix_webhook_attempts_delivery_id", "webhook_attempts", ["delivery_id", "number"])
    op.create_table(
        "webhook_targets",
        sa.Column("target", _name(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_webhook_targets")),
    )
    op.create_table(
        "webhook_replays",
        sa.Column("id", _name(), nullable=False),
        sa.Column("endpoint_id", _name(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("after", _name(), nullable=False),
        sa.Column("last", _name(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_replays_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_replays")),
    )
    op.create_index("ix_webhook_replays_endpoint_id", "webhook_replays", ["endpoint_id"])


def downgrade() -> None:
    op.drop_table("webhook_replays")
    op.drop_table("webhook_targets")
    op.drop_table("webhook_attempts")
    for name in ("claimed", "held", "failed"):
        op.drop_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_target", "webhook_deliveries")
    op.drop_index("ix_webhook_deliveries_endpoint_id", "webhook_deliveries")
    op.execute("DELETE FROM webhook_deliveries WHERE job_id IS NULL OR endpoint_id IS NOT NULL")
    with op.batch_alter_table("webhook_deliveries") as batch:
        batch.drop_constraint("fk_webhook_deliveries_endpoint_id", type_="foreignkey")
        batch.alter_column("job_id", existing_type=sa.Text(), nullable=False)
        batch.drop_constraint(op.f("ck_webhook_deliveries_status"), type_="check")
        batch.create_check_constraint(
            op.f("ck_webhook_deliveries_status"), "status IN ('pending', 'delivered', 'failed')"
        )
        batch.drop_column("claimed_until")
        batch.drop_column("tries")
        batch.drop_column("target")
        batch.drop_column("endpoint_id")
    op.drop_table("webhook_endpoints")
    op.drop_index("ix_idempotency_keys_key", "idempotency_keys")
    op.drop_table("garbage")
    op.drop_table("submitters")
    op.execute("ALTER TABLE dispatcher DROP COLUMN learned")
    op.execute("ALTER TABLE dispatcher DROP COLUMN position")
    for index in ("ix_jobs_expires_at", "ix_jobs_error_code", "ix_jobs_deadline", "ix_jobs_waiting"):
        op.drop_index(index, "jobs")
    op.create_index(
        "ix_jobs_waiting", "jobs", ["route", "rank", "id"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
    # Not by Alembic's batch: making `jobs` anew would take everything that refers to it along.
    for column in _NEW_OF_JOBS:
        op.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
