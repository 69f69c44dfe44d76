"""Shares between submitters and priorities, with real processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from storage.submitting import Submission
from storage.tables import attempts, events
from tests.queue.stack import Stack, on
from tests.queue.test_order import most_windows

FLOOD = 3000


def of(submitter: str, submission: Submission) -> Submission:
    return replace(submission, submitter=submitter)


def last_attempt(stack: Stack) -> int:
    with stack.database.read() as connection:
        return connection.scalar(select(func.max(attempts.c.id))) or 0


def starts(stack: Stack, job_ids: Sequence[str]) -> list[tuple[float, str, str]]:
    """When each step of the jobs began, in order: the moment, the job, the queue."""
    wanted = set(job_ids)
    query = select(events.c.at, events.c.job_id, events.c.data).where(events.c.type == "step.started")
    with stack.database.read() as connection:
        rows = connection.execute(query.order_by(events.c.at, events.c.id)).all()
    return [(row.at, row.job_id, row.data["queue"]) for row in rows if row.job_id in wanted]


def overtaken(stack: Stack, flood: list[str], single: Submission, queue: str) -> int:
    """How many steps of the flood began on `queue` between the submission of a single job and its claim there."""
    # So many that the window is one of these steps: that of quicker ones, learned in an earlier test, was wider.
    stack.until(lambda: len(starts(stack, flood[:40])) >= 40, 90, "the flood to run")
    submitted = stack.row(stack.submit(single)).created_at
    stack.until(lambda: any(at == queue for *_, at in starts(stack, [single.id])), 60, "the single job")
    claimed = next(at for at, _, on_queue in starts(stack, [single.id]) if on_queue == queue)
    return sum(submitted < at < claimed and on_queue == queue for at, _, on_queue in starts(stack, flood))


@on("sqlite")
def test_a_flood_delays_another_submitter_by_a_window(stack: Stack) -> None:
    before = last_attempt(stack)
    flood = stack.submit_all([of("a", stack.speech(delay_ms=60)) for _ in range(FLOOD)])
    delayed = overtaken(stack, flood, of("b", stack.speech(delay_ms=60)), "cpu")
    assert delayed <= most_windows(stack, before) <= 64
    assert stack.done_of(flood, 100) < 100, "the flood was still there"
    stack.forget_waiting()


@on("postgresql")
def test_on_the_scarce_queue_behind_another_too(stack: Stack) -> None:
    """The flood keeps `cpu` full from behind `io`; a job with the same route, and one that needs `cpu` alone."""
    before, audio = last_attempt(stack), stack.sound()
    flood = stack.submit_all([of("a", stack.transcription(audio, delay_ms=60)) for _ in range(FLOOD)])
    for single in (stack.transcription(audio, delay_ms=60), stack.speech(delay_ms=60, format="wav")):
        delayed = overtaken(stack, flood, of("b", single), "cpu")
        assert delayed <= most_windows(stack, before) <= 64
    stack.forget_waiting()


def fair(stack: Stack) -> None:
    """A dispatcher with weights, and with an ageing time that a test can wait for."""
    stack.only("cpu-1", "io-1")
    stack.dispatcher("fair", submitter_weights="heavy=3", ageing_seconds="1")


@on("sqlite")
def test_shares_follow_the_weights(stack: Stack) -> None:
    fair(stack)
    both = [of(name, stack.speech(delay_ms=30)) for _ in range(50) for name in ("heavy", "light")]
    owners = {submission.id: submission.submitter for submission in both}
    # In one transaction: from the first on, both wait.
    stack.submit_all(both)
    begun = len(starts(stack, list(owners)))
    stack.until(lambda: len(starts(stack, list(owners))) >= begun + 52, 60, "some jobs")
    window = most_windows(stack, 0)
    shares = Counter(owners[job_id] for _, job_id, _ in starts(stack, list(owners))[begun : begun + 52])
    left = 50 - sum(owners[job_id] == "heavy" for _, job_id, _ in starts(stack, list(owners))[:begun])
    assert shares["light"] >= 52 / 4 - window / 4 - 1
    assert shares["heavy"] >= min(left, 52 * 3 / 4 - window - 1)
    stack.forget_waiting()


@on("sqlite")
def test_low_does_not_starve_behind_high(stack: Stack) -> None:
    fair(stack)
    high = stack.submit_all([stack.speech(priority="high", delay_ms=40) for _ in range(600)])
    low = stack.tone(priority="low", delay_ms=40)
    stack.happens(low, "step.started", 40)
    ran = len({job_id for _, job_id, _ in starts(stack, high)})
    assert 7 <= ran < 500, "it waited for its time, and not for the end"
    stack.forget_waiting()


@on("postgresql")
def test_deferrable_jobs_run_when_nothing_else_is_due(stack: Stack) -> None:
    normal = [stack.speech(delay_ms=60) for _ in range(30)]
    deferrable = [stack.speech(priority="deferrable", delay_ms=60) for _ in range(3)]
    order = [*normal[:15], *deferrable, *normal[15:]]
    jobs = stack.submit_all(order)
    assert set(stack.ends(jobs)) == {"succeeded"}
    claims = [job_id for _, job_id, on_queue in starts(stack, jobs) if on_queue == "cpu"]
    assert set(claims[-3:]) == {submission.id for submission in deferrable}
