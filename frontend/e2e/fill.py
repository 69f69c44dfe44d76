# ruff: noqa: INP001 - a script beside the specs that run it, no package
"""Adds ended jobs to the SQLite database of a data directory, for the tests of long lists: `fill.py DIR past 50000`.

`past` jobs lie before every other job. Their events have positions below all others: nobody is told of them any more,
and the bookkeeper counts them like jobs that are older than its roll-ups. `live` jobs are made now, in small
transactions; their events are numbered by the dispatcher, so open pages are told of each.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from pipelines.ids import first_id_at, new_id
from storage.database import Database, WriteConnection
from storage.tables import events, job_labels, jobs, steps
from storage.tables_counts import count_state

_PORTION = {"past": 2500, "live": 50}
_DAY = 86_400.0
_WORDS = ("a", "job", "waits", "in", "its", "queue", "until", "some", "worker", "speaks", "the", "text", "again")
_ERROR = {
    "type": "urn:harmony-speech:problem:engine_failed",
    "title": "The model failed",
    "status": 500,
    "detail": "the model failed on this text",
    "code": "engine_failed",
    "cause": "fault",
}
_ENDS = ("succeeded",) * 17 + ("failed", "failed", "cancelled")


def main(folder: str, when: str, count: int) -> None:
    """Writes the jobs and prints how many events open pages are told of."""
    database = Database(f"sqlite:///{Path(folder).resolve() / 'harmony.db'}")
    chance = random.Random(0)  # noqa: S311 - texts to look at, no secrets
    with database.write() as connection:
        before = _before(connection)
        there = connection.scalar(select(func.count()).where(job_labels.c.key == "fill", job_labels.c.value == "past"))
    if when == "past" and (there or 0) >= count:
        return
    told = 0
    for start in range(0, count, _PORTION[when]):
        numbers = range(start, min(count, start + _PORTION[when]))
        with database.write() as connection:
            made = [_job(chance, when, before, count, number) for number in numbers]
            connection.execute(insert(jobs), made)
            connection.execute(insert(steps), [_step(job) for job in made])
            connection.execute(insert(job_labels), list(_labels(made)))
            happened = [event for job in made for event in _events(job)]
            if when == "past":
                first: int = connection.scalar(select(func.min(events.c.position))) or 0
                for place, event in enumerate(happened, start=1):
                    event["position"] = min(0, first) - place
                _count_later(connection, made[-1]["id"])
            else:
                told += len(happened)
            connection.execute(insert(events), happened)
    sys.stdout.write(f"{told}\n")


def _before(connection: WriteConnection) -> float:
    oldest = connection.scalar(select(func.min(jobs.c.created_at)))
    return float(oldest or time.time()) - 60.0


def _job(chance: random.Random, when: str, before: float, count: int, number: int) -> dict[str, Any]:
    created = time.time() if when == "live" else before - _DAY * (count - number) / count
    job_id = new_id("job") if when == "live" else first_id_at("job", created) + _rest(chance)
    status = chance.choice(_ENDS)
    started = created + chance.random()
    text = f"Number {number}: {' '.join(chance.choices(_WORDS, k=chance.randint(4, 30)))}."
    return {
        "id": job_id,
        "kind": "speech",
        "model": "tone",
        "status": status,
        "priority": 1,
        "progress": 1.0 if status == "succeeded" else 0.0,
        "request": {"kind": "speech", "input": {"text": text}, "options": {}},
        "labels": {"fill": when},
        "error": _ERROR if status == "failed" else None,
        "error_code": _ERROR["code"] if status == "failed" else None,
        "created_at": created,
        "started_at": started,
        "finished_at": started + chance.random(),
        "seq": 5 if when == "live" else 2,
        "phase": "ended",
        "steps": 1,
        "step_index": 0,
        "queue": "cpu",
        "model_queue": "cpu",
        "route": "cpu",
        "rank": 1,
        "run_at": created,
        "ready_at": created,
        "charged": {},
    }


def _rest(chance: random.Random) -> str:
    """What follows the milliseconds of a UUIDv7, which `first_id_at` leaves open."""
    made = uuid.UUID(int=chance.getrandbits(128), version=4)
    return f"-7{str(made)[15:]}"


def _step(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "job_id": job["id"],
        "number": 0,
        "name": "synthesize",
        "action": "synthesize",
        "model": "tone",
        "queue": "cpu",
        "options": {},
        "status": job["status"],
        "attempts": 1,
        "worker": "cpu-1",
        "started_at": job["started_at"],
        "finished_at": job["finished_at"],
        "error": job["error"],
    }


def _labels(made: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    for job in made:
        for key, value in job["labels"].items():
            yield {"job_id": job["id"], "key": key, "value": value}


def _events(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    happened: list[tuple[str, dict[str, Any]]] = [
        ("job.queued", {"kind": "speech", "model": "tone"}),
        ("job.started", {}),
        ("step.started", {"step": 0, "queue": "cpu", "worker": "cpu-1"}),
        (f"step.{job['status']}", {"step": 0}),
        (f"job.{job['status']}", {"code": job["error_code"]} if job["error_code"] else {}),
    ]
    if job["seq"] < len(happened):
        happened = [happened[0], happened[-1]]
    for seq, (kind, data) in enumerate(happened, start=1):
        yield {"job_id": job["id"], "seq": seq, "type": kind, "at": job["created_at"], "data": data}


def _count_later(connection: WriteConnection, last: str) -> None:
    """Lets the bookkeeper count them: in a database made by this release nothing else is older than its roll-ups."""
    connection.execute(update(count_state).where(count_state.c.older_to < last).values(older_to=last))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
