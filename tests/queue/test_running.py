"""Jobs on a deployment whose parts all live."""

import pytest
from celery import Celery

from pipelines.ids import step_id
from storage.submitting import NewArtifact
from tests.queue.stack import Stack, on
from workers.app import PRIORITY_STEPS


def test_a_chain_runs_from_queue_to_queue(stack: Stack) -> None:
    job_id = stack.tone(stages=4)
    assert stack.ends([job_id]) == ["succeeded"]
    found = stack.get(job_id)
    assert [(step.queue, step.status, step.attempts) for step in found.steps] == [
        ("cpu", "succeeded", 1),
        ("io", "succeeded", 1),
        ("cpu", "succeeded", 1),
        ("io", "succeeded", 1),
    ]
    assert [step.worker for step in found.steps] == ["cpu-1", "io-1", "cpu-1", "io-1"]
    (artifact,) = found.results
    assert len(stack.artifacts.read(artifact.key, artifact.sha256)) == artifact.bytes
    # One publication: the chain went on by itself.
    assert (found.job.publication, found.job.progress) == (1, 1.0)
    assert stack.history(job_id)[:3] == ["job.queued", "job.started", "step.started"]
    assert stack.history(job_id)[-1] == "job.succeeded"


def test_events_of_all_jobs_get_their_positions(stack: Stack) -> None:
    job_id = stack.tone()
    stack.ends([job_id])
    stack.until(lambda: all(row.position for row in stack.reader.events(job_id, 0)), 10, "positions")
    positions = [row.position for row in stack.reader.events(job_id, 0)]
    assert positions == sorted(positions)


def test_no_job_carries_the_state_of_another(stack: Stack) -> None:
    """Invariant 10: the engine is loaded once, and A after B is A."""
    wanted = [("do", "sine"), ("re mi", "square"), ("do", "sine"), ("re mi", "sine"), ("do", "square")]
    jobs = [stack.tone(text=text, voice=voice, chunks=number + 1) for number, (text, voice) in enumerate(wanted)]
    assert set(stack.ends(jobs)) == {"succeeded"}
    hashes = [stack.get(job_id).results[0].sha256 for job_id in jobs]
    assert hashes[0] == hashes[2]
    assert len(set(hashes)) == 4


def test_a_permanent_failure_is_not_tried_again(stack: Stack) -> None:
    jobs = [stack.tone(), stack.tone(fail="permanent", stages=2), stack.tone()]
    assert stack.ends(jobs) == ["succeeded", "failed", "succeeded"]
    failed = stack.get(jobs[1])
    assert (failed.job.error["code"], failed.job.error["status"]) == ("tone_permanent", 422)
    assert failed.job.error["errors"][0]["field"] == "options.fail"
    assert [(step.status, step.attempts) for step in failed.steps] == [("failed", 1), ("skipped", 0)]


def test_a_transient_failure_is_tried_again(stack: Stack) -> None:
    job_id = stack.tone(fail="transient")
    stack.happens(job_id, "step.retrying", 60, times=3)
    assert stack.row(job_id).status == "running"
    # Others do not wait behind it.
    assert stack.ends([stack.tone()], 10) == ["succeeded"]
    assert stack.row(job_id).charged["transient"] >= 3


@on("sqlite")
def test_doubled_and_old_messages_run_the_step_once(stack: Stack) -> None:
    job_id = stack.tone(stages=2, delay_ms=700)
    stack.happens(job_id, "step.started")
    publication = stack.row(job_id).publication
    # An earlier test's outage of the broker may have left some for good.
    taken = stack.unacknowledged() - 1
    with Celery("test", broker=stack.valkey.url) as sender:
        sender.conf.broker_transport_options = {
            "queue_order_strategy": "priority",
            "priority_steps": list(PRIORITY_STEPS),
        }
        for number in (publication, publication, publication - 1, publication + 1):
            for index, queue in enumerate(("cpu", "io")):
                sender.send_task("run_step", (step_id(job_id, index), number), queue=queue, priority=0)
    assert stack.ends([job_id]) == ["succeeded"]
    stack.until(lambda: stack.depth("cpu") + stack.depth("io") + stack.unacknowledged() == taken, 20, "empty queues")
    assert [step.attempts for step in stack.get(job_id).steps] == [1, 1]
    assert stack.history(job_id).count("step.started") == 2
    assert len(stack.get(job_id).results) == 1


@on("postgresql")
def test_a_slot_may_serve_several_queues(stack: Stack) -> None:
    stack.only("dispatcher")
    stack.slot("both-1", "cpu", "io")
    stack.until(lambda: {"cpu", "io"} <= stack.live().keys(), 60, "the slot")
    job_id = stack.tone(stages=4)
    assert stack.ends([job_id]) == ["succeeded"]
    assert {step.worker for step in stack.get(job_id).steps} == {"both-1"}


@on("postgresql")
def test_a_slot_that_is_told_to_stop_ends_its_step(stack: Stack) -> None:
    stack.only("dispatcher", "io-1")
    slot = stack.slot("patient-1", "cpu", shutdown_seconds="45")
    stack.until(lambda: stack.live().get("cpu") == 1, 60, "the slot")
    job_id = stack.tone(delay_ms=1000)
    stack.happens(job_id, "step.started")
    slot.terminate()
    assert slot.ended(30) == 0
    assert stack.ends([job_id], 30) == ["succeeded"]
    assert stack.get(job_id).steps[0].attempts == 1
    assert "cpu" not in stack.live()


@pytest.fixture
def audio(stack: Stack) -> NewArtifact:
    """A second of sound in the store, to be shared by many jobs."""
    return stack.sound()


def test_audio_is_decoded_and_heard(stack: Stack, audio: NewArtifact) -> None:
    jobs = [stack.submit(stack.transcription(audio)) for _ in range(2)]
    assert stack.ends(jobs) == ["succeeded", "succeeded"]
    first, second = (stack.row(job_id).output for job_id in jobs)
    assert first["text"] == second["text"]
    assert first["text"] in {"do", "re", "mi", "fa", "sol", "la", "ti"}
