"""Webhook endpoints and deliveries as clients see them. No secret is in any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from pipelines.times import rfc3339
from storage.history import BASE


def endpoint_document(row: Row[Any], base: str) -> dict[str, Any]:
    """An endpoint; `base` is the public address that links begin with."""
    itself = f"{base}/v1/webhooks/{row.id}"
    older = [item["until"] for item in row.secrets if item["until"] is not None and item["until"] > row.now]
    paused = row.open_until is not None and row.open_until > row.now
    return {
        "id": row.id,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "enabled": row.enabled,
        "disabled_cause": row.disabled_cause,
        "disabled_at": rfc3339(row.disabled_at),
        "failing_since": rfc3339(row.failing_since),
        "paused_until": rfc3339(row.open_until) if paused else None,
        "older_secrets_until": rfc3339(max(older, default=None)),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "links": {"self": itself, "deliveries": f"{itself}/deliveries"},
    }


def delivery_document(row: Row[Any], base: str, *, of_job: bool = False) -> dict[str, Any]:
    """A delivery, without what was sent and answered; its links go the way on which it was asked for."""
    under_way = row.claimed_until is not None and row.claimed_until > row.now
    waits = row.status == "pending" and not under_way
    owner = f"jobs/{row.job_id}" if of_job or row.endpoint_id is None else f"webhooks/{row.endpoint_id}"
    itself = f"{base}/v1/{owner}/deliveries/{row.id}"
    return {
        "id": row.id,
        "endpoint": row.endpoint_id,
        "endpoint_id": row.endpoint_id,
        "job_id": row.job_id,
        "type": row.type,
        "sequence": row.seq,
        "url": row.url,
        "status": row.status,
        "attempts": row.attempts,
        "last_status": row.last_status,
        "last_error": row.last_error,
        # What goes before everything else has a time before all times.
        "next_attempt_at": rfc3339(max(row.next_at, row.created_at)) if waits else None,
        "created_at": rfc3339(row.created_at),
        "finished_at": rfc3339(row.finished_at),
        "links": {"self": itself, "redeliver": f"{itself}/redeliver"},
    }


def delivery_log(row: Row[Any], attempts: Sequence[Row[Any]], base: str, *, of_job: bool = False) -> dict[str, Any]:
    """A delivery with its body as it is sent, and every attempt's request and answer."""
    return {
        **delivery_document(row, base, of_job=of_job),
        "body": row.body.replace(BASE, base),
        "log": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(row: Row[Any]) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": rfc3339(row.at),
        "milliseconds": round(row.seconds * 1000),
        "request": {"url": row.url, "headers": row.request_headers},
        "response": None
        if row.status is None
        else {"status": row.status, "headers": row.response_headers, "body": row.response_body},
        "error": row.error,
    }
