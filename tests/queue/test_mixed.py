"""While a deployment is upgraded, processes of the earlier code and of now work side by side on the schema of now."""

import psutil
import pytest

from tests.earlier import Earlier
from tests.queue.stack import Stack

pytestmark = [pytest.mark.slow]


def code_of(pid: int) -> str:
    """The folder that the process runs in, from which it takes its code."""
    return psutil.Process(pid).cwd()


def test_slots_of_the_earlier_code_work_for_the_dispatcher_of_now(stack: Stack, earlier: Earlier) -> None:
    """One queue has an earlier slot, the other one of now: a chain goes to and fro between them."""
    stack.only("dispatcher", "io-1")
    stack.until(lambda: stack.live().get("cpu", 0) == 0, 20, "the slot of now to leave")
    old = stack.of_another_tree("cpu-old", earlier.folder, "workers.slot", "--queue", "cpu", "--name", "cpu-old")
    stack.until(lambda: stack.live().get("cpu") == 1, 60, "the earlier slot")
    assert code_of(old.pid) == str(earlier.folder)
    jobs = [stack.tone(stages=4) for _ in range(3)]
    failing = stack.tone(fail="permanent")
    assert stack.ends(jobs) == ["succeeded"] * 3
    for job_id in jobs:
        assert [step.worker for step in stack.get(job_id).steps] == ["cpu-old", "io-1"] * 2
        assert stack.history(job_id)[-1] == "job.succeeded"
    cancelled = stack.tone(stages=2, delay_ms=60_000)
    stack.happens(cancelled, "step.started")
    stack.jobs.cancel(cancelled)
    assert stack.ends([failing, cancelled], 30) == ["failed", "cancelled"]
    old.stop()


def test_a_dispatcher_of_the_earlier_code_serves_slots_of_now(stack: Stack, earlier: Earlier) -> None:
    stack.only("cpu-1", "io-1")
    old = stack.of_another_tree("old-dispatcher", earlier.folder, "workers.dispatcher")
    stack.until(lambda: "lead_taken" in old.log(), 60, "the earlier dispatcher to lead")
    assert code_of(old.pid) == str(earlier.folder)
    jobs = [stack.tone(stages=3) for _ in range(3)]
    assert stack.ends(jobs) == ["succeeded"] * 3
    # Its successor finds everything as it must be.
    stack.dispatcher()
    old.terminate()
    assert old.ended(10) == 0
    assert stack.ends([stack.tone(stages=2)], 30) == ["succeeded"]
