"""Commands to slots: asked once, held by one, taken back from the lost, told for a day."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy import Row, update

from storage.commands import CommandStore, Pull, ask_for_pull, forget_commands, pulls
from storage.database import Database, db_now
from storage.tables_workers import commands

FAILED = {"code": "weights_unavailable", "detail": "away"}


def row_of(database: Database, model: str = "voice") -> Row[Any]:
    with database.read() as connection:
        return pulls(connection)[model]


def taken(database: Database, slot: str = "cpu-1") -> Pull:
    store = CommandStore(database)
    (due,) = store.due(["cpu"])
    pull = store.take(due.model, slot)
    assert pull is not None
    return pull


def let_lapse(database: Database) -> None:
    with database.write() as connection:
        connection.execute(update(commands).values(lease_until=db_now() - 1.0))


def test_asking_twice_asks_once_and_asking_after_the_end_asks_anew(database: Database) -> None:
    ask_for_pull(database, "voice", "cpu", 100)
    pull, store = taken(database), CommandStore(database)
    assert store.advance(pull, 40, 100)
    ask_for_pull(database, "voice", "cpu", 100)
    assert (row_of(database).status, row_of(database).bytes) == ("running", 40)
    assert store.end(pull, FAILED)
    assert (row_of(database).status, row_of(database).error) == ("failed", FAILED)

    ask_for_pull(database, "voice", "cpu", 120)
    again = row_of(database)
    assert (again.status, again.bytes, again.total_bytes, again.error) == ("queued", 0, 120, None)
    assert (again.finished_at, again.slot) == (None, None)
    assert store.end(taken(database))
    assert (row_of(database).status, row_of(database).bytes) == ("succeeded", 120)


def test_only_slots_of_the_queue_see_it(database: Database) -> None:
    ask_for_pull(database, "voice", "gpu-nvidia", 100)
    store = CommandStore(database)
    assert store.due(["cpu", "io"]) == []
    assert [due.model for due in store.due(["cpu", "gpu-nvidia"])] == ["voice"]


def test_of_many_slots_one_takes_it(database: Database) -> None:
    ask_for_pull(database, "voice", "cpu", 100)
    barrier = Barrier(4)

    def take(number: int) -> Pull | None:
        barrier.wait(10)
        return CommandStore(database).take("voice", f"cpu-{number}")

    with ThreadPoolExecutor(4) as threads:
        won = [pull for pull in threads.map(take, range(4)) if pull is not None]
    assert len(won) == 1
    assert CommandStore(database).due(["cpu"]) == []


def test_a_lease_that_lapses_gives_it_to_another_and_the_first_can_write_no_more(database: Database) -> None:
    ask_for_pull(database, "voice", "cpu", 100)
    first, store = taken(database), CommandStore(database)
    store.advance(first, 70, 100)
    let_lapse(database)
    second = taken(database, "cpu-2")
    assert not store.advance(first, 90, 100)
    assert not store.end(first)
    store.put_back(first)
    assert (row_of(database).status, row_of(database).slot, row_of(database).bytes) == ("running", "cpu-2", 0)
    assert store.end(second)


def test_what_costs_three_slots_is_given_up(database: Database) -> None:
    ask_for_pull(database, "voice", "cpu", 100)
    store = CommandStore(database)
    for _ in range(3):
        taken(database)
        let_lapse(database)
    assert [due.model for due in store.due(["cpu"])] == ["voice"]
    assert store.take("voice", "cpu-2") is None
    row = row_of(database)
    assert (row.status, row.error["code"], row.lease_until) == ("failed", "worker_lost", None)
    assert store.due(["cpu"]) == []


def test_what_is_put_back_is_due_at_once_and_costs_nothing(database: Database) -> None:
    ask_for_pull(database, "voice", "cpu", 100)
    store = CommandStore(database)
    for _ in range(5):
        store.put_back(taken(database))
    assert row_of(database).lost == 0
    assert store.end(taken(database))


def test_what_ended_is_told_for_a_day(database: Database) -> None:
    for model in ("old", "new", "open"):
        ask_for_pull(database, model, "cpu", 100)
    store = CommandStore(database)
    for model in ("old", "new"):
        pull = store.take(model, "cpu-1")
        assert pull is not None
        store.end(pull)
    with database.write() as connection:
        connection.execute(update(commands).where(commands.c.model == "old").values(finished_at=db_now() - 90_000))
        forget_commands(connection)
    with database.read() as connection:
        assert set(pulls(connection)) == {"new", "open"}
