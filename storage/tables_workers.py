"""The tables of those who work: slots, what they are asked to do, and the one dispatcher."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, Double, Integer, Table, Text, text

from storage.schema import Name, metadata

#: One row for each slot: its beat says that it lives.
slots = Table(
    "slots",
    metadata,
    Column("name", Name, primary_key=True),
    Column("queues", JSON, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("device", Text, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
    Column("stopped", Boolean, nullable=False, default=False),
    # As of its last beat: its child's models, those of its queues whose weights are on its host, and memory in MB.
    Column("loaded", JSON, nullable=False, server_default=text("'[]'")),
    Column("weights", JSON, nullable=False, server_default=text("'[]'")),
    Column("device_name", Text),
    Column("used_mb", Integer),
    Column("total_mb", Integer),
    Column("budget_mb", Integer),
)

#: What slots are asked to do with a model, `pull`: one row each, the newest order; taken on a beat, held by a lease.
commands = Table(
    "commands",
    metadata,
    Column("action", Name, primary_key=True),
    Column("model", Name, primary_key=True),
    Column("queue", Text, nullable=False),
    # queued, running, succeeded or failed.
    Column("status", Text, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("slot", Text),
    Column("fence", Integer, nullable=False, default=0),
    Column("lease_until", Double),
    # How many slots were lost while they did it.
    Column("lost", Integer, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("total_bytes", BigInteger, nullable=False),
    Column("error", JSON(none_as_null=True)),
    CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed')", name="status"),
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
    # The newest position that an event was given, also of events that were deleted since.
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    # What it learned of how long work takes, for estimates and for Retry-After.
    Column("learned", JSON, nullable=False, server_default=text("'{}'")),
    CheckConstraint("id = 1", name="one_row"),
)
