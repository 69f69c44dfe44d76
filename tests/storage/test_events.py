"""Invariant 3: state and event commit together. And the order of all events, given after the commit."""

import threading
from typing import Self

from storage import dispatch, leadership
from storage.database import Database
from storage.queries import JobReader
from storage.submitting import submit
from tests.storage.house import OTHER, House, error_of, output

#: The event that must be there whenever a job is seen with this status.
TOLD_BY = {
    "queued": "job.queued",
    "running": "job.started",
    "cancelling": "job.cancelling",
    "succeeded": "job.succeeded",
    "failed": "job.failed",
    "cancelled": "job.cancelled",
}


class Watcher:
    """Polls one job from a thread, as a client would, and notes whatever does not fit together."""

    def __init__(self, url: str, job_id: str) -> None:
        self.seen: set[str] = set()
        self.wrong: list[str] = []
        self._url, self._job_id = url, job_id
        self._stop = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._begun.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        database = Database(self._url)
        reader = JobReader(database)
        while not self._stop.is_set():
            self._look(reader)
            self._begun.set()
        self._look(reader)
        database.close()

    def _look(self, reader: JobReader) -> None:
        version = reader.version(self._job_id)
        if version is None:
            return
        seq, status = version
        events = reader.events(self._job_id, 0)
        numbers = [event.seq for event in events]
        if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < seq:
            self.wrong.append(f"{status} at {seq}: events {numbers}")
        # Events may be newer than the status, which was read before them; never the other way round.
        if TOLD_BY[status] not in [event.type for event in events[:seq]]:
            self.wrong.append(f"{status} without its event")
        self.seen.add(status)


def test_no_status_is_seen_without_its_event(house: House) -> None:
    submission = house.submission("cpu", "io")
    job_id = submission.id
    with Watcher(house.database.url, job_id) as watcher:
        house.store.submit(submission)
        house.publish(job_id)
        for _ in range(5):
            house.store.fail_step(house.claim(job_id), "transient", error=error_of("transient"))
            house.publish(job_id)
        house.store.complete_step(house.claim(job_id), [output()])
        claim = house.claim(job_id, 1)
        for tenth in range(10):
            house.store.heartbeat(claim, tenth / 10)
        house.store.cancel(job_id)
        house.store.stop_step(claim)
    assert watcher.wrong == []
    assert "cancelled" in watcher.seen


def test_seq_has_no_gap_when_many_write(house: House) -> None:
    """Beats and ends of one job from several threads: the row lock orders them."""
    claim = house.running()
    threads = [threading.Thread(target=house.store.heartbeat, args=(claim, 0.05 * number)) for number in range(1, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.store.complete_step(claim, [output()])
    assert house.history(claim.work.job_id)[-1] == "job.succeeded"


def number(house: House) -> int:
    with leadership.leading(house.database, house.lead) as connection:
        return dispatch.number_events(connection)


def test_positions_go_up_and_follow_each_job(house: House) -> None:
    jobs = [house.running("cpu", "io"), house.running("cpu", "io", child=OTHER)]
    with house.database.read() as connection:
        assert dispatch.to_do(connection).events
    assert number(house) == 6
    first = house.reader.last_position()
    for claim in reversed(jobs):
        house.store.complete_step(claim, [output()])
    assert house.reader.all_events(first) == [], "what has no position yet is not shown"
    assert number(house) == 2
    assert number(house) == 0
    with house.database.read() as connection:
        assert not dispatch.to_do(connection).events
    events = house.reader.all_events(0)
    assert [event.position for event in events] == list(range(1, 9))
    for claim in jobs:
        mine = [event.seq for event in events if event.job_id == claim.work.job_id]
        assert mine == sorted(mine)
    assert [event.position for event in house.reader.all_events(6)] == [7, 8]


def test_an_event_that_commits_late_comes_behind_what_was_numbered(house: House) -> None:
    """Whoever resumes by position never misses an event of a transaction that began early and committed late."""
    if house.database.is_sqlite:
        # One writer at a time: the case cannot arise there.
        early = house.submit()
        number(house)
        late = house.submit()
        number(house)
    else:
        late_one = house.submission()
        with house.database.write() as connection:
            submit(connection, late_one)
            early = house.submit()
            assert number(house) == 1
        number(house)
        late = late_one.id
    assert [event.job_id for event in house.reader.all_events(0)] == [early, late]
    assert [event.job_id for event in house.reader.all_events(1)] == [late]
