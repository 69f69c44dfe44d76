"""Accepting a job: all of it or nothing, and one job for one idempotency key (invariant 4)."""

import logging
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy.exc import IntegrityError

from pipelines.errors import InvalidRequest
from pipelines.jobs import Priority
from storage import dispatch, leadership
from storage.database import db_now
from storage.filters import JobFilter
from storage.submitting import Idempotency, Submitted
from storage.tables import idempotency_keys
from tests.storage.house import House, at_once, output


def test_an_accepted_job_is_there_with_all_its_parts(house: House) -> None:
    job_id = house.submit("io", "cpu", priority=Priority.HIGH, labels={"a": "1"}, inputs=[output("in")])
    rows = house.reader.get(job_id)
    assert rows is not None
    assert (rows.job.status, rows.job.phase, rows.job.route, rows.job.rank) == ("queued", "waiting", "io>cpu", 0)
    assert [(step.number, step.status, step.attempts) for step in rows.steps] == [(0, "pending", 0), (1, "pending", 0)]
    assert house.history(job_id) == ["job.queued"]
    assert rows.job.labels == {"a": "1"}
    # Inputs are no results.
    assert not rows.results


def test_inputs_reach_the_first_step_and_outputs_the_next(house: House) -> None:
    claim = house.running("io", "cpu", inputs=[output("in")])
    assert [artifact.key for artifact in claim.work.inputs] == ["keys/in"]
    house.store.complete_step(claim, [output("middle")])
    assert [artifact.key for artifact in house.claim(claim.work.job_id, 1).work.inputs] == ["keys/middle"]


def test_a_job_that_cannot_be_written_leaves_nothing(house: House) -> None:
    submission = house.submission()
    house.store.submit(submission)
    with pytest.raises(IntegrityError):
        house.store.submit(submission)
    assert house.history(submission.id) == ["job.queued"]


def test_an_error_of_the_database_holds_no_text_and_no_secret(house: House, caplog: pytest.LogCaptureFixture) -> None:
    hook = {"url": "https://example.org/", "events": [], "secret": "whsec_quiet"}
    submission = replace(house.submission(webhook=hook), request={"kind": "speech", "input": {"text": "hush hush"}})
    house.store.submit(submission)
    try:
        house.store.submit(submission)
    except IntegrityError:
        logging.getLogger("test").exception("failed")
    assert "IntegrityError" in caplog.text
    assert "quiet" not in caplog.text
    assert "hush" not in caplog.text


def test_the_same_key_gives_the_same_job(house: House) -> None:
    key = Idempotency("key", "print")
    first = house.store.submit(house.submission(key=key, inputs=[output()], labels={"a": "b"}))
    second = house.store.submit(house.submission(key=key, inputs=[output()], labels={"a": "b"}))
    assert (first.replayed, second) == (False, Submitted(first.id, replayed=True))
    assert [rows.job.id for rows in house.reader.page(JobFilter(), limit=9, after=None, before=None)] == [first.id]


def test_the_same_key_with_another_body_is_refused(house: House) -> None:
    first = house.submit(key=Idempotency("key", "print"))
    other = house.submission(key=Idempotency("key", "other"))
    with pytest.raises(InvalidRequest) as refused:
        house.store.submit(other)
    assert (refused.value.code, refused.value.status) == ("idempotency_mismatch", 422)
    assert house.reader.get(other.id) is None
    assert house.reader.get(first) is not None


def test_keys_of_two_submitters_are_apart(house: House) -> None:
    key = Idempotency("key", "print")
    assert house.submit(key=key, submitter="a") != house.submit(key=key, submitter="b")


@pytest.mark.parametrize("_round", range(3))
def test_the_same_key_at_once_makes_one_job(house: House, _round: int) -> None:
    submissions = [house.submission(key=Idempotency("key", "print")) for _ in range(4)]
    outcomes = at_once(*(partial(house.store.submit, one) for one in submissions))
    done = [outcome for outcome in outcomes if isinstance(outcome, Submitted)]
    assert len(done) == 4, outcomes
    assert len({outcome.id for outcome in done}) == 1
    assert sorted(outcome.replayed for outcome in done) == [False, True, True, True]
    assert sum(house.reader.get(one.id) is not None for one in submissions) == 1


def test_two_bodies_under_one_key_at_once_make_one_job_and_one_refusal(house: House) -> None:
    submissions = [house.submission(key=Idempotency("key", f"print-{number}")) for number in range(2)]
    outcomes = at_once(*(partial(house.store.submit, one) for one in submissions))
    assert {type(outcome) for outcome in outcomes} == {Submitted, InvalidRequest}
    assert sum(house.reader.get(one.id) is not None for one in submissions) == 1


def test_keys_are_forgotten_in_portions_the_oldest_first(house: House) -> None:
    keys = [Idempotency(f"key-{number}", "print") for number in range(5)]
    first = [house.submit(key=key, submitter=submitter) for key, submitter in zip(keys, "abcab", strict=True)]
    with house.database.write() as connection:
        for age, key in enumerate(keys):
            aged = idempotency_keys.update().where(idempotency_keys.c.key == key.key)
            connection.execute(aged.values(created_at=db_now() - 70.0 + age))
    with leadership.leading(house.database, house.lead) as connection:
        assert dispatch.forget_keys(connection, 60.0, 2) == 2
    again = [house.submit(key=key, submitter=submitter) for key, submitter in zip(keys, "abcab", strict=True)]
    assert [new == old for new, old in zip(again, first, strict=True)] == [False, False, True, True, True]
    with leadership.leading(house.database, house.lead) as connection:
        assert dispatch.forget_keys(connection, 60.0) == 3


def test_keys_are_forgotten_after_their_time(house: House) -> None:
    key = Idempotency("key", "print")
    first = house.submit(key=key)
    with leadership.leading(house.database, house.lead) as connection:
        dispatch.forget_keys(connection, 60.0)
    assert house.submit(key=key) == first
    with house.database.write() as connection:
        connection.execute(idempotency_keys.update().values(created_at=db_now() - 61.0))
    with leadership.leading(house.database, house.lead) as connection:
        dispatch.forget_keys(connection, 60.0)
    assert house.submit(key=key) != first
