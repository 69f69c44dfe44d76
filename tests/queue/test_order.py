"""Who goes first, and how much may stand at a queue (rule 3)."""

import time

from sqlalchemy import func, select

from storage.tables import attempts
from tests.queue.parts import Sampler
from tests.queue.stack import Stack, on
from workers.windows import Windows


@on("sqlite")
def test_an_urgent_job_overtakes_those_that_wait(stack: Stack) -> None:
    low = stack.submit_all([stack.speech(priority="low", delay_ms=100) for _ in range(200)])
    stack.happens(low[0], "step.succeeded")
    high = stack.tone(priority="high")
    submitted, started = stack.row(high).created_at, stack.happens(high, "step.started", 20)
    earlier = sum(
        submitted < event.at < started for event in stack.reader.events_of(low, 0) if event.type == "step.started"
    )
    # At most what stood at the queue: two seconds' work of 20, and some more.
    assert earlier < 30


@on("postgresql")
def test_jobs_of_one_priority_run_in_the_order_they_came(stack: Stack) -> None:
    jobs = stack.submit_all([stack.speech() for _ in range(60)])
    assert set(stack.ends(jobs)) == {"succeeded"}
    begun = {row.job_id: row.at for row in stack.reader.events_of(jobs, 0) if row.type == "job.started"}
    assert sorted(jobs, key=lambda job_id: begun[job_id]) == jobs


def most_windows(stack: Stack, after: int) -> int:
    """window(io) + window(cpu) at their widest: with one slot each, by the quickest step of either queue."""
    windows = Windows()
    with stack.database.read() as connection:
        quickest = connection.execute(
            select(attempts.c.queue, func.min(attempts.c.finished_at - attempts.c.started_at))
            .where(attempts.c.id > after, attempts.c.outcome == "succeeded")
            .group_by(attempts.c.queue)
        ).all()
    for queue, seconds in quickest:
        windows.learn(queue, seconds)
    return windows.per_slot("io") + windows.per_slot("cpu")


@on("postgresql")
def test_thousands_of_transcriptions_do_not_pile_up_between_the_steps(stack: Stack) -> None:
    with stack.database.read() as connection:
        last = connection.scalar(select(func.max(attempts.c.id))) or 0
    audio = stack.sound()
    cpu = stack.slot("cpu-1")
    # So many that the window is one of these steps: that of quicker ones, learned in an earlier test, was wider.
    stack.ends(stack.submit_all([stack.transcription(audio, delay_ms=150) for _ in range(25)]))

    taken: list[int] = []

    def standing() -> int:
        taken.append(stack.unacknowledged())
        return max(stack.depth("cpu"), stack.standing("cpu"))

    with Sampler(standing).running() as sampler:
        jobs = stack.submit_all([stack.transcription(audio, delay_ms=150) for _ in range(5000)])
        stack.until(lambda: stack.done_of(jobs, 8) >= 8, 60, "the first transcriptions")
        # Now `cpu` takes nothing, and `io` goes on decoding as long as it is given work.
        stack.freeze(cpu)
        paused = time.monotonic()
        stack.until(lambda: time.monotonic() > paused + 5, 10, "a pause of the model's slot")
        held = stack.standing("cpu")
        cpu.thaw()
        stack.until(lambda: stack.done_of(jobs, 30) >= 30, 60, "more transcriptions")
    assert len(sampler.values) > 100
    allowed = most_windows(stack, last)
    assert max(sampler.values) <= allowed, (max(sampler.values), allowed)
    assert held > 1, "decoding did go ahead of the model"
    assert allowed <= 64
    # A slot takes one message at a time, so that the rest may still be overtaken.
    assert max(taken) - taken[0] <= 2
    stack.forget_waiting()
