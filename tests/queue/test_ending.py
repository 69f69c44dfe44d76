"""Stopping what runs, and containing what kills (rule 6, invariants 5 and 7)."""

import time
from collections.abc import Callable

import pytest

from tests.queue.stack import Stack

Record = Callable[[str, object], None]


def next_claim(stack: Stack, since: float, record: Record) -> float:
    """Seconds from `since` until the slot begins the next job."""
    after = stack.happens(stack.tone(), "step.started", 40) - since
    record("next_claim_seconds", round(after, 2))
    print(f"next claim: {after:.2f} s")  # noqa: T201 - the figure is what people look for in the report
    return after


@pytest.mark.alone
def test_a_step_that_yields_is_cancelled_within_seconds(stack: Stack, record_property: Record) -> None:
    job_id = stack.tone(stages=2, delay_ms=60_000)
    stack.happens(job_id, "step.started")
    child = stack.holder(job_id)
    since = time.time()
    assert stack.jobs.cancel(job_id) == "cancelling"
    assert stack.happens(job_id, "job.cancelled", 15) - since < 8
    assert next_claim(stack, since, record_property) < 10
    # Nothing had to be ended by force: the same child goes on.
    again = stack.tone(delay_ms=300)
    assert stack.holder(again) == child
    assert [step.status for step in stack.get(job_id).steps] == ["cancelled", "cancelled"]


@pytest.mark.alone
def test_a_step_that_never_yields_is_ended_by_force(stack: Stack, record_property: Record) -> None:
    job_id = stack.tone(fail="hang")
    stack.happens(job_id, "step.started")
    child = stack.holder(job_id)
    since = time.time()
    stack.jobs.cancel(job_id)
    stack.happens(job_id, "job.cancelled", 20)
    # 10 s by design; a machine that runs other things too gets some more.
    assert next_claim(stack, since, record_property) < 20
    again = stack.tone(delay_ms=300)
    assert stack.holder(again) != child
    assert stack.row(job_id).error is None


def test_what_kills_its_worker_fails_alone(stack: Stack) -> None:
    """Invariant 7: three workers are lost to it, then it is given up; its neighbours do not notice."""
    before, poison = stack.tone(), stack.tone(fail="crash", stages=2)
    behind = [stack.tone() for _ in range(3)]
    assert stack.ends([before, poison, *behind], 90) == ["succeeded", "failed", *["succeeded"] * 3]
    failed = stack.get(poison)
    assert failed.job.error["code"] == "worker_lost"
    assert [(step.status, step.attempts) for step in failed.steps] == [("failed", 3), ("skipped", 0)]
    assert [attempt.outcome for attempt in stack.reader.attempts(poison)] == ["lost"] * 3
    assert all(stack.get(job_id).steps[0].attempts == 1 for job_id in (before, *behind))


def test_a_step_past_its_limit_is_ended(stack: Stack) -> None:
    """The limit on the row is the model's; here it is set to the past, as if the time had gone by."""
    job_id = stack.tone(fail="hang")
    stack.happens(job_id, "step.started")
    stack.let_time_pass(job_id)
    stack.happens(job_id, "step.retrying", 30)
    stack.happens(job_id, "step.started", 30, times=2)
    stack.let_time_pass(job_id)
    assert stack.ends([job_id], 40) == ["failed"]
    assert stack.row(job_id).error["code"] == "step_timeout"
