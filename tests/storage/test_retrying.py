"""Running a finished job again: what is taken over, where it begins, and what cannot be."""

import time

import pytest

from pipelines.errors import Conflict, Gone, InvalidRequest, NotFound
from pipelines.ids import new_id
from pipelines.jobs import Priority
from storage.backlog import waiting_of
from storage.claims import Claim
from storage.documents import job_document
from storage.outcomes import Ended
from storage.retrying import Retry
from storage.submitting import Idempotency, NewArtifact, Submitted
from tests.storage.house import House, at_once, error_of, output

INPUT = NewArtifact("audio", "keys/in", "audio/wav", 44, "11" * 32, 2.0, 16000)
HOOK = {"url": "https://example.org/hook", "events": ["job.queued", "job.succeeded"], "secret": None}


def failed_at_its_second_step(house: House, **more: object) -> str:
    """A job of three steps whose first succeeded."""
    job_id = house.submit("io", "cpu", "io", inputs=[INPUT], **more)
    house.publish(job_id)
    house.store.complete_step(house.claim(job_id, 0), [output("first")])
    house.store.fail_step(house.claim(job_id, 1), "permanent", error=error_of("permanent"))
    return job_id


def succeeded(house: House) -> str:
    """A job of two steps that ended well."""
    job_id = house.submit("io", "cpu", inputs=[INPUT])
    house.publish(job_id)
    house.store.complete_step(house.claim(job_id, 0), [output("first")])
    assert house.store.complete_step(house.claim(job_id, 1), [output("second")], {"text": "la"}) is Ended.SUCCEEDED
    return job_id


def retried(house: House, job_id: str, **asked: object) -> str:
    """The id of the new job."""
    made = house.store.retry(Retry(new_id("job"), job_id, **asked))  # type: ignore[arg-type]  # fields by name
    assert not made.replayed
    return made.id


def test_a_retry_begins_at_the_first_step_that_has_not_succeeded(house: House) -> None:
    old = failed_at_its_second_step(house)
    before = house.everything(old)
    new = retried(house, old)
    assert house.everything(old) == before
    row = house.row(new)
    assert (row.retry_of, row.status, row.phase, row.step_index, row.route) == (old, "queued", "waiting", 1, "cpu>io")
    assert row.progress == pytest.approx(1 / 3)
    assert house.steps(new) == ["succeeded", "pending", "pending"]
    assert house.reader.events(new, 0)[0].data["retry_of"] == old
    [chain] = house.publish(new)
    assert [(link.index, link.queue) for link in chain.links] == [(1, "cpu"), (2, "io")]
    claim = house.claim(new, 1)
    assert [ref.key for ref in claim.work.inputs] == ["keys/first"]
    house.store.complete_step(claim, [output("new second")])
    assert house.store.complete_step(house.claim(new, 2), [output("new third")]) is Ended.SUCCEEDED
    assert house.results(new) == ["keys/new third"]
    assert house.row(old).status == "failed"


def test_a_step_taken_over_is_shown_without_attempts(house: House) -> None:
    new = retried(house, failed_at_its_second_step(house))
    rows = house.reader.get(new)
    assert rows is not None
    first, second, _ = job_document(rows.job, rows.steps, (), base="", link=lambda _: "")["steps"]
    assert (first["status"], first["attempts"], first["queued_at"]) == ("succeeded", 0, None)
    assert first["finished_at"] is not None
    assert second["queued_at"] == job_document(rows.job, rows.steps, (), base="", link=lambda _: "")["created_at"]


def test_an_earlier_step_can_be_named(house: House) -> None:
    old = failed_at_its_second_step(house)
    for start in ("0", "step-0"):
        new = retried(house, old, start=start)
        assert (house.row(new).step_index, house.steps(new)) == (0, ["pending"] * 3)
        house.publish(new)
        assert [ref.key for ref in house.claim(new, 0).work.inputs] == ["keys/in"]


def test_a_job_that_succeeded_runs_again_from_a_named_step(house: House) -> None:
    old = succeeded(house)
    with pytest.raises(Conflict) as refused:
        retried(house, old)
    assert refused.value.code == "already_finished"
    new = retried(house, old, start="step-1")
    house.publish(new)
    house.store.complete_step(house.claim(new, 1), [output("again")], {"text": "so"})
    assert (house.results(old), house.results(new)) == (["keys/second"], ["keys/again"])
    assert (house.row(old).output, house.row(new).output) == ({"text": "la"}, {"text": "so"})


@pytest.mark.parametrize("start", ["2", "step-2", "7", "-1", "nothing", "02"])
def test_a_step_that_cannot_be_begun_with_is_refused(house: House, start: str) -> None:
    old = failed_at_its_second_step(house)
    with pytest.raises(InvalidRequest) as refused:
        retried(house, old, start=start)
    assert (refused.value.code, refused.value.fields[0].field) == ("unknown_step", "from")


def test_it_asks_for_the_same_unless_told_otherwise(house: House) -> None:
    old = failed_at_its_second_step(
        house,
        labels={"submitter": "ann", "project": "x"},
        submitter="ann",
        webhook=HOOK,
        priority=Priority.HIGH,
        deadline_at=time.time() + 100,
        expires_in=300.0,
        units=7.0,
        cost=3.0,
    )
    first, same = house.row(old), house.row(retried(house, old))
    for name in ("kind", "model", "voice", "request", "labels", "webhook", "submitter", "priority", "units", "cost"):
        assert getattr(same, name) == getattr(first, name), name
    assert (same.expires_in, same.deadline_at, same.rank) == (300.0, None, Priority.HIGH)
    assert [delivery.type for delivery in house.reader.deliveries(same.id)] == ["job.queued"]
    other = house.row(retried(house, old, priority=Priority.LOW, deadline_at=time.time() + 50, expires_in=60.0))
    assert (other.priority, other.rank, other.expires_in) == (Priority.LOW, Priority.LOW, 60.0)
    assert other.deadline_at == pytest.approx(time.time() + 50, abs=20)
    with house.database.read() as reading:
        waiting = waiting_of(reading, "ann")
    assert (waiting.jobs, waiting.seconds) == (2, 6.0)


def test_what_goes_on_cannot_be_retried(house: House) -> None:
    waiting, claim = house.submit(), house.running()
    cancelling = house.running()
    house.store.cancel(cancelling.work.job_id)
    for job_id in (waiting, claim.work.job_id, cancelling.work.job_id):
        before = house.everything(job_id)
        with pytest.raises(Conflict) as refused:
            retried(house, job_id)
        assert refused.value.code == "not_finished"
        assert house.everything(job_id) == before


def test_cancelled_and_expired_jobs_can_be_retried(house: House) -> None:
    cancelled = house.submit()
    house.store.cancel(cancelled)
    new = retried(house, cancelled)
    house.publish(new)
    assert isinstance(house.message(new, 0, 1), Claim)


def test_what_is_not_there_or_was_removed_cannot_be_retried(house: House) -> None:
    with pytest.raises(NotFound) as missing:
        retried(house, "job_00000000-0000-7000-8000-000000000000")
    assert missing.value.code == "job_not_found"
    old = failed_at_its_second_step(house)
    house.set(old, removed_at=1.0)
    with pytest.raises(Gone) as gone:
        retried(house, old)
    assert gone.value.code == "result_expired"


def test_one_key_makes_one_retry_though_all_come_at_once(house: House) -> None:
    old = failed_at_its_second_step(house)
    key = Idempotency("key", "print")
    made = at_once(*[lambda: house.store.retry(Retry(new_id("job"), old, idempotency=key)) for _ in range(4)])
    answers = [answer for answer in made if isinstance(answer, Submitted)]
    assert len(answers) == 4, made
    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False, True, True, True]
    with pytest.raises(InvalidRequest) as refused:
        house.store.retry(Retry(new_id("job"), old, idempotency=Idempotency("key", "another")))
    assert refused.value.code == "idempotency_mismatch"


def test_a_retry_of_a_retry_takes_over_what_both_have_finished(house: House) -> None:
    middle = retried(house, failed_at_its_second_step(house))
    house.publish(middle)
    house.store.complete_step(house.claim(middle, 1), [output("second")])
    house.store.fail_step(house.claim(middle, 2), "permanent", error=error_of("permanent"))
    new = retried(house, middle)
    house.publish(new)
    assert (house.row(new).step_index, house.row(new).retry_of) == (2, middle)
    assert [ref.key for ref in house.claim(new, 2).work.inputs] == ["keys/second"]
