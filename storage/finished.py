"""Jobs that ended lately, as measurements: how much there was to do, and how long it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select

from storage.database import ReadConnection, db_now
from storage.tables import attempts, jobs

#: Looked at in one go: the newest.
_MOST = 2000


@dataclass(frozen=True)
class Finished:
    """A job whose last attempt is `attempt`."""

    attempt: int
    kind: str
    model: str
    units: float
    #: What it was expected to take, and what its attempts took together, in seconds.
    cost: float
    seconds: float
    succeeded: bool
    #: Seconds since it ended, by the database's clock.
    ago: float


_runs = attempts.alias("runs")
_ended = (
    select(
        attempts.c.id,
        jobs.c.kind,
        jobs.c.model,
        jobs.c.units,
        jobs.c.cost,
        jobs.c.status,
        (db_now() - attempts.c.finished_at).label("ago"),
        select(func.sum(_runs.c.finished_at - _runs.c.started_at))
        .where(_runs.c.job_id == attempts.c.job_id)
        .scalar_subquery()
        .label("seconds"),
    )
    .join(jobs, and_(jobs.c.id == attempts.c.job_id, jobs.c.fence == attempts.c.fence))
    .where(attempts.c.id > bindparam("after"), jobs.c.phase == "ended")
    .order_by(attempts.c.id.desc())
    .limit(_MOST)
)


def finished_since(connection: ReadConnection, attempt: int) -> Sequence[Finished]:
    """Jobs that ended by an attempt behind number `attempt`, in order, at most the newest 2,000."""
    rows = connection.execute(_ended, {"after": attempt}).all()
    return [
        Finished(row.id, row.kind, row.model, row.units, row.cost, row.seconds, row.status == "succeeded", row.ago)
        for row in reversed(rows)
    ]
