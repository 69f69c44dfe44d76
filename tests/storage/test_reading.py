"""Lists, cursors, filters and places in the queue."""

import pytest
from sqlalchemy import insert, select

from pipelines.jobs import Priority
from storage import submitting
from storage.database import db_now
from storage.filters import JobFilter
from storage.slots import LIVE_SECONDS, SlotFacts, SlotStore, forget_slots, known_queues, live_slots
from storage.tables_workers import slots
from tests.storage.house import CHILD, OTHER, House, output


def ids(house: House, which: JobFilter | None = None, **page: str | int | None) -> list[str]:
    asked = {"limit": 50, "after": None, "before": None, **page}
    return [rows.job.id for rows in house.reader.page(which or JobFilter(), **asked)]  # type: ignore[arg-type] # the values fit their names


def test_pages_go_forth_and_back(house: House) -> None:
    newest_first = [house.submit() for _ in range(7)][::-1]
    assert ids(house) == newest_first
    assert ids(house, limit=3) == newest_first[:3]
    assert ids(house, limit=3, after=newest_first[2]) == newest_first[3:6]
    assert ids(house, limit=3, after=newest_first[6]) == []
    assert ids(house, limit=3, before=newest_first[6]) == newest_first[3:6]
    assert ids(house, limit=3, before=newest_first[0]) == []


def test_a_page_does_not_move_when_jobs_come(house: House) -> None:
    first = [house.submit() for _ in range(4)][::-1]
    house.submit()
    assert ids(house, limit=2, after=first[1]) == first[2:]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (JobFilter(), "edcba"),
        (JobFilter(statuses=("cancelled",)), "a"),
        (JobFilter(statuses=("queued", "cancelled")), "edcba"),
        (JobFilter(kinds=("vad",)), "b"),
        (JobFilter(models=("other",)), "c"),
        (JobFilter(voices=("ann",)), "d"),
        (JobFilter(labels={"team": "red"}), "ed"),
        (JobFilter(labels={"team": "red", "run": "7"}), "e"),
        (JobFilter(labels={"team": "re"}), ""),
        (JobFilter(text="re"), "ed"),
        (JobFilter(text="RE"), ""),
        (JobFilter(text="%"), ""),
        (JobFilter(kinds=("vad",), statuses=("cancelled",)), ""),
    ],
)
def test_filters(house: House, which: JobFilter, found: str) -> None:
    jobs = {
        "a": house.submit(),
        "b": house.submit(kind="vad"),
        "c": house.submit(model="other"),
        "d": house.submit(voice="ann", labels={"team": "red"}),
        "e": house.submit(labels={"team": "red", "run": "7"}),
    }
    house.store.cancel(jobs["a"])
    names = {job_id: name for name, job_id in jobs.items()}
    assert "".join(names[job_id] for job_id in ids(house, which)) == found


def test_jobs_are_found_by_the_beginning_of_their_id(house: House) -> None:
    job_id = house.submit()
    house.submit()
    assert ids(house, JobFilter(text=job_id[:-1])) == [job_id]
    assert len(ids(house, JobFilter(text="job_"))) == 2


def test_times_bound_a_list(house: House) -> None:
    job_id = house.submit()
    at = house.row(job_id).created_at
    assert ids(house, JobFilter(created_after=at - 1, created_before=at + 1)) == [job_id]
    assert ids(house, JobFilter(created_after=at + 1)) == []
    assert ids(house, JobFilter(created_before=at - 1)) == []


def position(house: House, job_id: str) -> int | str | None:
    rows = house.reader.get(job_id)
    assert rows is not None
    return rows.queue_position


def test_places_in_the_queue(house: House) -> None:
    first, second, high = house.submit(), house.submit(), house.submit(priority=Priority.HIGH)
    elsewhere = house.submit("io")
    assert [position(house, job_id) for job_id in (first, second, high, elsewhere)] == [2, 3, 1, 1]
    listed = {
        rows.job.id: rows.queue_position for rows in house.reader.page(JobFilter(), limit=9, after=None, before=None)
    }
    assert listed == {first: 2, second: 3, high: 1, elsewhere: 1}
    house.publish(high)
    assert [position(house, job_id) for job_id in (first, high)] == [1, None]


def test_far_places_are_not_counted(house: House) -> None:
    with house.database.write() as connection:
        for _ in range(1000):
            submitting.submit(connection, house.submission())
    high = house.submit(priority=Priority.HIGH)
    low, lower = house.submit(priority=Priority.LOW), house.submit(priority=Priority.LOW)
    assert position(house, high) == 1
    assert [position(house, low), position(house, lower)] == ["1000+", "1000+"]
    assert [rows.queue_position for rows in house.reader.page(JobFilter(), limit=2, after=None, before=None)] == [
        "1000+",
        "1000+",
    ]


def test_what_is_not_there_is_none(house: House) -> None:
    assert house.reader.get("job_x") is None
    assert house.reader.version("job_x") is None
    assert house.reader.artifact("art_x") is None


def test_results_are_found_by_their_id(house: House) -> None:
    claim = house.running()
    house.store.complete_step(claim, [output("a")])
    rows = house.reader.get(claim.work.job_id)
    assert rows is not None
    found = house.reader.artifact(rows.results[0].id)
    assert found is not None
    assert found.key == "keys/a"


def facts(name: str, *queues: str) -> SlotFacts:
    return SlotFacts(name, queues, "host", 1, "cpu", 1)


def test_live_slots_are_those_that_beat(house: House) -> None:
    beats = SlotStore(house.database)
    beats.beat(facts("cpu-1", "cpu", "io"))
    beats.beat(facts("cpu-2", "cpu"))
    beats.beat(facts("cpu-2", "cpu"))
    beats.beat(facts("gone", "gpu-nvidia"))
    beats.leave("gone")
    with house.database.write() as connection:
        old = {"pid": 1, "host": "h", "device": "cpu", "threads": 1, "started_at": 0.0, "stopped": False}
        silent = db_now() - LIVE_SECONDS - 1
        connection.execute(insert(slots).values(name="silent", queues=["gpu-amd"], beat_at=silent, **old))
        connection.execute(insert(slots).values(name="absent", queues=["old"], beat_at=0.0, **old))
    with house.database.read() as connection:
        assert live_slots(connection) == {"cpu": 2, "io": 1}
        assert known_queues(connection) == {"cpu", "io", "gpu-nvidia", "gpu-amd"}
    with house.database.write() as connection:
        forget_slots(connection)
        assert set(connection.scalars(select(slots.c.name))) == {"cpu-1", "cpu-2", "gone", "silent"}


def test_a_slot_sees_its_own_steps_that_do_not_end(house: House) -> None:
    slow, cancelled, fine = house.running(), house.running(), house.running()
    others = house.running(child=OTHER)
    for claim in (slow, others):
        house.set(claim.work.job_id, run_limit_at=db_now() - 5.0)
    house.store.cancel(cancelled.work.job_id)
    overstays = SlotStore(house.database)
    assert {stay.job_id for stay in overstays.overstays(CHILD.slot, 4.0)} == {slow.work.job_id}
    house.set(cancelled.work.job_id, cancel_requested_at=db_now() - 5.0)
    found = {stay.job_id: stay for stay in overstays.overstays(CHILD.slot, 4.0)}
    assert set(found) == {slow.work.job_id, cancelled.work.job_id}
    assert (found[slow.work.job_id].fence, found[slow.work.job_id].owner) == (slow.fence, CHILD.owner)
    assert {held.job_id for held in overstays.held(CHILD.slot)} == {*found, fine.work.job_id}
