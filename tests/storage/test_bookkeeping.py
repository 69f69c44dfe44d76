"""The thread that keeps the roll-ups: portion by portion, only while its dispatcher leads, and back after an outage."""

import logging
import threading
from pathlib import Path

import pytest

from storage.counting import Behind, behind
from storage.database import Database
from storage.filters import JobFilter, Page, page_ids
from storage.settings import StorageSettings
from tests.storage.house import House
from tests.storage.test_counting import Life, as_if_older, assert_exact, number
from workers.bookkeeper import Bookkeeper


def bookkeeper(house: House, *, leads: bool = True) -> Bookkeeper:
    return Bookkeeper(StorageSettings(database_url=house.database.url), lambda: leads)


def test_portion_by_portion_everything_is_counted(house: House) -> None:
    life = Life(house, 5)
    with as_if_older(house):
        for _ in range(80):
            life.move()
    for _ in range(80):
        life.move()
    while number(house):
        pass
    keeper = bookkeeper(house)
    while keeper.keep(house.database):
        pass
    assert_exact(house)
    with house.database.read() as connection:
        assert behind(connection) == Behind(events=False, older=False, queues=False)


def test_a_job_of_earlier_code_beside_this_gets_its_queue_and_is_found_by_it(house: House) -> None:
    """During a rolling upgrade it makes jobs without the column, after the roll-ups have begun."""
    old, new = house.submit("cpu"), house.submit("cpu")
    house.set(old, model_queue=None)
    number(house)
    keeper = bookkeeper(house)
    with house.database.read() as connection:
        assert behind(connection).queues
    keeper.keep(house.database)
    with house.database.read() as connection:
        assert page_ids(connection, JobFilter(queues=("cpu",)), Page(10)) == [new, old]
        assert behind(connection) == Behind(events=False, older=False, queues=False)
    assert_exact(house)


def test_the_thread_counts_while_its_dispatcher_leads(house: House) -> None:
    house.submit()
    number(house)
    asked = threading.Event()

    def leads() -> bool:
        # By the second time it has had a round.
        if asked.is_set():
            done.set()
        asked.set()
        return True

    done = threading.Event()
    keeper = Bookkeeper(StorageSettings(database_url=house.database.url), leads)
    keeper.start()
    assert done.wait(20)
    keeper.stop()
    assert_exact(house)


def test_an_outage_is_said_once_and_so_is_its_end(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = bookkeeper(house)
    away = Database(f"sqlite:///{tmp_path / 'nowhere' / 'harmony.db'}")
    with caplog.at_level(logging.INFO):
        for database in (away, away, house.database, house.database):
            keeper._try(database)
    away.close()
    assert [record.message.split()[0] for record in caplog.records] == ["counting_waits", "counting_again"]
