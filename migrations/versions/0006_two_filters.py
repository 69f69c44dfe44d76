"""Lists of jobs by their status and their kind or model at once.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-23 22:40:00.000000

Old code runs while this is applied: add columns with defaults or null, create indexes, and leave removals and renames
to a release after the one that stops using the old name.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody writes jobs meanwhile: docs/operations.md says for how long."""
    for column in ("kind", "model"):
        op.create_index(f"ix_jobs_status_{column}", "jobs", ["status", column, "id"])


def downgrade() -> None:
    for column in ("model", "kind"):
        op.drop_index(f"ix_jobs_status_{column}", "jobs")
