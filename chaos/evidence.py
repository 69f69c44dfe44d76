"""Everything that a run left behind, read once: rows, bytes, and what its clients and its receiver saw."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row, Table, select

from chaos.load import Load
from chaos.nemesis import Blow
from chaos.receiver import Receiver
from chaos.stacks import Stack
from chaos.work import Ask
from pipelines.errors import HarmonyError, TransientError
from storage.tables import artifacts, attempts, events, jobs, steps
from storage.tables_webhooks import webhook_deliveries

_K = TypeVar("_K")
_READERS = 8
_CHUNK = 1 << 20
_STORE_PATIENCE = 30.0

Rows = Sequence[Row[Any]]
Step = tuple[str, int]


@dataclass
class Evidence:
    """The rows by job, and the rest as it was recorded."""

    jobs: dict[str, Row[Any]]
    steps: dict[str, list[Row[Any]]]
    attempts: dict[str, list[Row[Any]]]
    artifacts: dict[str, list[Row[Any]]]
    events: dict[str, list[Row[Any]]]
    deliveries: dict[str, list[Row[Any]]]
    #: SHA-256 of what lies in the store, by key; an error's code where it cannot be read.
    stored: dict[str, str]
    asked: Sequence[Ask]
    told: dict[str, list[str]]
    gaps: Sequence[str]
    position: int
    receiver: Receiver
    blows: Sequence[Blow]

    def ask_of(self) -> dict[str, Ask]:
        """The client's record by the job's id, also where no answer ever told it."""
        by_key = {ask.key: ask for ask in self.asked}
        return {job.id: by_key[key] for job in self.jobs.values() if (key := job.labels.get("chaos")) in by_key}

    def starts(self) -> dict[Step, list[float]]:
        """When each step was claimed, in order."""
        found: defaultdict[Step, list[float]] = defaultdict(list)
        for job_id, listed in self.events.items():
            for event in listed:
                if event.type == "step.started":
                    found[job_id, event.data["step"]].append(event.at)
        return found


def gather(stack: Stack, load: Load, receiver: Receiver, blows: Sequence[Blow]) -> Evidence:
    """Reads it all; the stack should be at rest."""
    kept = _all(stack, artifacts, artifacts.c.created_at)
    with ThreadPoolExecutor(_READERS) as readers:
        keys = sorted({row.key for row in kept})
        stored = dict(zip(keys, readers.map(lambda key: _sha256(stack, key), keys), strict=True))
    return Evidence(
        jobs={row.id: row for row in _all(stack, jobs, jobs.c.id)},
        steps=_by(_all(stack, steps, steps.c.number), lambda row: str(row.job_id)),
        attempts=_by(_all(stack, attempts, attempts.c.id), lambda row: str(row.job_id)),
        artifacts=_by(kept, lambda row: str(row.job_id)),
        events=_by(_all(stack, events, events.c.seq), lambda row: str(row.job_id)),
        deliveries=_by(_all(stack, webhook_deliveries, webhook_deliveries.c.id), lambda row: str(row.job_id)),
        stored=stored,
        asked=list(load.asked),
        told=dict(load.told),
        gaps=list(load.gaps),
        position=load.position,
        receiver=receiver,
        blows=list(blows),
    )


def _all(stack: Stack, table: Table, order: Any) -> list[Row[Any]]:
    with stack.database.read() as connection:
        return list(connection.execute(select(table).order_by(order)))


def _by(rows: Iterable[Row[Any]], key: Callable[[Row[Any]], _K]) -> dict[_K, list[Row[Any]]]:
    found: defaultdict[_K, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def _sha256(stack: Stack, key: str) -> str:
    give_up = time.monotonic() + _STORE_PATIENCE
    while True:
        digest = hashlib.sha256()
        try:
            with stack.artifacts.open(key) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except TransientError as error:
            if time.monotonic() > give_up:
                return error.code
            time.sleep(1.0)
        except HarmonyError as error:
            return error.code
        else:
            return digest.hexdigest()
