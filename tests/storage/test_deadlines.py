"""Deadlines: what has not ended by then expires, whatever it is doing, and never succeeds."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.errors import Cause, InvalidRequest
from pipelines.lifetimes import LONGEST_DEADLINE
from storage.claims import Claim, Signal
from storage.database import db_now
from storage.deadlines import BATCH, expire_overdue
from storage.outcomes import Ended
from storage.submitting import Idempotency, NewArtifact
from tests.storage.house import CHILD, LIMIT, NEXT_CHILD, OTHER, House, at_once, error_of, output

HOOK = {"url": "https://example.org/hook", "events": ["job.expired", "job.cancelling"], "secret": None}


def pass_deadline(house: House, job_id: str) -> None:
    """As if the job's deadline had been a second ago."""
    house.set(job_id, deadline_at=db_now() - 1.0)


def expired(house: House, job_id: str) -> dict[str, Any]:
    """The error of a job that must have expired."""
    row = house.row(job_id)
    assert (row.status, row.phase, row.error_code, row.slot) == ("expired", "ended", "deadline_exceeded", None)
    error: dict[str, Any] = row.error
    assert error["code"] == "deadline_exceeded"
    assert house.results(job_id) == []
    return error


@pytest.mark.parametrize("published", [False, True])
def test_what_no_slot_holds_expires_at_once(house: House, *, published: bool) -> None:
    job_id = house.submit("cpu", "io", webhook=HOOK)
    if published:
        house.publish(job_id)
    pass_deadline(house, job_id)
    assert expire_overdue(house.database) == 1
    assert "step 1 of 2" in expired(house, job_id)["detail"]
    assert house.steps(job_id) == ["cancelled", "cancelled"]
    assert house.history(job_id) == ["job.queued", "job.expired"]
    assert [delivery.type for delivery in house.reader.deliveries(job_id)] == ["job.expired"]
    assert house.publish(job_id) == []
    assert house.message(job_id, 0, 1) is False


def test_a_job_between_two_steps_expires(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    house.store.complete_step(claim, [output()])
    pass_deadline(house, job_id)
    expire_overdue(house.database)
    assert "step 2 of 2" in expired(house, job_id)["detail"]
    assert house.steps(job_id) == ["succeeded", "cancelled"]


def test_a_running_step_is_asked_to_stop_and_then_expires(house: House) -> None:
    claim = house.running("cpu", "io", webhook=HOOK)
    job_id = claim.work.job_id
    pass_deadline(house, job_id)
    assert expire_overdue(house.database) == 1
    row = house.row(job_id)
    assert (row.status, row.phase, row.cancel_cause) == ("cancelling", "claimed", "deadline")
    assert house.reader.events(job_id, 0)[-1].data == {"cause": "deadline"}
    assert expire_overdue(house.database) == 0, "it is stopping already"
    assert house.store.heartbeat(claim, 0.1).signal is Signal.CANCEL
    assert house.store.stop_step(claim) is Ended.EXPIRED
    expired(house, job_id)
    assert house.steps(job_id) == ["cancelled", "cancelled"]
    assert house.history(job_id)[-3:] == ["job.cancelling", "step.cancelled", "job.expired"]
    assert [delivery.type for delivery in house.reader.deliveries(job_id)] == ["job.cancelling", "job.expired"]


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("queues", [("cpu",), ("cpu", "io")])
def test_a_result_that_comes_after_the_deadline_does_not_count(
    house: House, queues: tuple[str, ...], *, swept: bool
) -> None:
    claim = house.running(*queues)
    pass_deadline(house, claim.work.job_id)
    if swept:
        expire_overdue(house.database)
    assert house.store.complete_step(claim, [output("late")]) is Ended.EXPIRED
    expired(house, claim.work.job_id)


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("cause", ["permanent", "transient", "lost", "timeout"])
def test_a_failure_after_the_deadline_ends_expired(house: House, cause: Cause, *, swept: bool) -> None:
    claim = house.running()
    job_id = claim.work.job_id
    pass_deadline(house, job_id)
    if swept:
        expire_overdue(house.database)
    assert house.store.fail_step(claim, cause, error=error_of(cause)) is Ended.EXPIRED
    expired(house, job_id)
    (attempt,) = house.reader.attempts(job_id)
    assert (attempt.outcome, attempt.cause, attempt.error["code"]) == ("failed", cause, "because")


def test_a_slot_lost_after_the_deadline_leaves_the_job_expired(house: House) -> None:
    claim = house.running()
    pass_deadline(house, claim.work.job_id)
    assert house.store.lose_claim(claim.held, "lost", "gone") is Ended.EXPIRED
    expired(house, claim.work.job_id)


def test_what_was_cancelled_before_its_deadline_ends_cancelled(house: House) -> None:
    claim = house.running()
    job_id = claim.work.job_id
    house.store.cancel(job_id)
    pass_deadline(house, job_id)
    assert expire_overdue(house.database) == 0
    assert house.store.stop_step(claim) is Ended.CANCELLED
    assert (house.row(job_id).status, house.row(job_id).error) == ("cancelled", None)


def test_no_step_begins_after_the_deadline(house: House) -> None:
    """Also where the sweep has not come by yet, and where a dead child's neighbour would take over."""
    waiting = house.submit()
    house.publish(waiting)
    held = house.running().work.job_id
    for job_id in (waiting, held):
        pass_deadline(house, job_id)
        assert house.message(job_id, 0, 1, NEXT_CHILD) is False
    assert house.row(waiting).phase == "published"


def test_a_step_runs_at_most_until_the_deadline(house: House) -> None:
    near = house.running(deadline_at=time.time() + 20)
    assert 15 < near.limit <= 20
    row = house.row(near.work.job_id)
    assert row.run_limit_at == pytest.approx(row.deadline_at, abs=0.5)
    far = house.running(deadline_at=time.time() + 2000, child=OTHER)
    assert far.limit == LIMIT


def test_only_jobs_past_their_deadline_expire(house: House) -> None:
    without, later = house.submit(), house.submit(deadline_at=time.time() + 60)
    succeeded = house.running()
    house.store.complete_step(succeeded, [output()])
    pass_deadline(house, succeeded.work.job_id)
    before = [house.everything(job_id) for job_id in (without, later, succeeded.work.job_id)]
    assert expire_overdue(house.database) == 0
    assert [house.everything(job_id) for job_id in (without, later, succeeded.work.job_id)] == before


def test_many_deadlines_pass_in_several_rounds(house: House) -> None:
    job_ids = [house.submit() for _ in range(BATCH + 5)]
    for job_id in job_ids:
        pass_deadline(house, job_id)
    assert [expire_overdue(house.database) for _ in range(3)] == [BATCH, 5, 0]
    assert {house.row(job_id).status for job_id in job_ids} == {"expired"}


@pytest.mark.parametrize("_round", range(4))
def test_the_deadline_against_the_claim(house: House, _round: int) -> None:
    """The job expires once, whoever comes first."""
    job_id = house.submit()
    house.publish(job_id)
    pass_deadline(house, job_id)
    calls: list[Callable[[], object]] = [lambda: house.message(job_id, 0, 1, CHILD)]
    calls += [lambda: expire_overdue(house.database)] * 2
    claimed, *stopped = at_once(*calls)
    assert not isinstance(claimed, Claim)
    expire_overdue(house.database)
    expired(house, job_id)
    assert sum(int(count) for count in stopped if isinstance(count, int)) <= 1
    assert house.history(job_id) == ["job.queued", "job.expired"]


@pytest.mark.parametrize(("away", "code"), [(-5.0, "deadline_passed"), (LONGEST_DEADLINE + 60, "deadline_too_far")])
def test_a_deadline_that_cannot_be_met_is_refused(house: House, away: float, code: str) -> None:
    submission = house.submission(
        deadline_at=time.time() + away,
        inputs=[NewArtifact("audio", "keys/in", "audio/wav", 1, "00" * 32)],
        key=Idempotency("key", "print"),
    )
    with pytest.raises(InvalidRequest) as refused:
        house.store.submit(submission)
    assert (refused.value.code, refused.value.fields[0].field) == (code, "deadline")
    assert house.reader.get(submission.id) is None
    # The key is free: the same request with a better deadline is another one.
    again = house.submission(deadline_at=time.time() + 60, key=Idempotency("key", "other"))
    assert house.store.submit(again).id == again.id


def test_the_same_request_again_after_its_deadline_is_answered_with_its_job(house: House) -> None:
    key = Idempotency("key", "print")
    first = house.store.submit(house.submission(deadline_at=time.time() + 60, key=key))
    pass_deadline(house, first.id)
    again = house.store.submit(house.submission(deadline_at=time.time() - 10, key=key))
    assert (again.id, again.replayed) == (first.id, True)
