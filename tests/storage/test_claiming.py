"""Who gets a step, and whose result counts (rules 1, 5; invariant 2)."""

from functools import partial

import pytest

from storage.claims import Claim, Signal
from storage.outcomes import Ended
from tests.storage.house import CHILD, NEXT_CHILD, OTHER, House, at_once, error_of, output


def test_a_job_walks_through_its_steps(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    assert house.steps(job_id) == ["running", "pending"]
    assert house.store.complete_step(claim, [output("middle")]) is Ended.SUCCEEDED
    row = house.row(job_id)
    # The chain's next message carries the same publication, so the job stays published.
    assert (row.status, row.phase, row.queue, row.route, row.publication) == ("running", "published", "io", "io", 1)
    assert house.results(job_id) == []
    assert house.store.complete_step(house.claim(job_id, 1), [output("end")], {"text": "hi"}) is Ended.SUCCEEDED
    row = house.row(job_id)
    assert (row.status, row.phase, row.progress, row.output) == ("succeeded", "ended", 1.0, {"text": "hi"})
    assert (house.results(job_id), house.steps(job_id)) == (["keys/end"], ["succeeded", "succeeded"])
    assert house.history(job_id) == [
        "job.queued",
        "job.started",
        "step.started",
        "step.succeeded",
        "step.started",
        "step.succeeded",
        "job.succeeded",
    ]
    assert [attempt.outcome for attempt in house.reader.attempts(job_id)] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("_round", range(3))
def test_two_messages_at_once_make_one_claim(house: House, _round: int) -> None:
    job_id = house.submit()
    house.publish(job_id)
    outcomes = at_once(*(partial(house.message, job_id, 0, 1, child) for child in (CHILD, OTHER)))
    assert sorted(isinstance(outcome, Claim) for outcome in outcomes) == [False, True], outcomes
    assert False in outcomes
    assert house.history(job_id) == ["job.queued", "job.started", "step.started"]


def test_one_message_twice_in_one_slot_runs_once(house: House) -> None:
    claim = house.running()
    assert house.message(claim.work.job_id, 0, 1) is False


@pytest.mark.parametrize("publication", [0, 1, 3])
def test_a_message_of_another_publication_is_ignored(house: House, publication: int) -> None:
    job_id = house.submit()
    house.publish(job_id)
    house.set(job_id, publication=2)
    assert house.message(job_id, 0, publication) is False
    assert house.message(job_id, 1, publication) is False
    assert isinstance(house.message(job_id, 0, 2), Claim)


def test_the_publication_is_looked_at_first(house: House) -> None:
    """An old chain must not go on behind a step that a newer one has done."""
    claim = house.running("cpu", "io")
    house.store.complete_step(claim, [output()])
    assert house.message(claim.work.job_id, 0, 1) is True
    house.set(claim.work.job_id, publication=2)
    assert house.message(claim.work.job_id, 0, 1) is False
    assert house.message(claim.work.job_id, 0, 2) is True


def test_a_message_gets_only_its_own_step(house: House) -> None:
    job_id = house.submit("cpu", "io")
    assert house.message(job_id, 0, 0) is False, "not published"
    house.publish(job_id)
    assert house.message(job_id, 1, 1) is False, "its predecessor is not done"
    claim = house.claim(job_id)
    assert claim.work.index == 0
    assert house.message("job_00000000-0000-7000-8000-000000000000", 0, 1) is False


def test_every_step_of_a_finished_job_counts_as_done(house: House) -> None:
    claim = house.running()
    house.store.complete_step(claim, [output()])
    before = house.everything(claim.work.job_id)
    assert house.message(claim.work.job_id, 0, 1) is True
    assert house.everything(claim.work.job_id) == before


def test_a_new_child_of_the_slot_takes_over_at_once(house: House) -> None:
    claim = house.running()
    job_id = claim.work.job_id
    assert house.message(job_id, 0, 1, OTHER) is False, "another slot waits for the lease"
    again = house.claim(job_id, child=NEXT_CHILD)
    assert again.fence == claim.fence + 1
    assert house.row(job_id).charged == {"lost": 1}
    assert [(attempt.outcome, attempt.cause) for attempt in house.reader.attempts(job_id)] == [("lost", "lost")]
    assert house.history(job_id)[2:] == ["step.started", "step.retrying", "step.started"]
    assert house.store.complete_step(claim, [output("late")]) is Ended.LATE
    assert house.store.complete_step(again, [output("good")]) is Ended.SUCCEEDED
    assert house.results(job_id) == ["keys/good"]


def test_the_third_lost_child_fails_the_job(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    house.claim(job_id, child=NEXT_CHILD)
    house.claim(job_id, child=CHILD)
    assert house.message(job_id, 0, 1, NEXT_CHILD) is False
    row = house.row(job_id)
    assert (row.status, row.error["code"], row.charged) == ("failed", "worker_lost", {"lost": 3})
    assert house.steps(job_id) == ["failed", "skipped"]
    assert house.history(job_id)[-2:] == ["step.failed", "job.failed"]


def test_whoever_lost_the_step_changes_nothing(house: House) -> None:
    """Invariant 2: complete, fail, stop, beat and loss under an old fencing number write nothing at all."""
    late = house.running("cpu", "io")
    job_id = late.work.job_id
    house.store.lose_claim(late.held, "lost", "gone")
    house.publish(job_id)
    held = house.claim(job_id, child=OTHER)
    before = house.everything(job_id)
    assert house.store.complete_step(late, [output("late")]) is Ended.LATE
    assert house.store.fail_step(late, "permanent", error=error_of("permanent")) is Ended.LATE
    assert house.store.stop_step(late) is Ended.LATE
    assert house.store.lose_claim(late.held, "lost", "gone") is Ended.LATE
    assert house.store.heartbeat(late, 0.9).signal is Signal.LOST
    assert house.everything(job_id) == before
    assert house.store.complete_step(held, [output("good")]) is Ended.SUCCEEDED
    after = house.everything(job_id)
    assert house.store.complete_step(late, [output("late")]) is Ended.LATE
    assert house.store.complete_step(held, [output("twice")]) is Ended.LATE
    assert house.everything(job_id) == after


def test_two_ends_at_once_count_once(house: House) -> None:
    claim = house.running()
    job_id = claim.work.job_id
    outcomes = at_once(
        lambda: house.store.complete_step(claim, [output("good")]),
        lambda: house.store.fail_step(claim, "permanent", error=error_of("permanent")),
        lambda: house.store.lose_claim(claim.held, "lost", "gone"),
    )
    assert sorted(map(str, outcomes)).count("late") == 2, outcomes
    assert len(house.reader.attempts(job_id)) == 1
    house.history(job_id)


def test_heartbeats_renew_the_lease_and_tell_progress(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    house.age_lease(job_id)
    stale = house.row(job_id).lease_until
    assert house.store.heartbeat(claim, 0.5).signal is Signal.GO_ON
    row = house.row(job_id)
    assert row.lease_until - stale > 12.0
    assert row.progress == 0.25
    seq = row.seq
    # Less than a hundredth of the job is not worth a line of its history.
    assert house.store.heartbeat(claim, 0.51).signal is Signal.GO_ON
    assert house.row(job_id).seq == seq
    assert house.history(job_id)[-1] == "step.progress"


def test_a_heartbeat_says_when_the_time_is_up(house: House) -> None:
    claim = house.running()
    house.set(claim.work.job_id, run_limit_at=1.0)
    assert house.store.heartbeat(claim, 0.1).signal is Signal.TIMEOUT
