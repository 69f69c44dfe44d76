"""Deadlines, retries and tidying with real processes: what ends, when, and who is free again."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from pipelines.ids import new_id
from storage.database import db_now
from storage.retrying import Retry
from storage.tables import jobs
from tests.queue.stack import DISPATCHER, Stack, on
from tests.queue.test_ending import next_claim

Record = Callable[[str, object], None]


def within(stack: Stack, seconds: float, **more: Any) -> str:
    """A job that must have ended in so many seconds."""
    return stack.submit(replace(stack.speech(**more), deadline_at=time.time() + seconds))


def let_expire(stack: Stack, job_id: str) -> None:
    """As if the job's results had been kept for long enough a second ago."""
    with stack.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(expires_at=db_now() - 1.0))


def bytes_of(stack: Stack, job_id: str) -> list[str]:
    return [item.key for item in stack.artifacts.list(f"jobs/{job_id}/")]


@pytest.mark.alone
def test_a_step_that_yields_expires_within_seconds(stack: Stack, record_property: Record) -> None:
    job_id = within(stack, 6, stages=2, delay_ms=60_000)
    stack.happens(job_id, "step.started")
    child = stack.holder(job_id)
    deadline = stack.row(job_id).deadline_at
    assert stack.happens(job_id, "job.expired", 20) - deadline < 8
    assert next_claim(stack, deadline, record_property) < 15
    assert stack.holder(stack.tone(delay_ms=300)) == child, "nothing had to be ended by force"
    assert stack.row(job_id).error["code"] == "deadline_exceeded"
    assert stack.history(job_id)[-1] == "job.expired"
    assert [step.status for step in stack.get(job_id).steps] == ["cancelled", "cancelled"]


def test_a_step_that_never_yields_is_ended_by_force_at_its_deadline(stack: Stack, record_property: Record) -> None:
    job_id = within(stack, 6, fail="hang")
    stack.happens(job_id, "step.started")
    child = stack.holder(job_id)
    deadline = stack.row(job_id).deadline_at
    stack.happens(job_id, "job.expired", 30)
    # 10 s by design; a machine that runs other things too gets some more.
    assert next_claim(stack, deadline, record_property) < 20
    assert stack.holder(stack.tone(delay_ms=300)) != child
    assert stack.row(job_id).status == "expired"


@on("sqlite")
def test_a_deadline_passes_though_no_dispatcher_is_there(stack: Stack) -> None:
    """The limit of the claim is the deadline, and the slot itself looks at it."""
    job_id = within(stack, 6, fail="hang")
    stack.happens(job_id, "step.started")
    stack.dispatcher().kill()
    stack.happens(job_id, "job.expired", 30)
    assert stack.row(job_id).error["code"] == "deadline_exceeded"
    stack.dispatcher()
    assert stack.ends([stack.tone()]) == ["succeeded"]


def test_jobs_that_wait_expire_at_once(stack: Stack) -> None:
    """Behind a long step: the one that would have come next, and one that the window does not even let in."""
    stack.happens(stack.tone(delay_ms=60_000), "step.started")
    waiting = [within(stack, 4) for _ in range(40)]
    deadline = max(stack.row(job_id).deadline_at for job_id in waiting)
    assert stack.ends(waiting, 30) == ["expired"] * len(waiting)
    assert max(stack.row(job_id).finished_at for job_id in waiting) - deadline < 5
    assert all(stack.history(job_id) == ["job.queued", "job.expired"] for job_id in waiting)


def test_a_retry_goes_on_where_the_first_job_ended(stack: Stack) -> None:
    whole = stack.tone(text="the same words", stages=2)
    first = stack.tone(text="the same words", stages=2, delay_ms=3_000)
    stack.happens(first, "step.started", times=2)
    stack.jobs.cancel(first)
    assert stack.ends([whole, first]) == ["succeeded", "cancelled"]
    assert [step.status for step in stack.get(first).steps] == ["succeeded", "cancelled"]
    again = stack.jobs.retry(Retry(new_id("job"), first)).id
    assert stack.ends([again]) == ["succeeded"]
    rows = stack.get(again)
    assert [(step.status, step.attempts) for step in rows.steps] == [("succeeded", 0), ("succeeded", 1)]
    assert [result.sha256 for result in rows.results] == [result.sha256 for result in stack.get(whole).results]
    assert stack.row(first).status == "cancelled"


def test_the_dispatcher_tidies_up(stack: Stack) -> None:
    """Also after it was killed: what is due stands in rows."""
    expired, deleted, kept = (stack.tone() for _ in range(3))
    assert stack.ends([expired, deleted, kept]) == ["succeeded"] * 3
    stack.dispatcher(DISPATCHER).kill()
    let_expire(stack, expired)
    stack.jobs.delete(deleted)
    assert bytes_of(stack, expired)
    assert bytes_of(stack, deleted)
    stack.dispatcher(DISPATCHER)
    stack.happens(expired, "results.removed", 40)
    stack.until(lambda: not bytes_of(stack, expired) and not bytes_of(stack, deleted), 40, "the bytes to go")
    assert (stack.row(expired).status, stack.get(expired).results) == ("succeeded", [])
    [result] = stack.get(kept).results
    assert stack.artifacts.stat(result.key) == result.bytes
