"""Pause and resume with real processes: nothing new begins, what runs ends, and then it goes on at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from storage import pauses
from storage.counting import behind
from tests.queue.stack import DISPATCHER, Stack, on
from tests.queue.test_webhooks import Receiver, delivered, hook, receivers

__all__ = ["receivers"]


@pytest.fixture
def paused(stack: Stack) -> Iterator[Stack]:
    """A stack whose queues go on afterwards, whatever became of the test."""
    yield stack
    for queue in ("cpu", "io", "webhook"):
        pauses.resume(stack.database, queue)


@contextmanager
def held(stack: Stack, job_id: str) -> Iterator[None]:
    """Keeps the job's step from ending during the block, which must be over well before its lease is."""
    stack.happens(job_id, "step.started")
    slot = stack.slot("cpu-1")
    stack.freeze(slot)
    try:
        yield
    finally:
        slot.thaw()


def begun(stack: Stack, job_ids: list[str]) -> int:
    return sum(stack.row(job_id).started_at is not None for job_id in job_ids)


def test_what_runs_ends_and_nothing_new_begins_until_the_queue_is_resumed(paused: Stack) -> None:
    stack = paused
    running = stack.tone(delay_ms=1500)
    with held(stack, running):
        behind_it = [stack.tone() for _ in range(8)]
        stack.until(lambda: stack.standing("cpu") > 1, 10, "jobs behind the running one")
        pauses.pause(stack.database, "cpu")
    assert stack.ends([running]) == ["succeeded"]
    # One more round of everybody: what is not on the paused queue still goes through.
    stack.until(lambda: stack.depth("cpu") == 0 and stack.standing("cpu") == 0, 20, "an empty queue")
    assert begun(stack, behind_it) == 0
    pauses.resume(stack.database, "cpu")
    resumed = min(stack.happens(job_id, "step.started", 10) for job_id in behind_it)
    with stack.database.read() as connection:
        assert pauses.paused(connection) == frozenset()
    assert set(stack.ends(behind_it)) == {"succeeded"}
    assert resumed > stack.row(running).finished_at


def test_a_job_that_needs_no_paused_queue_is_not_held_up(paused: Stack) -> None:
    stack = paused
    pauses.pause(stack.database, "io")
    # It needs `io` for its second stage, and so does not begin.
    held = stack.tone(stages=2)
    free = [stack.tone() for _ in range(5)]
    assert set(stack.ends(free)) == {"succeeded"}
    assert stack.row(held).status == "queued"
    pauses.resume(stack.database, "io")
    assert stack.ends([held]) == ["succeeded"]


def test_a_chain_stops_in_front_of_a_queue_that_is_paused_meanwhile(paused: Stack) -> None:
    stack = paused
    job_id = stack.tone(stages=2, delay_ms=1000)
    with held(stack, job_id):
        pauses.pause(stack.database, "io")
    stack.happens(job_id, "step.succeeded")
    stack.until(lambda: stack.row(job_id).phase == "waiting", 10, "the job to wait")
    # While it waits, nothing brings it to its slot.
    assert set(stack.ends([stack.tone() for _ in range(3)])) == {"succeeded"}
    assert (stack.row(job_id).phase, stack.row(job_id).step_index) == ("waiting", 1)
    pauses.resume(stack.database, "io")
    assert stack.ends([job_id]) == ["succeeded"]
    assert [step.attempts for step in stack.get(job_id).steps] == [1, 1]


@on("postgresql")
def test_a_pause_outlives_the_dispatcher(paused: Stack) -> None:
    stack = paused
    pauses.pause(stack.database, "cpu")
    stack.dispatcher(DISPATCHER).kill()
    jobs = [stack.tone() for _ in range(3)]
    stack.dispatcher(DISPATCHER)
    free = stack.submit(stack.transcription(stack.sound()))
    # Numbered and counted: the new dispatcher leads and has had its turns.
    stack.until(lambda: stack.reader.events(jobs[-1], 0)[0].position is not None, 20, "a new leader")
    stack.until(lambda: _counted(stack), 20, "the roll-ups")
    assert begun(stack, [*jobs, free]) == 0
    pauses.resume(stack.database, "cpu")
    assert set(stack.ends([*jobs, free])) == {"succeeded"}


@on("postgresql")
def test_paused_webhooks_wait_and_are_sent_at_once_when_they_are_resumed(
    paused: Stack, receivers: tuple[Receiver, Receiver]
) -> None:
    stack, (receiver, _) = paused, receivers
    pauses.pause(stack.database, "webhook")
    job_id = stack.tone(webhook=hook(receiver))
    assert stack.ends([job_id]) == ["succeeded"]
    # The dispatcher has had its turns since: the events have positions and are counted.
    stack.until(lambda: stack.reader.events(job_id, 0)[-1].position is not None, 20, "positions")
    stack.until(lambda: _counted(stack), 20, "the roll-ups")
    assert {row.status for row in stack.reader.deliveries(job_id)} == {"pending"}
    assert receiver.got == []
    pauses.resume(stack.database, "webhook")
    stack.until(lambda: delivered(stack, job_id), 10, "the deliveries")


def _counted(stack: Stack) -> bool:
    with stack.database.read() as connection:
        return not behind(connection).events
