"""The table of orders for many jobs at once."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Double, Index, Integer, Table, Text, text

from storage.schema import Name, metadata

#: Orders to cancel, retry or delete many jobs, worked off one job at a time by the dispatcher.
bulk_orders = Table(
    "bulk_orders",
    metadata,
    Column("id", Name, primary_key=True),
    # cancel, retry or delete; of these ids, or else of what the filter matches.
    Column("action", Text, nullable=False),
    Column("ids", JSON(none_as_null=True)),
    Column("filter", JSON(none_as_null=True)),
    # How many there were when it was ordered; not exact if there are more than are counted.
    Column("matching", Integer, nullable=False),
    Column("exact", Boolean, nullable=False),
    # How many jobs were looked at, and the last of them: who moves on names the place that it moves from.
    Column("place", Integer, nullable=False, default=0),
    Column("after", Name),
    Column("done", Integer, nullable=False, default=0),
    Column("skipped", Integer, nullable=False, default=0),
    # The first few that were skipped: {"job_id", "code", "detail"}.
    Column("errors", JSON, nullable=False),
    # The code of what it waits for, as a full queue.
    Column("waits", Text),
    # Of the request: the same key with the same request gives the same order.
    Column("idempotency_key", Name),
    Column("fingerprint", Text),
    Column("created_at", Double, nullable=False),
    # When it ended, also where that was because somebody stopped it.
    Column("finished_at", Double),
    Column("cancelled_at", Double),
    CheckConstraint("action IN ('cancel', 'retry', 'delete')", name="action"),
    Index("ix_bulk_orders_idempotency_key", "idempotency_key", unique=True),
    Index(
        "ix_bulk_orders_unfinished",
        "id",
        postgresql_where=text("finished_at IS NULL"),
        sqlite_where=text("finished_at IS NULL"),
    ),
)

is_unfinished = text("bulk_orders.finished_at IS NULL")
