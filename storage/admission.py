"""Which waiting jobs the dispatcher publishes now: what `pipelines.fairness` decides on, found in rows.

A turn costs by the number of submitters that wait, up to a bound, and by how many jobs it publishes; never by how many
jobs wait. The index `ix_jobs_waiting` (route, rank, submitter, run_at, id) gives the longest due job of each group in
one jump, and of a group whose first is not due yet none is. The clock is read once: if each statement had its own
moment, a job that is read later would seem the older one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from sqlalchemy import CTE, Double, Integer, Select, bindparam, func, literal_column, select, text

from pipelines.fairness import Fairness, Group, Next
from pipelines.jobs import Phase, Priority
from pipelines.places import Load, Places
from storage.clock import moment
from storage.database import ReadConnection
from storage.tables import is_in_flight, is_waiting, jobs

#: Submitters of one route and rank that a turn looks at; if there are more, the next turn goes on behind them.
MOST_SUBMITTERS = 128


#: Routes times ranks; a deployment has a dozen.
_MOST_LINES = 1000


class Line(NamedTuple):
    """Waiting jobs that share route and rank."""

    route: str
    rank: int

    @property
    def queues(self) -> tuple[str, ...]:
        return tuple(self.route.split(">"))


class Admission:
    """Chooses for the one dispatcher that leads; what it remembers may be lost."""

    def __init__(self, weights: Mapping[str, float], ageing: float, most_submitters: int = MOST_SUBMITTERS) -> None:
        self._fairness = Fairness(weights, ageing)
        self._most = most_submitters
        #: Where to go on in lines with more submitters than one turn looks at.
        self._from: dict[Line, str] = {}

    def pick(self, connection: ReadConnection, windows: Mapping[str, int], slots: Mapping[str, int]) -> list[str]:
        """The jobs to publish now, in order: `windows` says how many may stand at a queue, `slots` which live."""
        lines = waiting_lines(connection)
        if not lines:
            return []
        places = Places(windows, slots, load(connection))
        served = [line for line in lines if places.served(line.queues)]
        if not any(places.open(line.queues) for line in served):
            return []
        self._from = {line: start for line, start in self._from.items() if line in served}
        now = moment(connection)
        groups = [group for line in served for group in self._due(connection, line, now)]
        return self._fairness.choose(groups, places, partial(_behind, connection, now))

    @property
    def out_of_turn(self) -> Collection[str]:
        """The jobs picked last that took a place which better ranks had to leave."""
        return self._fairness.out_of_turn

    def _due(self, connection: ReadConnection, line: Line, now: float) -> list[Group]:
        """The groups with due jobs among the next so many as a turn looks at; round and round, if there are more."""
        start = self._from.pop(line, "")
        found = _groups(connection, line, now, start, self._most + 1)
        if start and len(found) <= self._most:
            again = _groups(connection, line, now, "", self._most + 1 - len(found))
            found += [group for group in again if group.submitter < start]
        if len(found) > self._most:
            self._from[line] = found.pop().submitter
        return [group for group in found if group.head.waited >= 0]


# Statements of the hot path are built once: building one costs more than running it.
_count_in_flight = (
    select(jobs.c.phase, jobs.c.queue, jobs.c.priority, func.count())
    .where(is_in_flight)
    .group_by(jobs.c.phase, jobs.c.queue, jobs.c.priority)
)


def load(connection: ReadConnection) -> Load:
    """How full each queue is; counts only what is in flight, which the windows bound."""
    backlog: dict[str, int] = {}
    deferred: dict[str, int] = {}
    claimed: dict[str, int] = {}
    for phase, queue, priority, count in connection.execute(_count_in_flight):
        published = deferred if priority == Priority.DEFERRABLE else backlog
        at = published if phase == Phase.PUBLISHED else claimed
        at[queue] = at.get(queue, 0) + count
    return Load(backlog, claimed, deferred)


# A walk through the index: a recursive statement that carries ids alone, as each of its steps is a scalar subquery.
_one, _known = jobs.alias("one"), jobs.alias("known")
# A limit that is a parameter says nothing to PostgreSQL when it plans ahead: it would read and sort all that waits.
_one_id = select(_one.c.id).where(text("one.phase = 'waiting'")).limit(literal_column("1"))


def _walk(begin: Select[tuple[str]], *following: Select[tuple[str]]) -> CTE:
    """Ids from `begin` on, each found by the first of `following` that finds one; at most the parameter `most`."""
    first = select(begin.scalar_subquery().label("id"), literal_column("1", Integer).label("number"))
    walk = first.cte("walk", recursive=True)
    found = [select_one.correlate(_known).scalar_subquery() for select_one in following]
    step = select(func.coalesce(*found, None), walk.c.number + literal_column("1"))
    return walk.union_all(
        step.join_from(walk, _known, _known.c.id == walk.c.id).where(walk.c.number < bindparam("most", type_=Integer()))
    )


_by_line = (_one.c.route, _one.c.rank)
# Not by one comparison of both: SQLite would read all that waits on the route, once its end is not a constant.
_lines_walk = _walk(
    _one_id.order_by(*_by_line),
    _one_id.where(_one.c.route == _known.c.route, _one.c.rank > _known.c.rank).order_by(*_by_line),
    _one_id.where(_one.c.route > _known.c.route).order_by(*_by_line),
)
_lines = (
    select(jobs.c.route, jobs.c.rank)
    .join_from(_lines_walk, jobs, jobs.c.id == _lines_walk.c.id)
    .order_by(_lines_walk.c.number)
)

_in_line = (_one.c.route == bindparam("route"), _one.c.rank == bindparam("rank"))
_by_submitter = (_one.c.submitter, _one.c.run_at, _one.c.id)
_heads_walk = _walk(
    _one_id.where(*_in_line, _one.c.submitter >= bindparam("start")).order_by(*_by_submitter),
    _one_id.where(*_in_line, _one.c.submitter > _known.c.submitter).order_by(*_by_submitter),
)
_heads = (
    select(jobs.c.id, jobs.c.submitter, jobs.c.cost, jobs.c.run_at)
    .join_from(_heads_walk, jobs, jobs.c.id == _heads_walk.c.id)
    .order_by(_heads_walk.c.number)
)
_behind_head = (
    select(jobs.c.id, jobs.c.cost, jobs.c.run_at)
    .where(
        is_waiting,
        jobs.c.route == bindparam("route"),
        jobs.c.rank == bindparam("rank"),
        jobs.c.submitter == bindparam("submitter"),
        jobs.c.run_at <= bindparam("now", type_=Double()),
    )
    .order_by(jobs.c.run_at, jobs.c.id)
    .offset(1)
    .limit(bindparam("limit"))
)


def waiting_lines(connection: ReadConnection) -> list[Line]:
    """The routes and ranks of waiting jobs, each found by one jump."""
    return [Line(row.route, row.rank) for row in connection.execute(_lines, {"most": _MOST_LINES})]


def _groups(connection: ReadConnection, line: Line, now: float, start: str, most: int) -> list[Group]:
    """Groups by their submitters' names from `start` on, due or not: of one that is not, `waited` is negative."""
    rows = connection.execute(_heads, {"route": line.route, "rank": line.rank, "start": start, "most": most})
    route = line.queues
    return [Group(route, line.rank, row.submitter, Next(row.id, now - row.run_at, row.cost)) for row in rows]


def _behind(connection: ReadConnection, now: float, group: Group, limit: int) -> list[Next]:
    """The due jobs of the group behind its head."""
    place = {"route": ">".join(group.route), "rank": group.rank, "submitter": group.submitter}
    which = {**place, "now": now, "limit": limit}
    return [Next(row.id, now - row.run_at, row.cost) for row in connection.execute(_behind_head, which)]
