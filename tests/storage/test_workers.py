"""The slots as people see them: what each says of itself and does, at a cost that the jobs do not raise."""

from typing import Any

from sqlalchemy import event, update

from storage.database import db_now
from storage.slots import SlotFacts, SlotState, SlotStore, forget_slots, live_slots
from storage.tables_workers import slots
from storage.workers import list_workers, worker_document
from tests.storage.house import OTHER, House, output

FACTS = SlotFacts("cpu-1", ["cpu"], "host", 11, "cpu", 2)
STATE = SlotState(("tone",), ("voice",), "AMD EPYC", 120, 16_000, None)


def documents(house: House) -> list[Any]:
    with house.database.read() as connection:
        return [worker_document(worker) for worker in list_workers(connection)]


def age(house: House, name: str, seconds: float) -> None:
    with house.database.write() as connection:
        connection.execute(update(slots).where(slots.c.name == name).values(beat_at=db_now() - seconds))


def test_a_slot_says_what_it_is_and_holds(house: House) -> None:
    SlotStore(house.database).beat(FACTS, STATE)
    (worker,) = documents(house)
    assert worker.pop("last_beat_at") >= worker.pop("started_at")
    assert worker == {
        "id": "cpu-1",
        "queues": ["cpu"],
        "host": "host",
        "pid": 11,
        "device": "cpu",
        "device_name": "AMD EPYC",
        "threads": 2,
        "memory": {"used_mb": 120, "total_mb": 16_000, "budget_mb": None},
        "loaded_models": ["tone"],
        "alive": True,
        "draining": False,
        "step": None,
    }


def test_the_step_that_a_slot_runs_is_seen(house: House) -> None:
    store = SlotStore(house.database)
    for number in (1, 2, 3):
        store.beat(SlotFacts(f"cpu-{number}", ["cpu"], "host", number, "cpu", 1))
    claim = house.running("io", "cpu")
    house.store.complete_step(claim, [output()])
    second = house.claim(claim.work.job_id, 1, OTHER)
    house.store.heartbeat(second, 0.5)
    steps = [worker["step"] for worker in documents(house)]
    assert steps[0] is None
    assert steps[2] is None
    assert steps[1].pop("started_at") is not None
    assert steps[1] == {
        "job_id": claim.work.job_id,
        "name": "step-1",
        "number": 1,
        "model": "tone",
        "progress": 0.5,
    }
    house.store.complete_step(second, [output("second")])
    assert documents(house)[1]["step"] is None


def test_a_slot_that_is_gone_is_shown_for_an_hour_and_holds_nothing(house: House) -> None:
    store = SlotStore(house.database)
    store.beat(FACTS, STATE)
    age(house, "cpu-1", 11)
    (worker,) = documents(house)
    assert (worker["alive"], worker["loaded_models"]) == (False, [])
    age(house, "cpu-1", 3601)
    assert documents(house) == []
    with house.database.write() as connection:
        forget_slots(connection)
    store.leave("cpu-1")
    assert documents(house) == []


def test_a_slot_that_drains_lives_on_but_takes_no_work(house: House) -> None:
    store = SlotStore(house.database)
    store.beat(FACTS, STATE)
    store.leave("cpu-1")
    age(house, "cpu-1", 60)
    store.drain(FACTS, STATE)
    (worker,) = documents(house)
    assert (worker["alive"], worker["draining"]) == (True, True)
    with house.database.read() as connection:
        assert not live_slots(connection)


def test_a_slot_that_was_started_anew_is_not_taken_for_the_one_that_drains(house: House) -> None:
    store = SlotStore(house.database)
    store.beat(FACTS)
    before = documents(house)[0]["started_at"]
    store.beat(FACTS)
    assert documents(house)[0]["started_at"] == before

    store.leave("cpu-1")
    # In a container it has the pid and the host of the one before.
    store.beat(SlotFacts("cpu-1", ["cpu"], "host", 11, "cpu", 2, FACTS.started_at + 5), STATE)
    store.drain(FACTS, SlotState())
    (worker,) = documents(house)
    assert worker["started_at"] > before
    assert (worker["pid"], worker["draining"], worker["loaded_models"]) == (11, False, ["tone"])


def test_the_list_costs_as_much_however_many_jobs_there_are(house: House) -> None:
    """Counted in statements and, on SQLite, in steps of its machine."""
    SlotStore(house.database).beat(FACTS)
    house.running()
    few = effort(house)
    for _ in range(300):
        house.submit("cpu")
        house.store.complete_step(house.running(), [output()])
    many = effort(house)
    assert many[0] == few[0]
    assert many[1] <= few[1] * 1.5


def effort(house: House) -> tuple[int, int]:
    """Statements of a list, and tens of SQLite's steps; 0 steps on PostgreSQL."""
    statements: list[str] = []
    steps: list[None] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with house.database.read() as connection:
        if house.database.is_sqlite:
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: steps.append(None), 10)
        event.listen(house.database._reading, "before_cursor_execute", note)
        assert len(list_workers(connection)) == 1
        event.remove(house.database._reading, "before_cursor_execute", note)
        if house.database.is_sqlite:
            raw.set_progress_handler(None, 0)
    return len(statements), len(steps)
