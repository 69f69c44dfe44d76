"""The roll-ups equal what a count over all jobs says, whatever happened, however it was numbered and folded in."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, update

from pipelines.ids import made_at, new_id
from pipelines.jobs import Phase
from pipelines.rollups import GRAINS, bucket_of
from storage import counting, dispatch
from storage.claims import Claim
from storage.counting import count_older, fill_queues, fold, forget, model_queue
from storage.database import Database, db_now
from storage.deadlines import expire_overdue
from storage.filters import JobFilter, Page, page_ids
from storage.leadership import leading
from storage.retention import delete_job
from storage.retrying import Retry
from storage.tables import events, jobs
from storage.tables_counts import count_corrections, count_state, job_counts, job_ends, step_counts
from tests.storage.house import House, error_of, output
from tests.storage.test_deleting import await_blocked, only_postgresql

Counts = Counter[tuple[Any, ...]]
QUEUES = (("cpu",), ("io", "cpu"), ("io", "gpu-nvidia"), ("cpu", "io"), ("io",))


def number(house: House, most: int = 1000) -> int:
    """What the dispatcher does; `most` events at once."""
    with leading(house.database, house.lead) as connection:
        # So many endpoints that only `most` events are taken.
        return dispatch.number_events(connection, 2000 // most)


def fold_all(house: House) -> None:
    more = True
    while more:
        with house.database.write() as connection:
            more = fold(connection)


def settle(house: House) -> None:
    """Everything is numbered and counted."""
    while number(house):
        pass
    more = True
    while more:
        with house.database.write() as connection:
            more = fill_queues(connection)
            more |= count_older(connection)
    fold_all(house)


def real(house: House, grain: int) -> Counts:
    """What a count over all jobs says."""
    of_queue = func.coalesce(jobs.c.model_queue, model_queue)
    with house.database.read() as connection:
        rows = connection.execute(select(jobs.c.id, jobs.c.kind, jobs.c.model, of_queue.label("q"), jobs.c.status))
        return Counter((bucket_of(made_at(row.id), grain), row.kind, row.model, row.q, row.status) for row in rows)


def counted(house: House, grain: int) -> Counts:
    """What the roll-ups say."""
    with house.database.read() as connection:
        rows = connection.execute(select(job_counts).where(job_counts.c.grain == grain)).all()
    return Counter({(row.at, row.kind, row.model, row.queue, row.status): row.jobs for row in rows if row.jobs})


def assert_exact(house: House) -> None:
    for grain in GRAINS:
        assert counted(house, grain) == real(house, grain), grain


class Life:
    """Random moves of jobs, each as those do it who make it."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.draw = random.Random(seed)
        self.claims: list[Claim] = []

    def move(self) -> None:
        moves: list[Callable[[], object]] = [
            *[self.submit] * 3,
            *[self.start] * 4,
            *[self.complete] * 3,
            self.fail,
            self.lose,
            self.cancel,
            self.stop,
            self.expire,
            self.retry,
            self.delete,
            lambda: number(self.house, self.draw.choice((1, 3, 1000))),
            lambda: fold_all(self.house),
        ]
        self.draw.choice(moves)()

    def submit(self) -> None:
        queues = self.draw.choice(QUEUES)
        kind, model = self.draw.choice((("speech", "tone"), ("vad", "silero")))
        self.house.submit(*queues, kind=kind, model=model)

    def start(self) -> None:
        job_id = self.one(Phase.WAITING, Phase.PUBLISHED)
        if job_id is None:
            return
        self.house.set(job_id, run_at=0.0)
        row = self.house.row(job_id)
        if row.phase == Phase.WAITING:
            self.house.publish(job_id)
        self.claims.append(self.house.claim(job_id, row.step_index))

    def complete(self) -> None:
        if (claim := self.claim()) is not None:
            self.house.store.complete_step(claim, [output(new_id("art"))])

    def fail(self) -> None:
        if (claim := self.claim()) is not None:
            self.house.store.fail_step(claim, self.draw.choice(("permanent", "transient")), error=error_of("permanent"))

    def lose(self) -> None:
        if (claim := self.claim()) is not None:
            self.house.store.lose_claim(claim.held, "lost", "gone")

    def cancel(self) -> None:
        if (job_id := self.one(Phase.WAITING, Phase.PUBLISHED, Phase.CLAIMED)) is not None:
            self.house.store.cancel(job_id)

    def stop(self) -> None:
        if (claim := self.claim()) is not None:
            self.house.store.stop_step(claim)

    def expire(self) -> None:
        if (job_id := self.one(Phase.WAITING, Phase.PUBLISHED, Phase.CLAIMED)) is not None:
            self.house.set(job_id, deadline_at=1.0)
            expire_overdue(self.house.database)

    def retry(self) -> None:
        job_id = self.one(Phase.ENDED)
        if job_id is not None and self.house.row(job_id).status != "succeeded":
            self.house.store.retry(Retry(new_id("job"), job_id))

    def delete(self) -> None:
        if (job_id := self.one(Phase.ENDED)) is not None:
            self.house.store.delete(job_id)

    def claim(self) -> Claim | None:
        self.draw.shuffle(self.claims)
        return self.claims.pop() if self.claims else None

    def one(self, *phases: Phase) -> str | None:
        with self.house.database.read() as connection:
            found = connection.scalars(select(jobs.c.id).where(jobs.c.phase.in_(phases)).order_by(jobs.c.id)).all()
        return self.draw.choice(found) if found else None


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_are_those_of_all_jobs(house: House, seed: int) -> None:
    life = Life(house, seed)
    for turn in range(250):
        life.move()
        if turn % 50 == 0:
            settle(house)
            assert_exact(house)
    settle(house)
    assert_exact(house)
    assert len({key[-1] for key in counted(house, 0)}) > 4


@contextmanager
def as_if_older(house: House) -> Iterator[None]:
    """What happens meanwhile happened before there were roll-ups: a portion of the events has positions."""
    yield
    number(house)
    with house.database.write() as connection:
        for table in (job_counts, job_ends, step_counts, count_corrections):
            connection.execute(delete(table))
        connection.execute(update(jobs).values(model_queue=None))
        last = connection.scalar(select(func.max(events.c.position))) or 0
        older = connection.scalar(select(func.max(jobs.c.id))) or ""
        connection.execute(update(count_state).values(position=last, counted_to="", older_to=older))


@pytest.mark.parametrize("seed", range(3))
def test_jobs_that_are_older_than_the_roll_ups_are_counted_in_portions(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With everything else going on between two portions, and whoever counts killed at any time."""
    monkeypatch.setattr(counting, "_older", counting._older.limit(3))
    monkeypatch.setattr(counting, "_lacking", counting._lacking.limit(3))
    monkeypatch.setattr(counting, "PORTION", 3)
    life = Life(house, seed)
    with as_if_older(house):
        for _ in range(150):
            life.move()
    for _ in range(200):
        life.move()
        if life.draw.random() < 0.3:
            number(house)
            fold_all(house)
        if life.draw.random() < 0.06:
            with house.database.write() as connection:
                fill_queues(connection)
                count_older(connection)
    settle(house)
    assert_exact(house)
    with house.database.read() as connection:
        assert connection.scalar(select(func.count()).where(jobs.c.model_queue.is_(None))) == 0
        for queue in ("cpu", "gpu-nvidia", "io"):
            ids = connection.scalars(select(jobs.c.id).where(jobs.c.model_queue == queue).order_by(jobs.c.id.desc()))
            assert page_ids(connection, JobFilter(queues=(queue,)), Page(500)) == list(ids)


def test_a_queue_is_filled_in_beside_who_works_on_the_job(house: House) -> None:
    """A portion waits for nobody, and leaves what it cannot have for the next round."""
    only_postgresql(house)
    job_ids = [house.submit("io", "cpu") for _ in range(3)]
    with house.database.write() as connection:
        connection.execute(update(jobs).values(model_queue=None))
    with house.database.write() as working:
        working.execute(select(jobs.c.id).where(jobs.c.id == job_ids[1]).with_for_update())
        with house.database.write() as connection:
            fill_queues(connection)
    assert [house.row(job_id).model_queue is None for job_id in job_ids] == [False, True, False]
    settle(house)
    assert house.row(job_ids[1]).model_queue == house.row(job_ids[0]).model_queue


def test_events_that_an_earlier_dispatcher_numbered_are_folded_in(house: House) -> None:
    """It gives positions and counts nothing; whoever leads next begins behind what was counted."""
    life = Life(house, 1)
    for _ in range(60):
        life.move()
    for _ in range(3):
        number(house)
    fold_all(house)
    assert_exact(house)


def test_a_delete_waits_for_a_fold_and_a_fold_for_a_delete(house: House) -> None:
    only_postgresql(house)
    doomed = []
    for _ in range(2):
        claim = house.running()
        house.store.complete_step(claim, [output(new_id("art"))])
        doomed.append(claim.work.job_id)
    number(house)
    other = Database(house.database.url)
    with ThreadPoolExecutor(1) as threads:
        with house.database.write() as folding:
            fold(folding)
            deleted = threads.submit(House(other).store.delete, doomed[0])
            await_blocked(house)
        deleted.result(10)
        with other.write() as deleting:
            delete_job(deleting, doomed[1])
            folded = threads.submit(fold_all, house)
            await_blocked(house)
        folded.result(10)
    other.close()
    fold_all(house)
    assert_exact(house)
    assert counted(house, 0) == Counter()


def test_many_deletes_at_once_wait_for_each_other_nowhere(house: House) -> None:
    only_postgresql(house)
    ids = []
    for _ in range(2):
        claim = house.running()
        house.store.complete_step(claim, [output(new_id("art"))])
        ids.append(claim.work.job_id)
    number(house)
    fold_all(house)
    other = Database(house.database.url)
    with house.database.write() as first, other.write() as second:
        delete_job(first, ids[0])
        delete_job(second, ids[1])
    other.close()
    fold_all(house)
    assert counted(house, 0) == Counter()


def test_what_is_old_is_forgotten_by_the_minute_and_kept_by_the_day(house: House) -> None:
    house.submit()
    settle(house)
    with house.database.write() as connection:
        now = connection.scalar(select(db_now())) or 0.0
        for days in (1, 3, 61):
            for grain in GRAINS:
                connection.execute(
                    job_counts.insert().values(
                        grain=grain,
                        at=bucket_of(now - days * 86400, grain) + (days if grain == 0 else 0),
                        kind="speech",
                        model="old",
                        queue="cpu",
                        status="failed",
                        jobs=1,
                    )
                )
        forget(connection)
        kept = connection.execute(
            select(job_counts.c.grain, func.count()).where(job_counts.c.model == "old").group_by(job_counts.c.grain)
        )
        assert {row[0]: row[1] for row in kept} == {60: 1, 3600: 2, 86400: 3, 0: 3}


def test_a_fold_costs_a_few_statements_however_many_events_there_are(house: House) -> None:
    statements: list[int] = []
    seen: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    for many in (2, 20):
        for _ in range(many):
            house.store.complete_step(house.running(), [output(new_id("art"))])
        number(house)
        seen.clear()
        fold_all(house)
        statements.append(len([one for one in seen if not one.startswith("PRAGMA")]))
    assert statements[0] == statements[1] <= 12
