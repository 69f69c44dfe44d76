"""How the jobs went that have ended, as histograms by the minute of their end: waiting, running, in all, real time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, func, select, tuple_

from pipelines.histograms import Histogram, add, merge
from pipelines.jobs import JobStatus, Purpose, StepStatus
from pipelines.rollups import MINUTE, bucket_of, buckets_of
from storage.database import AnyConnection, WriteConnection
from storage.tables import artifacts, steps
from storage.tables_counts import job_ends
from storage.upserts import replacing

#: What is measured, in seconds; the last one is a ratio.
WAIT, RUN, TOTAL, REAL_TIME_FACTOR = "wait", "run", "total", "real_time_factor"

# Statements that run again and again are built once: building one costs more than running it.
_steps: Select[Any] = (
    select(
        steps.c.job_id,
        steps.c.number,
        steps.c.model,
        steps.c.queue,
        steps.c.status,
        steps.c.attempts,
        steps.c.started_at,
        steps.c.finished_at,
    )
    .where(steps.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(steps.c.job_id, steps.c.number)
)
_lengths = (
    select(artifacts.c.job_id, artifacts.c.purpose, func.max(artifacts.c.seconds).label("seconds"))
    .where(artifacts.c.job_id.in_(bindparam("ids", expanding=True)), artifacts.c.seconds > 0)
    .group_by(artifacts.c.job_id, artifacts.c.purpose)
)


class Key(NamedTuple):
    """What jobs are told apart by."""

    kind: str
    model: str
    queue: str


@dataclass(frozen=True)
class EndedJob:
    """A job that has ended; times in seconds since 1970."""

    id: str
    key: Key
    status: JobStatus
    created_at: float
    started_at: float | None
    finished_at: float


#: Job → its steps in order.
Steps = Mapping[str, Sequence[Row[Any]]]


@dataclass
class _Ends:
    """A row of `job_ends` in the making."""

    jobs: int = 0
    succeeded: int = 0
    failed: int = 0
    measured: dict[str, Histogram] = field(default_factory=dict)

    def add(self, job: EndedJob, values: Mapping[str, float]) -> None:
        self.jobs += 1
        self.succeeded += job.status is JobStatus.SUCCEEDED
        self.failed += job.status is JobStatus.FAILED
        for measure, value in values.items():
            add(self.measured.setdefault(measure, {}), value)

    def merge(self, other: _Ends | Row[Any]) -> None:
        self.jobs += other.jobs
        self.succeeded += other.succeeded
        self.failed += other.failed
        for measure, histogram in other.measured.items():
            merge(self.measured.setdefault(measure, {}), histogram)


def steps_of(connection: AnyConnection, job_ids: Collection[str]) -> Steps:
    """The steps of these jobs."""
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    if job_ids:
        for row in connection.execute(_steps, {"ids": sorted(job_ids)}):
            found[row.job_id].append(row)
    return found


def add_ends(connection: WriteConnection, ended: Sequence[EndedJob], planned: Steps, now: float) -> None:
    """Adds these jobs to the buckets of their ends; only by one at a time, for it reads what it writes."""
    if not ended:
        return
    lengths = _audio_seconds(connection, [job.id for job in ended if job.status is JobStatus.SUCCEEDED])
    by_minute: defaultdict[tuple[int, Key], _Ends] = defaultdict(_Ends)
    for job in ended:
        values = _measure(job, planned.get(job.id, ()), lengths.get(job.id))
        by_minute[bucket_of(job.finished_at, MINUTE), job.key].add(job, values)
    gathered: defaultdict[tuple[int, int, Key], _Ends] = defaultdict(_Ends)
    for (minute, key), ends in by_minute.items():
        for grain, at in buckets_of(minute, now):
            gathered[grain, at, key].merge(ends)
    for row in connection.execute(_known(gathered)):
        place = (row.grain, row.at, Key(row.kind, row.model, row.queue))
        if place in gathered:
            gathered[place].merge(row)
    rows = [
        {"grain": grain, "at": at, **key._asdict(), **vars(ends)} for (grain, at, key), ends in sorted(gathered.items())
    ]
    connection.execute(replacing(connection.dialect.name, job_ends), rows)


def _known(places: Iterable[tuple[int, int, Key]]) -> Select[Any]:
    buckets = sorted({(grain, at) for grain, at, _ in places})
    return select(job_ends).where(tuple_(job_ends.c.grain, job_ends.c.at).in_(buckets))


def _audio_seconds(connection: AnyConnection, job_ids: Sequence[str]) -> dict[str, float]:
    """The length of the audio that each job made, else of what it read."""
    found: dict[str, float] = {}
    if job_ids:
        rows = connection.execute(_lengths, {"ids": job_ids}).all()
        for row in sorted(rows, key=lambda row: row.purpose == Purpose.RESULT):
            found[row.job_id] = row.seconds
    return found


def _measure(job: EndedJob, planned: Sequence[Row[Any]], audio_seconds: float | None) -> dict[str, float]:
    """Of jobs that were cancelled or expired nothing is measured: how long they took says nothing of the service."""
    if job.status not in {JobStatus.SUCCEEDED, JobStatus.FAILED}:
        return {}
    values = {TOTAL: job.finished_at - job.created_at}
    if job.started_at is not None:
        values[WAIT] = job.started_at - job.created_at
    run = _model_seconds(planned) if job.status is JobStatus.SUCCEEDED else None
    if run is not None:
        values[RUN] = run
        if audio_seconds:
            values[REAL_TIME_FACTOR] = run / audio_seconds
    return values


def _model_seconds(planned: Sequence[Row[Any]]) -> float | None:
    """How long the model ran; None if it ran in the job that this one took steps over from."""
    own = [step for step in planned if step.model is not None]
    if not own or any(step.status != StepStatus.SUCCEEDED or not step.attempts for step in own):
        return None
    return float(sum(step.finished_at - step.started_at for step in own))
