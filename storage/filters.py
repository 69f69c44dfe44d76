"""Which jobs a list holds, and their ids newest first: by walks along indexes, whose cost is the page's."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, FromClause, Select, exists, func, select, union

from pipelines.ids import first_id_at
from storage.database import AnyConnection
from storage.tables import job_labels, jobs

#: Jobs that are looked up and sorted; if more have such a label, the newest jobs are looked through instead.
_FEW = 2000
_SEVERAL = 2
#: Behind every text that begins the same.
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list holds; None is any. Times: seconds since 1970; `text` begins an id or a label's value."""

    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    #: Queues that the jobs' models run on.
    queues: tuple[str, ...] = ()
    #: Codes of errors.
    codes: tuple[str, ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True)
class Page:
    """Which part of the list: behind the id `after`, or in front of `before`; else its beginning."""

    limit: int
    after: str | None = None
    before: str | None = None


def page_ids(connection: AnyConnection, which: JobFilter, page: Page) -> list[str]:
    """The ids of a page, newest first."""
    walk = _walk(_narrowed(connection, which), which)
    found = {job_id for part in _parts(connection, walk, which) for job_id in _run(connection, part, page)}
    return _newest_first(found, page)


def count_ids(connection: AnyConnection, which: JobFilter, most: int) -> int:
    """How many jobs there are, counting no further than `most`."""
    walk = _walk(_narrowed(connection, which), which)
    counted = [part.query.limit(most).subquery() for part in _parts(connection, walk, which)]
    # Those of several parts may be the same jobs.
    ids = union(*(select(part.c.id) for part in counted)).subquery() if len(counted) > 1 else counted[0]
    return min(most, connection.scalar(select(func.count()).select_from(ids)) or 0)


def _parts(connection: AnyConnection, walk: _Walk, which: JobFilter) -> list[_Walk]:
    """A walk for each of the ways in which a text can match: each has an index, one condition with `or` would not."""
    if which.text is None:
        return [walk]
    by_id = walk.where(walk.at >= which.text, walk.at < which.text + _LAST)
    return [by_id, walk.where(_has_label(connection, walk.at, which.text))]


@dataclass(frozen=True)
class _Walk:
    """A query for ids, and the column that it goes along."""

    query: Select[tuple[str]]
    at: ColumnElement[str]

    def where(self, *conditions: ColumnElement[bool]) -> _Walk:
        return _Walk(self.query.where(*conditions), self.at)


def _walk(source: FromClause, which: JobFilter) -> _Walk:
    query, at = select(source.c.id), source.c.id
    for number, (key, value) in enumerate(which.labels.items()):
        label = job_labels.alias()
        query = query.join(label, label.c.job_id == source.c.id).where(label.c.key == key, label.c.value == value)
        # A label's index holds its jobs in order, so the first one leads; a key is in a job once.
        if number == 0 and source is jobs:
            at = label.c.job_id
    for condition in (*_by_column(source, which), *_by_time(at, which)):
        query = query.where(condition)
    return _Walk(query, at)


def _narrowed(connection: AnyConnection, which: JobFilter) -> FromClause:
    """The jobs, or where several filters meet only those of the rarest, if they are few.

    The limit keeps either database from going along another filter's index, which may hold a million jobs that all
    lack what is rare; SQLite knows nothing of how many there are.
    """
    conditions = _by_column(jobs, which)
    if len(conditions) + len(which.labels) < _SEVERAL or _have_an_index(which):
        return jobs
    for key, value in which.labels.items():
        labelled = select(job_labels.c.job_id).where(job_labels.c.key == key, job_labels.c.value == value)
        if _is_few(connection, labelled):
            some = labelled.limit(_FEW).subquery()
            return select(jobs).join(some, some.c.job_id == jobs.c.id).limit(_FEW).subquery()
    for condition in conditions:
        if _is_few(connection, select(jobs.c.id).where(condition)):
            return select(jobs).where(condition).limit(_FEW).subquery()
    return jobs


def _have_an_index(which: JobFilter) -> bool:
    """A status and a kind or a model, one of each and nothing else, are walked together."""
    others = (which.voices, which.queues, which.codes, which.labels)
    return len(which.statuses) == 1 and len(which.kinds + which.models) == 1 and not any(others)


def _is_few(connection: AnyConnection, ids: Select[tuple[str]]) -> bool:
    some = ids.limit(_FEW).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) < _FEW


def _by_column(source: FromClause, which: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (source.c.status, which.statuses),
        (source.c.kind, which.kinds),
        (source.c.model, which.models),
        (source.c.voice, which.voices),
        (source.c.model_queue, which.queues),
        (source.c.error_code, which.codes),
    ):
        if len(values) == 1:
            found.append(column == values[0])
        elif values:
            found.append(column.in_(values))
    return found


def _by_time(at: ColumnElement[str], which: JobFilter) -> list[ColumnElement[bool]]:
    """Ids sort by time to the millisecond."""
    found = []
    if which.created_after is not None:
        found.append(at > first_id_at("job", which.created_after))
    if which.created_before is not None:
        found.append(at < first_id_at("job", which.created_before))
    return found


def _has_label(connection: AnyConnection, at: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """A label whose value begins so: few are looked up by it, many are met soon by looking at the newest jobs."""
    begins = (job_labels.c.value >= text, job_labels.c.value < text + _LAST)
    labelled = select(job_labels.c.job_id).where(*begins)
    if _is_few(connection, labelled):
        return at.in_(labelled)
    return exists(select(job_labels.c.job_id).where(job_labels.c.job_id == at, *begins).correlate_except(job_labels))


def _run(connection: AnyConnection, walk: _Walk, page: Page) -> list[str]:
    query = walk.query
    if page.before is not None:
        query = query.where(walk.at > page.before).order_by(walk.at)
    else:
        query = query.order_by(walk.at.desc())
        if page.after is not None:
            query = query.where(walk.at < page.after)
    return [row.id for row in connection.execute(query.limit(page.limit))]


def _newest_first(found: Collection[str], page: Page) -> list[str]:
    if page.before is None:
        return heapq.nlargest(page.limit, found)
    return heapq.nsmallest(page.limit, found)[::-1]
