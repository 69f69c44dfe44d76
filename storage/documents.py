"""The public job document, built once: what GET, long-polls and lists all say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from pipelines.catalog import Capability
from pipelines.ids import step_id
from pipelines.jobs import JobStatus, Priority, StepStatus
from pipelines.streams import is_streamed
from pipelines.times import rfc3339

#: Kinds whose result is sound.
_SOUNDING = frozenset({Capability.SPEECH, Capability.VOICE_CONVERSION})

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
    attempts: Sequence[Row[Any]] | None = None,
    inputs: Sequence[Row[Any]] | None = None,
) -> dict[str, Any]:
    """The job as clients see it; `base` is the public address that links begin with.

    With `attempts`, each step also says how each of its own ended; with `inputs`, the job which recordings it took.
    """
    itself = f"{base}/v1/jobs/{job.id}"
    taken = {} if inputs is None else {"inputs": [artifact_document(row, link) for row in inputs]}
    return {
        "id": job.id,
        "kind": job.kind,
        "model": job.model,
        "queue": _queue(job, steps),
        "status": job.status,
        "progress": job.progress,
        "priority": Priority(job.priority).label,
        "labels": job.labels,
        "request": job.request,
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at),
        "finished_at": rfc3339(job.finished_at),
        "deadline": rfc3339(job.deadline_at),
        "expires_at": rfc3339(job.expires_at),
        "retry_of": job.retry_of,
        "queue_position": queue_position,
        "estimate": None,
        "attempts": sum(step.attempts for step in steps),
        "streams": is_streamed(steps),
        "steps": _steps(job, steps, attempts),
        **taken,
        "result": {"artifacts": [artifact_document(row, link) for row in results], **(job.output or {})}
        if results or (job.removed_at is not None and job.status == JobStatus.SUCCEEDED)
        else None,
        "error": job.error,
        "links": {
            "self": itself,
            "events": f"{itself}/events",
            "result": f"{itself}/result",
            **({"audio": f"{itself}/audio"} if job.kind in _SOUNDING else {}),
            "cancel": f"{itself}/cancel",
            "retry": f"{itself}/retry",
        },
    }


def _queue(job: Row[Any], steps: Sequence[Row[Any]]) -> str:
    """The queue of the job's model; rows of an earlier release are answered by their steps."""
    if job.model_queue is not None:
        return str(job.model_queue)
    return next((str(step.queue) for step in steps if step.model is not None), str(steps[0].queue))


def _steps(job: Row[Any], steps: Sequence[Row[Any]], attempts: Sequence[Row[Any]] | None) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []
    # A step is queued from the moment its predecessor ended.
    queued_at = job.created_at
    for step in steps:
        # Taken over from the job that this one is a retry of.
        taken_over = step.status == StepStatus.SUCCEEDED and step.attempts == 0
        documents.append(
            {
                "id": step_id(job.id, step.number),
                "name": step.name,
                "model": step.model,
                "queue": step.queue,
                "status": step.status,
                "attempts": step.attempts,
                "worker": step.worker,
                "queued_at": None if taken_over else rfc3339(queued_at),
                "started_at": rfc3339(step.started_at),
                "finished_at": rfc3339(step.finished_at),
                "error": step.error,
            }
        )
        if attempts is not None:
            own = [attempt for attempt in attempts if attempt.step_index == step.number]
            documents[-1]["tries"] = [_try(number, attempt) for number, attempt in enumerate(own, start=1)]
        if not taken_over:
            queued_at = step.finished_at if step.status == StepStatus.SUCCEEDED else None
    return documents


def _try(number: int, attempt: Row[Any]) -> dict[str, Any]:
    error = attempt.error or {}
    return {
        "number": number,
        "worker": attempt.worker,
        "started_at": rfc3339(attempt.started_at),
        "finished_at": rfc3339(attempt.finished_at),
        "outcome": attempt.outcome,
        "cause": attempt.cause,
        "code": error.get("code"),
        "detail": error.get("detail"),
    }


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
