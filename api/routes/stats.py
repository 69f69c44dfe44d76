"""Counts of jobs and how models do, from roll-ups: no request here costs by the number of jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.documents import json_answer
from api.openapi import problems
from api.services import services_of
from api.stats_schemas import Stats as StatsDocument
from api.stats_schemas import StatsQuery
from pipelines.errors import InvalidRequest
from pipelines.histograms import percentiles
from pipelines.jobs import JobStatus
from pipelines.rollups import LONGEST_WINDOW
from pipelines.times import rfc3339
from storage.measuring import REAL_TIME_FACTOR, RUN, TOTAL, WAIT, Key
from storage.stats import ModelEnds, Stats, StatsFilter

router = APIRouter(tags=["system"])

_DEFAULT_SECONDS = 3600.0
_DAY = 86_400


@router.get("/v1/stats", response_model=StatsDocument, responses=problems(422), summary="Count jobs, see how models do")
def get_stats(request: Request, query: Annotated[StatsQuery, Query()]) -> Response:
    """Jobs of a window of time by status, in all and by bucket; waiting, running and real time of each model."""
    reader = services_of(request).stats
    until = reader.now() if query.until is None else query.until.timestamp()
    since = until - _DEFAULT_SECONDS if query.since is None else query.since.timestamp()
    _check(since, until, reader.now())
    which = StatsFilter(tuple(query.kind), tuple(query.model), tuple(query.queue))
    body = stats_document(reader.read(which, since, until), query.status or [*JobStatus])
    return json_answer(body, headers={"cache-control": "no-store"})


def _check(since: float, until: float, now: float) -> None:
    days = LONGEST_WINDOW // _DAY
    if until > now + LONGEST_WINDOW:
        raise InvalidRequest.of("until", f"must be at most {days} days ahead", code="invalid_request")
    if not max(0.0, until - LONGEST_WINDOW) <= since < until:
        message = f"must be before until, by at most {days} days, and not before 1970"
        raise InvalidRequest.of("since", message, code="invalid_request")


def stats_document(stats: Stats, statuses: list[JobStatus]) -> dict[str, Any]:
    """The answer; `series` counts these statuses alone."""
    of_window: Counter[str] = Counter()
    for counts in stats.buckets.values():
        of_window.update(counts)
    chosen = {status.value for status in statuses}
    by_jobs = sorted(stats.models.items(), key=lambda item: (-item[1].jobs, item[0]))
    return {
        "since": rfc3339(stats.window.since),
        "until": rfc3339(stats.window.until),
        "bucket_seconds": stats.window.bucket,
        "statuses": _by_status(of_window),
        "total": _by_status(stats.total),
        "series": [
            {"at": rfc3339(start), **_by_status(_only(stats.buckets.get(start, {}), chosen))}
            for start in stats.window.starts()
        ],
        "models": [_model(key, ends) for key, ends in by_jobs],
        "as_of": rfc3339(stats.as_of),
    }


def _only(counts: Mapping[str, int], chosen: set[str]) -> dict[str, int]:
    return {status: count for status, count in counts.items() if status in chosen}


def _by_status(counts: Mapping[str, int]) -> dict[str, int]:
    return {status.value: counts.get(status, 0) for status in JobStatus}


def _model(key: Key, ends: ModelEnds) -> dict[str, Any]:
    told = {measure: percentiles(ends.measured.get(measure, {})) for measure in (WAIT, RUN, TOTAL)}
    ratio = ends.measured.get(REAL_TIME_FACTOR)
    return {
        "model": key.model,
        "kind": key.kind,
        "queue": key.queue,
        "jobs": ends.jobs,
        "succeeded": ends.succeeded,
        "failed": ends.failed,
        **told,
        REAL_TIME_FACTOR: percentiles(ratio) if ratio else None,
    }
