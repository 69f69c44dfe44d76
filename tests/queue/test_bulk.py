"""An order for many jobs, carried out by real dispatchers that are killed on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from pipelines.bulk import BulkAction
from pipelines.failpoints import AFTER, BEFORE, Commit, arm, fired
from storage.bulk import BulkStore, Chosen
from storage.filters import JobFilter
from storage.tables import jobs
from tests.queue.stack import Stack

JOBS = 40


def order(stack: Stack, action: BulkAction, which: JobFilter) -> str:
    store, chosen = BulkStore(stack.database), Chosen(which=which)
    row, _ = store.order(action, chosen, store.count(action, chosen))
    return str(row.id)


def finished(stack: Stack, order_id: str) -> tuple[int, int]:
    """How many were done and skipped, once the order has ended."""
    store = BulkStore(stack.database)
    stack.until(lambda: store.get(order_id).finished_at, 60, "the order to end")
    row = store.get(order_id)
    return row.done, row.skipped


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
def test_each_job_is_retried_once_though_dispatchers_are_killed(stack: Stack, tmp_path: Path, moment: str) -> None:
    stack.only("cpu-1", "io-1")
    which = JobFilter(labels={"what": f"bulk{moment}"})
    old = stack.submit_all([replace(stack.speech(), labels=which.labels) for _ in range(JOBS)])
    for job_id in old:
        stack.jobs.cancel(job_id)
    order_id = order(stack, BulkAction.RETRY, which)
    spot = f"{Commit.SUBMIT}{moment}"
    for turn in (3, 7):
        arm(tmp_path, spot, turn=turn)
        doomed = stack.dispatcher(f"doomed{moment}-{turn}", failpoint_dir=str(tmp_path))
        stack.until(lambda: not doomed.running, 40, "the dispatcher's end")  # noqa: B023 - called before the next
        assert fired(tmp_path, spot) is not None
    assert BulkStore(stack.database).get(order_id).finished_at is None
    stack.dispatcher()
    assert finished(stack, order_id) == (JOBS, 0)
    with stack.database.read() as connection:
        made = connection.execute(select(jobs.c.id, jobs.c.retry_of).where(jobs.c.retry_of.in_(old))).all()
    assert Counter(row.retry_of for row in made) == Counter(old)
    assert set(stack.ends([row.id for row in made])) == {"succeeded"}
    assert finished(stack, order(stack, BulkAction.DELETE, which)) == (2 * JOBS, 0)
