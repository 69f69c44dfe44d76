"""SIGTERM: what runs ends or is handed back, what stands by takes over, and nothing is lost by restarting (point 7)."""

import time
from collections.abc import Callable
from datetime import datetime

import pytest

from storage.claims import LEASE_SECONDS
from storage.leadership import LEAD_SECONDS
from tests.queue.stack import Stack, on

Record = Callable[[str, object], None]

#: How long the slots that should not wait would wait: far longer than any machine needs for what they do instead.
PATIENCE = 45.0
#: What is told to end, and need not wait, has ended by then.
SOON = 15.0


@pytest.fixture
def two(stack: Stack) -> Stack:
    """A second slot for each queue."""
    stack.slot("cpu-2")
    stack.slot("io-2")
    stack.until(lambda: min(stack.live().get(queue, 0) for queue in ("cpu", "io")) == 2, 60, "the second slots")
    return stack


@pytest.fixture
def patient(stack: Stack) -> Stack:
    """Two slots for `cpu` that give what runs in them plenty of time."""
    stack.only("dispatcher", "io-1")
    for name in ("patient-1", "patient-2"):
        stack.slot(name, "cpu", shutdown_seconds=str(PATIENCE))
    stack.until(lambda: stack.live().get("cpu") == 2, 60, "the patient slots")
    return stack


def measured(record: Record, what: str, seconds: float) -> None:
    """A figure that people look for in the report."""
    record(what, round(seconds, 3))
    print(f"{what}: {seconds:.3f} s")  # noqa: T201 - see above


def logged_at(log: str, event: str) -> float:
    """When (wall clock) the last line about `event` was written; 0 if there is none."""
    lines = [line for line in log.splitlines() if event in line]
    return datetime.fromisoformat(lines[-1][:23]).timestamp() if lines else 0.0


def outcomes(stack: Stack, job_id: str) -> list[tuple[int, str, str | None]]:
    """Of each attempt: its step, how it ended, and the cause."""
    return [(attempt.step_index, attempt.outcome, attempt.cause) for attempt in stack.reader.attempts(job_id)]


def test_a_step_that_ends_in_time_is_not_handed_back(patient: Stack, record_property: Record) -> None:
    job_id = patient.tone(delay_ms=3000)
    patient.happens(job_id, "step.started")
    slot = patient.slot(patient.row(job_id).slot)
    since = time.monotonic()
    slot.terminate()
    patient.until(lambda: patient.live().get("cpu") == 1, SOON, "the slot to take no more work")
    assert patient.row(job_id).phase == "claimed", "it took work until its step had ended"
    slot.ended(SOON)
    measured(record_property, "seconds", time.monotonic() - since)
    assert patient.row(job_id).status == "succeeded"
    assert outcomes(patient, job_id) == [(0, "succeeded", None)]


def test_a_step_that_takes_too_long_runs_elsewhere_at_once(two: Stack, record_property: Record) -> None:
    """Its slot waits for HARMONY_SHUTDOWN_SECONDS, 2 here, and hands it back: no charge, no waiting for a lease."""
    job_id = two.tone(stages=2, delay_ms=6000)
    two.happens(job_id, "step.started")
    slot = two.slot(two.row(job_id).slot)
    since = time.time()
    slot.terminate()
    back = two.happens(job_id, "step.retrying", 20)
    again = two.happens(job_id, "step.started", 20, times=2)
    slot.ended(SOON)
    measured(record_property, "handed_back_after", back - since)
    measured(record_property, "runs_again_after", again - back)
    assert 2.0 <= back - since < 6.0, "it was handed back once it was over"
    assert again - back < LEASE_SECONDS / 2
    assert two.row(job_id).slot != slot.name
    assert two.row(job_id).charged == {}
    assert two.ends([job_id]) == ["succeeded"]
    assert outcomes(two, job_id) == [(0, "handed_back", None), (0, "succeeded", None), (1, "succeeded", None)]


@on("sqlite")
def test_whoever_says_it_twice_does_not_wait(patient: Stack, record_property: Record) -> None:
    job_id = patient.tone(fail="hang")
    patient.happens(job_id, "step.started")
    slot = patient.slot(patient.row(job_id).slot)
    # Nobody else is there to hang in what is handed back.
    patient.only("dispatcher", "io-1", slot.name)
    slot.terminate()
    patient.until(lambda: patient.live().get("cpu") is None, SOON, "the slot to take no more work")
    since = time.monotonic()
    slot.terminate()
    slot.ended(SOON)
    measured(record_property, "seconds", time.monotonic() - since)
    assert outcomes(patient, job_id) == [(0, "handed_back", None)]


def test_an_idle_slot_ends_at_once(patient: Stack, record_property: Record) -> None:
    since = time.monotonic()
    patient.slot("patient-2").terminate()
    patient.slot("patient-2").ended(SOON)
    measured(record_property, "seconds", time.monotonic() - since)
    assert patient.live()["cpu"] == 1


def test_the_stand_by_leads_at_once(two: Stack, record_property: Record) -> None:
    leader, other = two.dispatcher(), two.dispatcher("stand-by")
    two.until(lambda: "standing_by" in other.log(), 30, "the second dispatcher to stand by")
    since = time.time()
    leader.terminate()
    leader.ended(SOON)
    ended = time.time() - since
    two.until(lambda: "lead_taken" in other.log(), 20, "the stand-by to lead")
    after = logged_at(other.log(), "lead_taken") - since
    measured(record_property, "ended_after", ended)
    measured(record_property, "led_after", after)
    # The lead was renewed within its last second, so whoever waits for its end would come later.
    assert after < LEAD_SECONDS - 1.5
    assert two.ends([two.tone()]) == ["succeeded"]
    # The one that comes back stands by.
    since = time.time()
    two.dispatcher()
    two.until(lambda: logged_at(leader.log(), "standing_by") > since, 30, "the former leader to stand by")
