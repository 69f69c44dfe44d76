"""Every row of some jobs, read at once: what invariants and the model are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, select

from storage.database import Database
from storage.tables import artifacts, attempts, events, jobs, steps
from storage.tables_chunks import chunks
from storage.tables_webhooks import webhook_deliveries

_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_jobs = select(jobs).where(jobs.c.id.in_(_IDS))
_parts: tuple[Select[Any], ...] = (
    select(steps).where(steps.c.job_id.in_(_IDS)).order_by(steps.c.job_id, steps.c.number),
    select(attempts).where(attempts.c.job_id.in_(_IDS)).order_by(attempts.c.job_id, attempts.c.id),
    select(artifacts).where(artifacts.c.job_id.in_(_IDS)).order_by(artifacts.c.job_id, artifacts.c.id),
    select(events).where(events.c.job_id.in_(_IDS)).order_by(events.c.job_id, events.c.seq),
    select(webhook_deliveries)
    .where(webhook_deliveries.c.job_id.in_(_IDS))
    .order_by(webhook_deliveries.c.job_id, webhook_deliveries.c.seq, webhook_deliveries.c.id),
    select(chunks).where(chunks.c.job_id.in_(_IDS)).order_by(chunks.c.job_id, chunks.c.step_index, chunks.c.number),
)


@dataclass(frozen=True)
class JobRows:
    """One job's."""

    job: Row[Any]
    steps: Sequence[Row[Any]]
    attempts: Sequence[Row[Any]]
    artifacts: Sequence[Row[Any]]
    events: Sequence[Row[Any]]
    deliveries: Sequence[Row[Any]]
    chunks: Sequence[Row[Any]]


def read(database: Database, job_ids: Sequence[str]) -> dict[str, JobRows]:
    """Rows by job; a job that is not there is left out."""
    with database.read() as connection:
        found = connection.execute(_jobs, {"ids": list(job_ids)}).all()
        parts = [
            {job_id: list(rows) for job_id, rows in groupby(connection.execute(query, {"ids": list(job_ids)}), _job_id)}
            for query in _parts
        ]
    return {row.id: JobRows(row, *(part.get(row.id, []) for part in parts)) for row in found}


def _job_id(row: Row[Any]) -> str:
    job_id: str = row.job_id
    return job_id
