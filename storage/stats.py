"""What the roll-ups answer: jobs by status, in all and over time, and how models did; costs by buckets, not by jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, case, exists, func, or_, select

from pipelines.histograms import Histogram, merge
from pipelines.rollups import EVER, Window, window
from storage.database import AnyConnection, Database, db_now
from storage.measuring import Key
from storage.positions import last_position
from storage.tables import events
from storage.tables_counts import count_corrections, count_state, job_counts, job_ends


@dataclass(frozen=True)
class StatsFilter:
    """Which jobs are counted; an empty tuple is any."""

    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


@dataclass
class ModelEnds:
    """How the jobs of a model went that ended in the window: how many, and its histograms by measure."""

    jobs: int = 0
    succeeded: int = 0
    failed: int = 0
    measured: dict[str, Histogram] = field(default_factory=dict)


@dataclass(frozen=True)
class Stats:
    """Jobs by status: of the window's buckets, by their beginning, and of all time; and the models."""

    window: Window
    buckets: Mapping[int, Mapping[str, int]]
    total: Mapping[str, int]
    models: Mapping[Key, ModelEnds]
    #: Seconds since 1970: nothing is missing that happened before.
    as_of: float


_something_left = or_(
    exists(select(events.c.id).where(events.c.position.is_(None))),
    count_state.c.position < last_position,
    exists(select(count_corrections.c.id)),
    count_state.c.counted_to < count_state.c.older_to,
)
# With nothing left to count, the roll-ups are as of now.
_as_of = select(case((_something_left, func.coalesce(count_state.c.counted_at, 0.0)), else_=db_now()))
_now = select(db_now())


class StatsReader:
    """Reads the roll-ups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> float:
        """The database's clock, in seconds since 1970."""
        with self._database.read() as connection:
            return connection.scalar(_now) or 0.0

    def read(self, which: StatsFilter, since: float, until: float) -> Stats:
        """The window from `since` to `until`, grown to whole buckets."""
        with self._database.read() as connection:
            as_of: float = connection.scalar(_as_of) or 0.0
            asked = window(since, until, connection.scalar(_now) or 0.0)
            return Stats(
                asked,
                _by_bucket(connection, which, asked),
                _total(connection, which),
                _models(connection, which, asked),
                as_of,
            )


def _by_bucket(connection: AnyConnection, which: StatsFilter, asked: Window) -> dict[int, dict[str, int]]:
    at = job_counts.c.at - job_counts.c.at % asked.bucket
    query = select(at.label("start"), job_counts.c.status, func.sum(job_counts.c.jobs).label("jobs")).where(
        job_counts.c.grain == asked.grain, job_counts.c.at >= asked.since, job_counts.c.at < asked.until
    )
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(_where(query, job_counts, which).group_by(at, job_counts.c.status)):
        found[int(row.start)][row.status] = int(row.jobs)
    return found


def _total(connection: AnyConnection, which: StatsFilter) -> dict[str, int]:
    query = select(job_counts.c.status, func.sum(job_counts.c.jobs).label("jobs")).where(job_counts.c.grain == EVER)
    rows = connection.execute(_where(query, job_counts, which).group_by(job_counts.c.status))
    return {row.status: int(row.jobs) for row in rows}


def _models(connection: AnyConnection, which: StatsFilter, asked: Window) -> dict[Key, ModelEnds]:
    found: defaultdict[Key, ModelEnds] = defaultdict(ModelEnds)
    for grain, since, until in asked.parts():
        query = select(job_ends).where(job_ends.c.grain == grain, job_ends.c.at >= since, job_ends.c.at < until)
        for row in connection.execute(_where(query, job_ends, which)):
            ends = found[Key(row.kind, row.model, row.queue)]
            ends.jobs += row.jobs
            ends.succeeded += row.succeeded
            ends.failed += row.failed
            for measure, histogram in row.measured.items():
                merge(ends.measured.setdefault(measure, {}), histogram)
    return found


def _where(query: Select[Any], table: Table, which: StatsFilter) -> Select[Any]:
    return query.where(*_conditions(table, which))


def _conditions(table: Table, which: StatsFilter) -> Sequence[ColumnElement[bool]]:
    asked = ((table.c.kind, which.kinds), (table.c.model, which.models), (table.c.queue, which.queues))
    return [column.in_(values) for column, values in asked if values]
