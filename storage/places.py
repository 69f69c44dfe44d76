"""A waiting job's place in the queue, as the dispatcher would go on if nothing came or went and all weighed the same.

Ahead of a job are the due jobs of better rank on its route, those of its own submitter that have been due for longer,
and of every other submitter of its rank as many, and one more. Ageing, and what waits on other routes, are left out.
Counting ends at EXACT_POSITION, so that a place costs no more than so many entries of the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Row, bindparam, func, literal_column, select, text, tuple_

from pipelines.jobs import Phase
from storage.database import AnyConnection, db_now
from storage.tables import is_waiting, jobs

#: Places behind more than this many jobs are told as "1000+".
EXACT_POSITION = 1000
_FAR = f"{EXACT_POSITION}+"
#: Submitters that are looked at; most of them may have nothing that is due.
_MOST_SUBMITTERS = EXACT_POSITION + 1

_one = jobs.alias("one")
_one_waits = text("one.phase = 'waiting'")
_in_line = (_one.c.route == bindparam("route"), _one.c.rank == bindparam("rank"))
_now = select(db_now()).scalar_subquery()
_one_row = literal_column("1", Integer)

_own = select(func.count()).select_from(
    select(_one_row)
    .select_from(jobs)
    .where(
        is_waiting,
        jobs.c.route == bindparam("route"),
        jobs.c.rank == bindparam("rank"),
        jobs.c.submitter == bindparam("submitter"),
        jobs.c.run_at <= _now,
        tuple_(jobs.c.run_at, jobs.c.id)
        < tuple_(bindparam("run_at", type_=jobs.c.run_at.type), bindparam("job_id", type_=jobs.c.id.type)),
    )
    .limit(EXACT_POSITION)
    .subquery()
)
_better_rank = select(func.max(jobs.c.rank)).where(
    is_waiting, jobs.c.route == bindparam("route"), jobs.c.rank < bindparam("rank")
)

# From submitter to submitter: who is next, and how many jobs all before them have, each counted up to `each`.
_submitter = select(_one.c.submitter).where(_one_waits, *_in_line).order_by(_one.c.submitter).limit(_one_row)
_walk = select(
    _submitter.scalar_subquery().label("submitter"),
    literal_column("CAST(0 AS BIGINT)", Integer).label("total"),
    literal_column("1", Integer).label("number"),
).cte("walk", recursive=True)
_next = _submitter.where(_one.c.submitter > _walk.c.submitter).correlate(_walk).scalar_subquery()
_due = (
    select(_one_row)
    .select_from(_one)
    .where(_one_waits, *_in_line, _one.c.submitter == _walk.c.submitter, _one.c.run_at <= _now)
    .limit(bindparam("each"))
    .correlate(_walk)
    .subquery()
)
_count = select(func.count()).select_from(_due).correlate(_walk).scalar_subquery()
_walk = _walk.union_all(
    select(_next, _walk.c.total + _count, _walk.c.number + _one_row).where(
        _walk.c.submitter.is_not(None),
        _walk.c.total < bindparam("most", type_=Integer),
        _walk.c.number <= literal_column(str(_MOST_SUBMITTERS)),
    )
)
_in_rank = select(func.max(_walk.c.total).label("total"), func.max(_walk.c.number).label("number"))


def place(connection: AnyConnection, job: Row[Any]) -> int | str:
    """The place of a waiting job, 1 if it is the next; "1000+" if it is behind more than 1,000."""
    itself = {"route": job.route, "rank": job.rank}
    mine = {**itself, "submitter": job.submitter, "run_at": job.run_at, "job_id": job.id}
    own = connection.scalar(_own, mine) or 0
    # Counting its own submitter as all others finds the job itself, if it is due.
    ahead = _jobs_of(connection, itself, own + 1, EXACT_POSITION + 1)
    ahead = max(own, ahead - 1)
    while ahead < EXACT_POSITION and (better := connection.scalar(_better_rank, itself)) is not None:
        itself = {"route": job.route, "rank": better}
        ahead += _jobs_of(connection, itself, EXACT_POSITION, EXACT_POSITION - ahead)
    return _FAR if ahead >= EXACT_POSITION else ahead + 1


def places(connection: AnyConnection, rows: Sequence[Row[Any]]) -> dict[str, int | str]:
    """The places of the waiting jobs among `rows`; a job in another phase has none."""
    found: dict[str, int | str] = {}
    far: set[tuple[str, int, str]] = set()
    # Whoever comes behind a far one of the same submitter is far without counting.
    for row in sorted((row for row in rows if row.phase == Phase.WAITING), key=lambda row: (row.run_at, row.id)):
        group = (row.route, row.rank, row.submitter)
        found[row.id] = _FAR if group in far else place(connection, row)
        if found[row.id] == _FAR:
            far.add(group)
    return found


def _jobs_of(connection: AnyConnection, line: dict[str, Any], each: int, most: int) -> int:
    """Due jobs of a route and rank, of every submitter up to `each`; `most` or more if there are so many."""
    row = connection.execute(_in_rank, {**line, "each": each, "most": most}).one()
    # So many submitters were not all looked at.
    total: int = row.total
    return max(total, most) if row.number > _MOST_SUBMITTERS else total
