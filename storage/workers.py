"""The slots as people look at them: what each is, holds and does now. Costs by the slots, never by the jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select

from pipelines.times import rfc3339
from storage.database import ReadConnection, db_now
from storage.slots import FORGOTTEN_SECONDS, LIVE_SECONDS
from storage.tables import is_claimed, jobs, steps
from storage.tables_workers import slots

_age = (db_now() - slots.c.beat_at).label("age")
_live: tuple[ColumnElement[Any], ...] = (
    slots.c.name,
    slots.c.host,
    slots.c.queues,
    slots.c.loaded,
    slots.c.weights,
)
_claim: tuple[ColumnElement[Any], ...] = (
    jobs.c.id,
    jobs.c.slot,
    jobs.c.steps,
    jobs.c.step_index,
    jobs.c.claimed_at,
    jobs.c.progress,
    steps.c.name,
    steps.c.model,
)


@dataclass(frozen=True)
class Worker:
    """A slot's row, and the step that it holds if any."""

    slot: Row[Any]
    step: Row[Any] | None

    @property
    def alive(self) -> bool:
        return bool(self.slot.age < LIVE_SECONDS)


def list_workers(connection: ReadConnection) -> list[Worker]:
    """Every slot that beat within the last hour, by name."""
    found = connection.execute(
        select(slots, _age).where(slots.c.beat_at > db_now() - FORGOTTEN_SECONDS).order_by(slots.c.name)
    ).all()
    # By the claims that there are, at most one for a slot that lives, and not by the jobs.
    claims = connection.execute(
        select(*_claim)
        .join(steps, and_(steps.c.job_id == jobs.c.id, steps.c.number == jobs.c.step_index))
        .where(is_claimed)
        .order_by(jobs.c.claimed_at)
    )
    newest = {claim.slot: claim for claim in claims}
    return [Worker(row, newest.get(row.name)) for row in found]


def live_rows(connection: ReadConnection) -> Sequence[Row[Any]]:
    """The rows of slots that live and take work: name, host, queues, loaded models, weights that are there."""
    return connection.execute(
        select(*_live)
        .where(slots.c.beat_at > db_now() - LIVE_SECONDS, slots.c.stopped.is_(False))
        .order_by(slots.c.name)
    ).all()


def worker_document(worker: Worker) -> Mapping[str, Any]:
    """The slot as clients see it."""
    slot = worker.slot
    return {
        "id": slot.name,
        "queues": slot.queues,
        "host": slot.host,
        "pid": slot.pid,
        "device": slot.device,
        "device_name": slot.device_name,
        "threads": slot.threads,
        "memory": {"used_mb": slot.used_mb, "total_mb": slot.total_mb, "budget_mb": slot.budget_mb},
        # A slot that is gone holds nothing.
        "loaded_models": slot.loaded if worker.alive else [],
        "started_at": rfc3339(slot.started_at),
        "last_beat_at": rfc3339(slot.beat_at),
        "alive": worker.alive,
        "draining": slot.stopped,
        "step": None if worker.step is None else _step(worker.step),
    }


def _step(claim: Row[Any]) -> dict[str, Any]:
    """Progress is the step's own, 0–1: the job's counts every step the same."""
    done = claim.progress * claim.steps - claim.step_index
    return {
        "job_id": claim.id,
        "name": claim.name,
        "number": claim.step_index,
        "model": claim.model,
        "started_at": rfc3339(claim.claimed_at),
        "progress": round(max(0.0, min(1.0, done)), 4),
    }
