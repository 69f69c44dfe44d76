"""Failures and their budgets (rule 7), losses, and cancelling in every phase (invariant 5)."""

from functools import partial

import pytest

from pipelines.errors import Cause, Conflict, NotFound
from storage import dispatch
from storage.cancelling import Cancelled
from storage.claims import Claim, Signal
from storage.outcomes import Ended
from tests.storage.house import CHILD, NEXT_CHILD, OTHER, House, at_once, error_of, output


@pytest.mark.parametrize(
    ("cause", "times"), [("permanent", 1), ("timeout", 2), ("lost", 3), ("transient", 8), ("resource", 8)]
)
def test_a_step_is_tried_as_often_as_its_cause_allows(house: House, cause: Cause, times: int) -> None:
    job_id = house.submit("cpu", "io")
    for attempt in range(1, times + 1):
        house.publish(job_id)
        ended = house.store.fail_step(house.claim(job_id), cause, error=error_of(cause))
        assert ended is (Ended.FAILED if attempt == times else Ended.RETRYING)
        row = house.row(job_id)
        assert row.charged == {cause: attempt}
        if ended is Ended.RETRYING:
            assert (row.status, row.phase, row.published_at) == ("running", "waiting", None)
            assert house.steps(job_id) == ["pending", "pending"]
    row = house.row(job_id)
    assert (row.status, row.phase, row.error["code"], row.error["cause"]) == ("failed", "ended", "because", cause)
    assert house.steps(job_id) == ["failed", "skipped"]
    assert len(house.reader.attempts(job_id)) == times
    rows = house.reader.get(job_id)
    assert rows is not None
    assert rows.steps[0].attempts == times
    assert house.history(job_id).count("step.retrying") == times - 1


def test_a_step_that_succeeded_clears_what_was_charged(house: House) -> None:
    job_id = house.submit("cpu", "io")
    house.publish(job_id)
    house.store.fail_step(house.claim(job_id), "lost", error=error_of("lost"))
    house.publish(job_id)
    house.store.complete_step(house.claim(job_id), [output()])
    assert house.row(job_id).charged == {}


def test_a_transient_failure_waits_and_the_job_stays_running(house: House) -> None:
    claim = house.running()
    house.store.fail_step(claim, "transient", error=error_of("transient"))
    row = house.row(claim.work.job_id)
    assert row.status == "running"
    assert 0.0 <= row.run_at - row.ready_at <= 1.0
    told = house.reader.events(claim.work.job_id, 0)[-1].data
    assert (told["code"], told["cause"], told["step"]) == ("because", "transient", 0)


@pytest.mark.parametrize(("cause", "code"), [("lost", "worker_lost"), ("timeout", "step_timeout")])
def test_a_slot_that_is_gone_fails_the_job_in_the_end(house: House, cause: Cause, code: str) -> None:
    job_id = house.submit()
    ended = Ended.RETRYING
    while ended is Ended.RETRYING:
        house.publish(job_id)
        claim = house.claim(job_id)
        ended = house.store.lose_claim(claim.held, cause, "The slot is gone.")
    row = house.row(job_id)
    assert (ended, row.status, row.error["code"], row.error_code) == (Ended.FAILED, "failed", code, code)
    assert row.error["detail"].startswith("The slot is gone.")


def test_a_dead_letter_names_the_workers_that_it_cost(house: House) -> None:
    job_id = house.submit("cpu", "io")
    for child in (CHILD, OTHER, NEXT_CHILD):
        house.publish(job_id)
        house.store.lose_claim(house.claim(job_id, child=child).held, "lost", "The slot is gone.")
    rows = house.reader.get(job_id)
    assert rows is not None
    for error in (rows.job.error, rows.steps[0].error):
        assert error["workers"] == ["cpu-1", "cpu-2", "cpu-1"]
        assert error["detail"] == "The slot is gone. Workers lost on this step: cpu-1, cpu-2, cpu-1."


def test_only_leases_that_ran_out_are_stale(house: House) -> None:
    fresh, stale = house.running(), house.running(child=OTHER)
    house.age_lease(stale.work.job_id)
    with house.database.read() as connection:
        assert dispatch.stale_claims(connection) == [stale.held]
    assert house.store.heartbeat(fresh, 0.0).signal is Signal.GO_ON


def test_a_lease_that_was_renewed_after_somebody_looked_is_not_taken(house: House) -> None:
    claim = house.running()
    house.age_lease(claim.work.job_id)
    with house.database.read() as connection:
        [found] = dispatch.stale_claims(connection)
    house.store.heartbeat(claim, 0.0)
    before = house.everything(claim.work.job_id)
    assert house.store.lose_lapsed(found, "gone") is Ended.LATE
    assert house.everything(claim.work.job_id) == before
    house.age_lease(claim.work.job_id)
    assert house.store.lose_lapsed(found, "gone") is Ended.RETRYING
    assert house.store.complete_step(claim, [output()]) is Ended.LATE


def test_cancelling_a_waiting_job(house: House) -> None:
    job_id = house.submit("cpu", "io")
    assert house.store.cancel(job_id) is Cancelled.CANCELLED
    assert house.row(job_id).status == "cancelled"
    assert house.steps(job_id) == ["cancelled", "cancelled"]
    assert house.history(job_id) == ["job.queued", "job.cancelled"]
    assert house.publish(job_id) == []


def test_cancelling_a_published_job(house: House) -> None:
    job_id = house.submit()
    house.publish(job_id)
    assert house.store.cancel(job_id) is Cancelled.CANCELLED
    assert house.message(job_id, 0, 1) is False
    assert house.row(job_id).status == "cancelled"


def test_cancelling_a_running_job(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    assert house.store.cancel(job_id) is Cancelled.CANCELLING
    assert house.row(job_id).status == "cancelling"
    assert house.store.heartbeat(claim, 0.1).signal is Signal.CANCEL
    assert house.store.stop_step(claim) is Ended.CANCELLED
    assert house.row(job_id).status == "cancelled"
    assert house.steps(job_id) == ["cancelled", "cancelled"]
    assert house.history(job_id)[-3:] == ["job.cancelling", "step.cancelled", "job.cancelled"]


def test_a_result_that_comes_after_the_cancellation_does_not_count(house: House) -> None:
    claim = house.running()
    house.store.cancel(claim.work.job_id)
    assert house.store.complete_step(claim, [output("late")]) is Ended.CANCELLED
    assert house.row(claim.work.job_id).status == "cancelled"
    assert house.results(claim.work.job_id) == []


@pytest.mark.parametrize("cause", ["permanent", "transient", "lost", "timeout"])
def test_a_failure_of_a_job_being_cancelled_ends_it_cancelled(house: House, cause: Cause) -> None:
    claim = house.running()
    house.store.cancel(claim.work.job_id)
    assert house.store.fail_step(claim, cause, error=error_of(cause)) is Ended.CANCELLED
    assert house.row(claim.work.job_id).error is None


def test_a_slot_lost_while_cancelling_leaves_the_job_cancelled(house: House) -> None:
    claim = house.running()
    job_id = claim.work.job_id
    house.store.cancel(job_id)
    assert house.message(job_id, 0, 1, NEXT_CHILD) is False, "a job that is being cancelled is not begun again"
    assert house.store.lose_claim(claim.held, "lost", "gone") is Ended.CANCELLED
    assert house.row(job_id).status == "cancelled"


def test_cancelling_between_two_steps(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    house.store.complete_step(claim, [output()])
    assert house.store.cancel(job_id) is Cancelled.CANCELLED
    assert house.steps(job_id) == ["succeeded", "cancelled"]
    assert house.message(job_id, 1, 1) is False


def test_cancelling_a_job_that_waits_to_be_tried_again(house: House) -> None:
    claim = house.running()
    house.store.fail_step(claim, "transient", error=error_of("transient"))
    assert house.store.cancel(claim.work.job_id) is Cancelled.CANCELLED
    assert house.publish(claim.work.job_id) == []


def test_cancelling_twice_says_the_same(house: House) -> None:
    waiting, claim = house.submit(), house.running()
    for _ in range(2):
        assert house.store.cancel(waiting) is Cancelled.CANCELLED
        assert house.store.cancel(claim.work.job_id) is Cancelled.CANCELLING
    assert house.history(claim.work.job_id).count("job.cancelling") == 1
    assert house.history(waiting).count("job.cancelled") == 1


def test_what_has_ended_otherwise_cannot_be_cancelled(house: House) -> None:
    succeeded, failed = house.running(), house.running(child=OTHER)
    house.store.complete_step(succeeded, [output()])
    house.store.fail_step(failed, "permanent", error=error_of("permanent"))
    for claim in (succeeded, failed):
        before = house.everything(claim.work.job_id)
        with pytest.raises(Conflict) as refused:
            house.store.cancel(claim.work.job_id)
        assert refused.value.code == "already_finished"
        assert house.everything(claim.work.job_id) == before


def test_cancelling_what_is_not_there(house: House) -> None:
    with pytest.raises(NotFound) as refused:
        house.store.cancel("job_00000000-0000-7000-8000-000000000000")
    assert refused.value.code == "job_not_found"


@pytest.mark.parametrize("_round", range(5))
def test_cancelling_against_the_end_of_the_work(house: House, _round: int) -> None:
    """Whatever comes first, the job ends once: succeeded and not cancellable, or cancelled without a result."""
    claim = house.running()
    job_id = claim.work.job_id
    outcomes = at_once(lambda: house.store.complete_step(claim, [output()]), lambda: house.store.cancel(job_id))
    if outcomes[0] is Ended.SUCCEEDED:
        assert isinstance(outcomes[1], Conflict)
        assert (house.row(job_id).status, len(house.results(job_id))) == ("succeeded", 1)
    else:
        assert outcomes == [Ended.CANCELLED, Cancelled.CANCELLING]
        assert (house.row(job_id).status, house.results(job_id)) == ("cancelled", [])
    house.history(job_id)


def test_cancelling_against_the_claim(house: House) -> None:
    job_id = house.submit()
    house.publish(job_id)
    claimed, cancelled = at_once(lambda: house.message(job_id, 0, 1, CHILD), lambda: house.store.cancel(job_id))
    expected = Cancelled.CANCELLING if isinstance(claimed, Claim) else Cancelled.CANCELLED
    assert cancelled is expected
    house.history(job_id)


def test_a_step_that_is_handed_back_is_due_at_once_and_charged_to_nobody(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    for time in range(5):
        ended: list[int] = []
        assert house.store.hand_back(claim.held, partial(ended.append, 1)) is Ended.RETRYING
        assert ended == [1]
        row = house.row(job_id)
        assert (row.status, row.phase, row.slot, row.charged) == ("running", "waiting", None, {})
        assert row.run_at <= row.ready_at
        assert house.steps(job_id) == ["pending", "pending"]
        told = house.reader.events(job_id, 0)[-1]
        assert (told.type, told.data["code"], told.data["cause"]) == ("step.retrying", "handed_back", None)
        attempts = house.reader.attempts(job_id)
        assert [(attempt.outcome, attempt.cause) for attempt in attempts] == [("handed_back", None)] * (time + 1)
        # What its child had by then comes too late.
        assert house.store.complete_step(claim, [output()]) is Ended.LATE
        house.publish(job_id)
        claim = house.claim(job_id, child=OTHER)
    assert house.store.complete_step(claim, [output()]) is Ended.SUCCEEDED


def test_a_job_that_is_being_cancelled_is_not_handed_back(house: House) -> None:
    claim = house.running("cpu", "io")
    house.store.cancel(claim.work.job_id)
    assert house.store.hand_back(claim.held, lambda: None) is Ended.CANCELLED
    assert house.steps(claim.work.job_id) == ["cancelled", "cancelled"]


def test_a_holder_that_lost_its_step_is_not_ended(house: House) -> None:
    claim = house.running()
    house.store.lose_claim(claim.held, "lost", "It froze.")
    ended: list[int] = []
    assert house.store.hand_back(claim.held, lambda: ended.append(1)) is Ended.LATE
    assert ended == []
