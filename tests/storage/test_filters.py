"""Lists hold what their filters say, by whichever index they are walked."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from sqlalchemy import event

from storage import filters
from storage.database import Database
from storage.filters import JobFilter, Page, page_ids
from tests.storage.house import House

_STATUSES = ("queued", "failed", "succeeded")


def _holds(job: dict[str, Any], which: JobFilter) -> bool:
    """The same, said for one job."""
    text = which.text
    return (
        all(
            not wanted or job[name] in wanted
            for name, wanted in (
                ("status", which.statuses),
                ("kind", which.kinds),
                ("model", which.models),
                ("voice", which.voices),
            )
        )
        and which.labels.items() <= job["labels"].items()
        and (text is None or job["id"].startswith(text) or any(v.startswith(text) for v in job["labels"].values()))
    )


@pytest.mark.parametrize("few", [0, 3, 2000])
def test_every_combination_finds_what_it_says(house: House, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """`few`: every filter counts as common, some do, none does."""
    monkeypatch.setattr(filters, "_FEW", few)
    draw = random.Random(1)
    made: list[dict[str, Any]] = []
    for _ in range(40):
        job: dict[str, Any] = {
            "kind": draw.choice(("speech", "vad")),
            "model": draw.choice(("tone", "other")),
            "voice": draw.choice((None, "ann")),
            "labels": {"team": draw.choice(("red", "rare")), **({"run": "7"} if draw.random() < 0.2 else {})},
        }
        job_id = house.submit(**job)
        status = draw.choice(_STATUSES)
        house.set(job_id, status=status)
        made.append({**job, "id": job_id, "status": status})
    every = itertools.product(
        ((), ("failed",), ("failed", "queued")),
        ((), ("vad",), ("none",)),
        ((), ("ann",)),
        ({}, {"team": "rare"}, {"team": "red", "run": "7"}),
        (None, "r", "7", made[0]["id"], "nothing"),
    )
    with house.database.read() as connection:
        for statuses, kinds, voices, labels, text in draw.sample([*every], 80):
            which = JobFilter(statuses=statuses, kinds=kinds, voices=voices, labels=labels, text=text)
            found = sorted((job["id"] for job in made if _holds(job, which)), reverse=True)
            assert page_ids(connection, which, Page(100)) == found, which
            assert page_ids(connection, which, Page(3)) == found[:3], which
            if len(found) > 2:
                assert page_ids(connection, which, Page(3, after=found[1])) == found[2:5], which
                assert page_ids(connection, which, Page(1, before=found[2])) == found[1:2], which


@pytest.mark.parametrize(
    ("column", "which"),
    [
        ("kind", JobFilter(statuses=("queued",), kinds=("vad",))),
        ("model", JobFilter(statuses=("queued",), models=("vad",))),
    ],
)
def test_a_status_and_a_kind_or_model_are_found_along_their_index(
    database: Database, column: str, which: JobFilter
) -> None:
    """By one statement: neither condition is looked at alone. PostgreSQL may not scan, as it would so few jobs."""
    house = House(Database(database.url, pool_size=1, by_index=True))
    wanted = house.submit(**{column: "vad"})
    for _ in range(3):
        house.submit(**{column: "other"})
    seen: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        seen.append(given[2:4])

    with house.database.read() as connection:
        event.listen(house.database._reading, "before_cursor_execute", note)
        assert page_ids(connection, which, Page(50)) == [wanted]
        event.remove(house.database._reading, "before_cursor_execute", note)
        [(statement, values)] = seen
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = connection.exec_driver_sql(explain + statement, values).all()
    house.database.close()
    assert f"ix_jobs_status_{column}" in str(plan), plan
