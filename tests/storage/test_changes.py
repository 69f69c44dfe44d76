"""Waking those who wait (rule 8), and a database that goes away and comes back."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations import upgrade
from storage import dispatch, leadership
from storage.changes import Change, Changes, ChangeThread
from storage.database import Database, DatabaseUnavailable
from storage.jobs import JobStore
from storage.submitting import Submission
from storage.tables_workers import dispatcher
from tests.services.postgres import Databases, Postgres
from tests.storage.house import House


@pytest.fixture
def changes(house: House) -> Iterator[Changes]:
    listener = Changes(house.database.url)
    first = listener.wait(1.0)
    assert first is not None
    assert first.everything, "who begins to listen may have missed something"
    yield listener
    listener.close()


class Submitting(threading.Thread):
    """Submits while the test's own thread waits, and notes when that was done."""

    def __init__(self, house: House, submission: Submission) -> None:
        super().__init__()
        self._house, self._submission = house, submission
        self.done = 0.0

    def run(self) -> None:
        self._house.store.submit(self._submission)
        self.done = time.monotonic()


def test_a_commit_wakes_whoever_waits(house: House, changes: Changes) -> None:
    woken: list[float] = []
    for _ in range(5):
        submission = house.submission()
        thread = Submitting(house, submission)
        thread.start()
        change = changes.wait(5.0)
        heard = time.monotonic()
        thread.join()
        assert change is not None
        assert change.jobs == {submission.id}
        woken.append(heard - thread.done)
    # The best of five, so that a busy machine does not fail the test; 0.1 s is a hundred times what it takes.
    assert min(woken) < 0.1, woken


def test_nothing_committed_is_nothing_heard(changes: Changes) -> None:
    begun = time.monotonic()
    assert changes.wait(0.2) is None
    assert 0.15 < time.monotonic() - begun < 15.0


def test_every_job_that_changed_is_named(house: House, changes: Changes) -> None:
    wanted = {house.submit() for _ in range(3)}
    heard: set[str] = set()
    while heard < wanted:
        change = changes.wait(5.0)
        assert change is not None
        heard |= change.jobs
    assert heard == wanted


def test_numbering_events_wakes_too(house: House, changes: Changes) -> None:
    job_id = house.submit()
    change = changes.wait(5.0)
    while change is not None and job_id not in change.jobs:
        change = changes.wait(5.0)
    assert change is not None
    with leadership.leading(house.database, house.lead) as connection:
        assert dispatch.number_events(connection) == 1
    assert changes.wait(5.0) == Change(frozenset(), positions=True)


def test_one_thread_hears_for_the_whole_process(house: House) -> None:
    heard: list[Change | None] = []
    event = threading.Event()

    def tell(change: Change | None) -> None:
        heard.append(change)
        event.set()

    listening = ChangeThread(house.database.url, tell)
    listening.start()
    assert event.wait(5)
    event.clear()
    job_id = house.submit()
    assert event.wait(5)
    listening.stop()
    assert any(change is not None and job_id in change.jobs for change in heard)


@pytest.fixture
def server() -> Iterator[Postgres]:
    made = Postgres()
    made.start()
    yield made
    made.destroy()


@pytest.mark.database
@pytest.mark.services
@pytest.mark.chaos
def test_postgresql_goes_away_and_comes_back(server: Postgres) -> None:
    url = server.databases.fresh()
    upgrade(url)
    database = Database(url)
    house, listener = House(database), Changes(url)
    kept = house.running("cpu", "io")
    assert listener.wait(1.0) is not None
    server.kill()
    lost = house.submission()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable) as refused:
            house.store.submit(lost)
        assert (refused.value.status, refused.value.code) == (503, "database_unavailable")
    with pytest.raises(DatabaseUnavailable):
        house.reader.get(kept.work.job_id)
    assert listener.wait(0.1) is None
    server.start()
    assert house.row(kept.work.job_id).phase == "claimed", "what was committed is there"
    assert house.reader.get(lost.id) is None, "what was refused is not"
    change = None
    while change is None:
        change = listener.wait(1.0)
    assert change.everything, "who was away may have missed something"
    assert house.store.submit(lost).id == lost.id
    listener.close()
    database.close()


def freeze_while_leading(house: House) -> None:
    with leadership.leading(house.database, house.lead) as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "10s"
        # The rest of the time is not waited for here.
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = '200ms'")
        assert leadership.take_lead(house.database, "second") is not None


@pytest.mark.database
@pytest.mark.services
def test_a_leader_that_freezes_in_a_transaction_loses_the_lead(postgres: Databases) -> None:
    url = postgres.fresh(postgres.template("migrated", upgrade))
    database = Database(url)
    house = House(database)
    with database.write() as connection:
        connection.execute(dispatcher.update().values(until=0.0))
    with pytest.raises(DatabaseUnavailable):
        freeze_while_leading(house)
    database.close()
    postgres.drop(url)


def test_a_locked_sqlite_file_is_unavailable_and_then_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database._LOCK_PATIENCE_SECONDS", 0.2)
    url = f"sqlite:///{tmp_path / 'harmony.db'}"
    upgrade(url)
    database = Database(url)
    house = House(database)
    submission = house.submission()
    other = Database(url)
    with other.write(), pytest.raises(DatabaseUnavailable):
        JobStore(database).submit(submission)
    assert house.store.submit(submission).id == submission.id
    other.close()
    database.close()
