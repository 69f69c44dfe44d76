"""Events → messages to endpoints, in the transaction that gives the events their positions: each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select

from pipelines.events import WEBHOOK_EVENTS, EventType
from pipelines.ids import new_id
from storage.database import WriteConnection
from storage.history import TOLD, message_body
from storage.tables import events, jobs
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints

#: Messages that one transaction writes at most, about.
_MESSAGES_AT_ONCE = 2000

# Statements of the hot path are built once: building one costs more than running it.
_listening = (
    select(webhook_endpoints.c.id, webhook_endpoints.c.url, webhook_endpoints.c.events)
    .where(webhook_endpoints.c.enabled.is_(True), webhook_endpoints.c.deleted_at.is_(None))
    .order_by(webhook_endpoints.c.id)
)
#: How many endpoints listen, as part of the dispatcher's one question of each turn.
count_listening = select(func.count()).select_from(_listening.order_by(None).subquery()).scalar_subquery()
_columns = (events.c.job_id, events.c.seq, events.c.type, events.c.at)
_is_wanted = events.c.type.in_(bindparam("wanted", expanding=True))
_numbered = select(*_columns).where(events.c.position > bindparam("last"), _is_wanted).order_by(events.c.position)
_untold = (
    select(*_columns)
    .where(events.c.job_id == bindparam("of_job"), events.c.position.is_(None), _is_wanted)
    .order_by(events.c.seq)
)
_jobs = select(*TOLD).where(jobs.c.id.in_(bindparam("ids", expanding=True)))


def most_events(listening: int, most: int) -> int:
    """How many of `most` events to take at once when so many endpoints listen."""
    return max(1, min(most, _MESSAGES_AT_ONCE // max(1, listening)))


def fan_out(connection: WriteConnection, last: int) -> int:
    """One message for each event behind position `last` and each endpoint that asks for it; how many.

    Who listens is read here, behind the numbering: an endpoint that was there before an event is told of it. Where
    there are no endpoints, this look at an empty table is all that happens.
    """
    return _tell(connection, _numbered, {"last": last})


def tell_untold(connection: WriteConnection, job_id: str) -> int:
    """The same for the job's events that have no position yet; whoever asks has them locked, and gives them none."""
    return _tell(connection, _untold, {"of_job": job_id})


def _tell(connection: WriteConnection, which: Select[tuple[str, int, str, float]], values: dict[str, Any]) -> int:
    listening = connection.execute(_listening).all()
    if not listening:
        return 0
    wanted = sorted({event for endpoint in listening for event in (endpoint.events or WEBHOOK_EVENTS)})
    happened = connection.execute(which, {**values, "wanted": wanted}).all()
    if not happened:
        return 0
    ids = sorted({event.job_id for event in happened})
    by_id = {job.id: job for job in connection.execute(_jobs, {"ids": ids})}
    messages = [message for event in happened for message in _messages(event, by_id[event.job_id], listening)]
    if messages:
        connection.execute(insert(webhook_deliveries), messages)
    return len(messages)


def _messages(
    event: Row[Any], job: Row[*tuple[Any, ...]], listening: Sequence[Row[*tuple[Any, ...]]]
) -> list[dict[str, Any]]:
    told = [endpoint for endpoint in listening if not endpoint.events or event.type in endpoint.events]
    if not told:
        return []
    body = message_body(job, event.seq, event.at, EventType(event.type))
    return [
        {
            "id": new_id("msg"),
            "job_id": job.id,
            "endpoint_id": endpoint.id,
            "seq": event.seq,
            "type": event.type,
            "url": endpoint.url,
            "target": endpoint.id,
            "body": body,
            "status": "pending",
            "attempts": 0,
            "fence": 0,
            "next_at": event.at,
            "created_at": event.at,
        }
        for endpoint in told
    ]
