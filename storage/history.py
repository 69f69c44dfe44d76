"""A job's events, and the webhook messages that go with them, written in the transaction that changed the job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, insert, select

from pipelines.egress import origin
from pipelines.events import TOLD_STATUS, EventType
from pipelines.ids import new_id
from pipelines.times import rfc3339
from storage.database import WriteConnection
from storage.tables import events, jobs
from storage.tables_webhooks import webhook_deliveries

# Statements of the hot path are built once: building one costs more than running it.
#: What a message tells of its job; the row's other columns may be long.
TOLD = (
    jobs.c.id,
    jobs.c.kind,
    jobs.c.model,
    jobs.c.labels,
    jobs.c.created_at,
    jobs.c.started_at,
    jobs.c.finished_at,
    jobs.c.error,
)
_select_job = select(*TOLD).where(jobs.c.id == bindparam("of_job"))
_insert_events = insert(events).values(
    job_id=bindparam("job_id"),
    seq=bindparam("seq"),
    type=bindparam("type"),
    at=bindparam("at"),
    data=bindparam("data"),
)


@dataclass(frozen=True)
class NewEvent:
    """An event to be; `data` are its facts, plain JSON."""

    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)


def append(connection: WriteConnection, job_id: str, last_seq: int, at: float, new: Iterable[NewEvent]) -> None:
    """Writes events so that the last one has number `last_seq`, which the job's row was just set to."""
    listed = list(new)
    first = last_seq - len(listed) + 1
    connection.execute(
        _insert_events,
        [
            {"job_id": job_id, "seq": first + offset, "type": event.type, "at": at, "data": dict(event.data)}
            for offset, event in enumerate(listed)
        ],
    )


def tell_webhook(connection: WriteConnection, job: Row[Any], seq: int, at: float, event: EventType) -> None:
    """Puts a webhook message beside `event`, if the job asked for it. The body is fixed now and never changes.

    `job` holds at least the job's id and webhook; how the job stands is read again, only where it is told.
    """
    webhook = job.webhook
    if webhook is None or event not in webhook["events"]:
        return
    now = connection.execute(_select_job, {"of_job": job.id}).one()
    connection.execute(
        insert(webhook_deliveries).values(
            id=new_id("msg"),
            job_id=job.id,
            seq=seq,
            type=event,
            url=webhook["url"],
            secret=webhook["secret"],
            target=origin(webhook["url"]),
            body=message_body(now, seq, at, event),
            status="pending",
            attempts=0,
            fence=0,
            next_at=at,
            created_at=at,
        )
    )


def message_body(job: Row[*tuple[Any, ...]], seq: int, at: float, event: EventType) -> str:
    """The message's JSON: which job, how it stood then and where to look; links are made when it is sent (`BASE`).

    `job` has the columns TOLD. Its row may have moved on meanwhile: nothing is told that came after the event.
    """
    status = TOLD_STATUS[event]
    data = {
        "id": job.id,
        "kind": job.kind,
        "model": job.model,
        "status": status,
        "labels": job.labels,
        "created_at": rfc3339(job.created_at),
        "started_at": None if event is EventType.JOB_QUEUED else rfc3339(job.started_at),
        "finished_at": rfc3339(job.finished_at) if status.is_terminal else None,
        "error": job.error if status.is_terminal else None,
        "links": {"self": f"{BASE}/v1/jobs/{job.id}", "result": f"{BASE}/v1/jobs/{job.id}/result"},
    }
    return json.dumps({"type": event, "timestamp": rfc3339(at), "sequence": seq, "data": data}, separators=(",", ":"))


#: Stands for HARMONY_PUBLIC_URL in a stored body: a deployment that moves must not send its old address.
BASE = "{public_url}"
