"""The tables of webhooks: who is told of what, each message with its attempts, and how their receivers fare."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Double, ForeignKey, Index, Integer, Table, Text, text

from storage.schema import Name, Number, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Name, primary_key=True),
    # Whose it is; null until there are API keys.
    Column("owner", Name),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    # The types that it is told of; an empty list is all of them.
    Column("events", JSON, nullable=False),
    # The newest first: {"secret": "whsec_…", "until": null or seconds since the epoch}; the one that it was made with
    # says so: {…, "first": true}.
    Column("secrets", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # Why it is not enabled: `request`, `gone` (it said 410) or `failing`.
    Column("disabled_cause", Text),
    Column("disabled_at", Double),
    # Since when every attempt has failed; null once one is accepted.
    Column("failing_since", Double),
    # Of the request that made it: the same key with the same request gives the same endpoint.
    Column("idempotency_key", Name),
    Column("fingerprint", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    # Nobody sees it any more; its deliveries are removed in portions, then the row itself.
    Column("deleted_at", Double),
    Index("ix_webhook_endpoints_idempotency_key", "idempotency_key", unique=True),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    # The `webhook-id` of every attempt.
    Column("id", Name, primary_key=True),
    # Neither for a test event; no endpoint for what a job's own `webhook` asked for.
    Column("job_id", Name, ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("endpoint_id", Name, ForeignKey("webhook_endpoints.id", ondelete="CASCADE")),
    Column("seq", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text),
    # Whom its failures count against and whose share of senders it takes: the endpoint, else the address's origin.
    Column("target", Name, nullable=False, server_default=text("''")),
    Column("body", Text, nullable=False),
    # pending, delivered, failed, or held while its endpoint is not enabled.
    Column("status", Text, nullable=False),
    # Of the delivery's whole life, and on the present ladder of retries, which a redelivery begins anew.
    Column("attempts", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("fence", Integer, nullable=False, default=0),
    # When it is due; while an attempt is under way, when that attempt counts as lost.
    Column("next_at", Double),
    Column("claimed_until", Double),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("last_status", Integer),
    Column("last_error", Text),
    CheckConstraint("status IN ('pending', 'delivered', 'failed', 'held')", name="status"),
    Index("ix_webhook_deliveries_job_id", "job_id"),
    Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "id"),
    Index(
        "ix_webhook_deliveries_failed",
        "endpoint_id",
        "id",
        postgresql_where=text("status = 'failed'"),
        sqlite_where=text("status = 'failed'"),
    ),
    Index(
        "ix_webhook_deliveries_held",
        "target",
        postgresql_where=text("status = 'held'"),
        sqlite_where=text("status = 'held'"),
    ),
    Index(
        "ix_webhook_deliveries_claimed",
        "target",
        postgresql_where=text("claimed_until IS NOT NULL"),
        sqlite_where=text("claimed_until IS NOT NULL"),
    ),
    Index(
        "ix_webhook_deliveries_due",
        "next_at",
        postgresql_where=text("status = 'pending'"),
        sqlite_where=text("status = 'pending'"),
    ),
    Index(
        "ix_webhook_deliveries_target",
        "target",
        "next_at",
        postgresql_where=text("status = 'pending'"),
        sqlite_where=text("status = 'pending'"),
    ),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("delivery_id", Name, ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("url", Text, nullable=False),
    Column("request_headers", JSON, nullable=False),
    Column("status", Integer),
    Column("response_headers", JSON, nullable=False),
    # The first kilobyte.
    Column("response_body", Text, nullable=False),
    Column("error", Text),
    Index("ix_webhook_attempts_delivery_id", "delivery_id", "number"),
    Index("ix_webhook_attempts_at", "at"),
)

#: The circuit breaker of each target that failed lately, or took its time.
webhook_targets = Table(
    "webhook_targets",
    metadata,
    Column("target", Name, primary_key=True),
    # Failures in a row, and until when nothing is sent.
    Column("failures", Integer, nullable=False),
    Column("open_until", Double),
    # How long its last answer took.
    Column("seconds", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

#: Orders to send many deliveries of an endpoint again, worked off in portions by the dispatcher.
webhook_replays = Table(
    "webhook_replays",
    metadata,
    Column("id", Name, primary_key=True),
    Column("endpoint_id", Name, ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
    # Whether those too that were delivered.
    Column("everything", Boolean, nullable=False),
    # Deliveries behind `after` up to `last` are still to be looked at.
    Column("after", Name, nullable=False),
    Column("last", Name, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_webhook_replays_endpoint_id", "endpoint_id"),
)

is_pending = text("webhook_deliveries.status = 'pending'")
is_failed = text("webhook_deliveries.status = 'failed'")
is_held = text("webhook_deliveries.status = 'held'")
is_under_way = text("webhook_deliveries.claimed_until IS NOT NULL")
