"""Ids, languages, times, and the tables of moves."""

import itertools
import threading
import time
import uuid

import pytest

from pipelines.events import END_EVENTS
from pipelines.ids import new_id, parse_step_id, step_id, uuid7
from pipelines.jobs import JOB_MOVES, STEP_MOVES, Action, JobStatus, Plan, Priority, Step, StepStatus, may_move
from pipelines.languages import normalise_language, same_language
from pipelines.times import rfc3339

#: Written out by hand: the test is that the table says the same.
ALLOWED_JOB_MOVES = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("queued", "failed"),
    ("queued", "expired"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelling"),
    ("running", "cancelled"),
    ("running", "expired"),
    ("cancelling", "cancelled"),
    ("cancelling", "expired"),
}
ALLOWED_STEP_MOVES = {
    ("pending", "running"),
    ("pending", "cancelled"),
    ("pending", "skipped"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("running", "pending"),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobStatus, JobStatus)))
def test_every_pair_of_job_states(before: JobStatus, after: JobStatus) -> None:
    assert may_move(before, after) == ((before, after) in ALLOWED_JOB_MOVES)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(StepStatus, StepStatus)))
def test_every_pair_of_step_states(before: StepStatus, after: StepStatus) -> None:
    assert (after in STEP_MOVES[before]) == ((before, after) in ALLOWED_STEP_MOVES)


def test_terminal_states_never_change_and_each_has_its_event() -> None:
    ends = {status for status in JobStatus if status.is_terminal}
    assert ends == {status for status, moves in JOB_MOVES.items() if not moves} == set(END_EVENTS)
    assert {status for status in StepStatus if status.is_terminal} == set(StepStatus) - {"pending", "running"}


def test_ids_sort_in_the_order_they_were_made() -> None:
    ids = [new_id("job") for _ in range(5000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_ids_of_several_threads_are_unique() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(4)]

    def make(into: list[uuid.UUID]) -> None:
        into.extend(uuid7() for _ in range(2000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == sorted(ids) for ids in made)
    assert len(set(itertools.chain(*made))) == 8000


def test_ids_are_version_7_and_carry_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after


def test_a_step_id_names_its_job_and_place() -> None:
    job = new_id("job")
    assert parse_step_id(step_id(job, 3)) == (job, 3)


@pytest.mark.parametrize("wrong", ["", "step_", "step_x.1", f"step_{uuid.UUID(int=7)}", f"step_{uuid.UUID(int=7)}.x"])
def test_what_is_no_step_id_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_step_id(wrong)


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("en", "en"),
        ("EN_us", "en-US"),
        (" English ", "en"),
        ("JP", "ja"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("", None),
        ("e", None),
        ("klingon", None),
        ("en-US-x-private", None),
        ("../../etc", None),
    ],
)
def test_languages_are_brought_to_one_form(said: str, tag: str | None) -> None:
    assert normalise_language(said) == tag


@pytest.mark.parametrize(
    ("asked", "known", "same"),
    [
        ("en", "en-US", True),
        ("en-US", "en", True),
        ("en-us", "en-US", True),
        ("en-GB", "en-US", False),
        ("e", "en", False),
        ("de", "den", False),
    ],
)
def test_a_bare_language_matches_its_regions(asked: str, known: str, same: object) -> None:
    assert same_language(asked, known) is same


def test_a_route_names_the_queues_ahead() -> None:
    plan = Plan(tuple(Step(queue, Action.DECODE, queue) for queue in ("io", "cpu", "io")))
    assert [plan.route(start) for start in range(4)] == ["io>cpu>io", "cpu>io", "io", ""]
    assert plan.queues == {"io", "cpu"}


def test_priorities_sort_and_read_well() -> None:
    assert [priority.label for priority in sorted(Priority)] == ["high", "normal", "low", "deferrable"]


def test_times_are_told_in_utc_to_the_millisecond() -> None:
    assert rfc3339(1_800_000_000.1239) == "2027-01-15T08:00:00.123Z"
    assert rfc3339(None) is None
