"""A paused queue: nothing new is published or claimed there, what runs goes on, others are not held up by it."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import update

from pipelines.jobs import Priority
from storage import backlog, dispatch, pauses
from storage.admission import Admission
from storage.database import Database, db_now
from storage.jobs import JobStore
from storage.leadership import leading
from storage.outcomes import Ended
from storage.tables import jobs
from tests.storage.house import NEXT_CHILD, OTHER, House, output
from tests.storage.test_deleting import await_blocked, only_postgresql

WINDOWS = {"io": 8, "cpu": 8, "gpu-nvidia": 8}


def turn(house: House, admission: Admission) -> list[str]:
    """One turn of the dispatcher: what stands at paused queues is taken back, then jobs are picked and published."""
    with house.database.read() as connection:
        closed = pauses.paused(connection)
        stands = pauses.any_to_take_back(connection)
        windows = pauses.without(WINDOWS, closed)
        picked = admission.pick(connection, windows, dict.fromkeys(WINDOWS, 1))
    with leading(house.database, house.lead) as connection:
        assert (pauses.take_back(connection) > 0) == stands
    house.publish(*picked)
    return picked


@pytest.fixture
def admission() -> Admission:
    return Admission({}, 60.0)


def assert_counted(house: House) -> None:
    """What waits is counted, whatever was taken back."""
    with house.database.read() as connection:
        assert not backlog.has_drifted(connection)


def test_routes_that_touch_a_paused_queue_wait_and_others_go_on(house: House, admission: Admission) -> None:
    pauses.pause(house.database, "cpu")
    held = [house.submit(*queues, priority=Priority.HIGH) for queues in (("cpu",), ("io", "cpu"), ("cpu", "io"))]
    free = [house.submit("io"), house.submit("io", "gpu-nvidia")]
    assert set(turn(house, admission)) == set(free)
    assert {house.row(job_id).phase for job_id in held} == {"waiting"}
    pauses.resume(house.database, "cpu")
    assert set(held) <= set(turn(house, admission))
    assert_counted(house)


def test_what_stood_published_goes_back_and_is_published_anew(house: House, admission: Admission) -> None:
    job_id = house.submit("cpu")
    assert turn(house, admission) == [job_id]
    early = house.row(job_id).publication
    pauses.pause(house.database, "cpu")
    assert turn(house, admission) == []
    assert (house.row(job_id).phase, house.row(job_id).status) == ("waiting", "queued")
    assert_counted(house)
    # Its message comes all the same, before and after the queue goes on.
    assert house.message(job_id, 0, early) is False
    pauses.resume(house.database, "cpu")
    assert turn(house, admission) == [job_id]
    assert house.message(job_id, 0, early) is False
    claim = house.claim(job_id)
    assert house.store.complete_step(claim, [output()]) is Ended.SUCCEEDED
    assert house.history(job_id) == ["job.queued", "job.started", "step.started", "step.succeeded", "job.succeeded"]


def test_a_chain_that_moves_on_to_a_paused_queue_waits_there(house: House, admission: Admission) -> None:
    first = house.running("io", "cpu")
    job_id = first.work.job_id
    pauses.pause(house.database, "cpu")
    assert house.store.complete_step(first, [output()]) is Ended.SUCCEEDED
    row = house.row(job_id)
    # The slot is sooner than the dispatcher: the message is refused, and the job waits at once.
    assert house.message(job_id, 1, row.publication) is False
    assert house.row(job_id).phase == "waiting"
    assert_counted(house)
    assert turn(house, admission) == []
    new = house.submit("cpu")
    pauses.resume(house.database, "cpu")
    # What has begun goes first.
    assert turn(house, admission) == [job_id, new]
    assert house.store.complete_step(house.claim(job_id, 1), [output("out-1")]) is Ended.SUCCEEDED
    assert house.steps(job_id) == ["succeeded", "succeeded"]


def test_what_runs_goes_on_is_cancelled_and_is_not_begun_again(house: House, admission: Admission) -> None:
    claim, lost = house.running(), house.running(child=OTHER)
    pauses.pause(house.database, "cpu")
    assert house.store.heartbeat(claim, 0.5).signal == "go_on"
    assert house.store.complete_step(claim, [output()]) is Ended.SUCCEEDED
    # The child died; the next one of its slot may not take over while the queue is paused.
    job_id = lost.work.job_id
    assert house.message(job_id, 0, house.row(job_id).publication, NEXT_CHILD) is False
    assert house.row(job_id).phase == "claimed"
    assert house.store.lose_claim(lost.held, "lost", "gone") is Ended.RETRYING
    assert turn(house, admission) == []
    assert house.store.cancel(job_id) == "cancelled"
    assert_counted(house)


def test_nothing_is_republished_for_a_paused_queue(house: House) -> None:
    job_id = house.submit()
    house.publish(job_id)
    pauses.pause(house.database, "cpu")
    with house.database.write() as connection:
        long_ago = {"published_at": db_now() - 100, "ready_at": db_now() - 100}
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(long_ago))
    with house.database.read() as connection:
        assert dispatch.unclaimed(connection) == []
    pauses.resume(house.database, "cpu")
    with house.database.read() as connection:
        assert [step.job_id for step in dispatch.unclaimed(connection)] == [job_id]


def test_a_pause_is_kept_and_said_once(house: House) -> None:
    for _ in range(2):
        pauses.pause(house.database, "cpu")
        with house.database.read() as connection:
            assert pauses.paused(connection) == {"cpu"}
            assert dispatch.to_do(connection).paused
    for _ in range(2):
        pauses.resume(house.database, "cpu")
    with house.database.read() as connection:
        assert not dispatch.to_do(connection).paused


def test_a_claim_and_a_taking_back_at_once_end_in_one_of_both(house: House) -> None:
    only_postgresql(house)
    job_id = house.submit()
    house.publish(job_id)
    publication = house.row(job_id).publication
    pauses.pause(house.database, "cpu")
    other = Database(house.database.url)
    claims = partial(JobStore(other).claim_step, publication=publication, child=OTHER, limit=lambda _: 60.0)
    with ThreadPoolExecutor(1) as threads:
        with leading(house.database, house.lead) as writing:
            assert pauses.take_back(writing) == 1
            asked = threads.submit(claims, job_id, 0)
            await_blocked(house)
        assert asked.result(10) is False
    other.close()
    assert house.row(job_id).phase == "waiting"
    assert_counted(house)
