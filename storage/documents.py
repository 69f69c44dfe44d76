"""The public job document, built once: what GET, long-polls and lists all say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from pipelines.ids import step_id
from pipelines.jobs import Priority
from pipelines.times import rfc3339

#: Makes the address of an artifact's bytes from its row.
Link = Callable[[Row[Any]], str]


def job_document(
    job: Row[Any],
    steps: Sequence[Row[Any]],
    results: Sequence[Row[Any]],
    *,
    base: str,
    link: Link,
    queue_position: int | str | None = None,
) -> dict[str, Any]:
    """The job as clients see it; `base` is the public address that links begin with."""
    itself = f"{base}/v1/jobs/{job.id}"
    return {
        "id": job.id,
        "kind": job.kind,
        "model": job.model,
        "status": job.status,
        "progress": job.progress,
        "priority": Priority(job.priority).label,
        "labels": job.labels,
        "request": job.request,
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at),
        "finished_at": rfc3339(job.finished_at),
        "expires_at": None,
        "queue_position": queue_position,
        "estimate": None,
        "attempts": sum(step.attempts for step in steps),
        "steps": _steps(job, steps),
        "result": {"artifacts": [artifact_document(row, link) for row in results], **(job.output or {})}
        if results
        else None,
        "error": job.error,
        "links": {
            "self": itself,
            "events": f"{itself}/events",
            "result": f"{itself}/result",
            "cancel": f"{itself}/cancel",
        },
    }


def _steps(job: Row[Any], steps: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    documents = []
    # A step is queued from the moment its predecessor ended.
    queued_at = job.created_at
    for step in steps:
        documents.append(
            {
                "id": step_id(job.id, step.number),
                "name": step.name,
                "model": step.model,
                "queue": step.queue,
                "status": step.status,
                "attempts": step.attempts,
                "worker": step.worker,
                "queued_at": rfc3339(queued_at),
                "started_at": rfc3339(step.started_at),
                "finished_at": rfc3339(step.finished_at),
                "error": step.error,
            }
        )
        queued_at = step.finished_at if step.status == "succeeded" else None
    return documents


def artifact_document(row: Row[Any], link: Link) -> dict[str, Any]:
    """An artifact as clients see it, with a fresh link."""
    return {
        "id": row.id,
        "role": row.role,
        "media_type": row.media_type,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "seconds": row.seconds,
        "sample_rate": row.sample_rate,
        "url": link(row),
    }


def event_document(row: Row[Any] | Mapping[str, Any]) -> dict[str, Any]:
    """One line of a job's history."""
    values = row if isinstance(row, Mapping) else row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return {
        "job_id": values["job_id"],
        "seq": values["seq"],
        "position": values["position"],
        "type": values["type"],
        "at": rfc3339(values["at"]),
        "data": values["data"],
    }
