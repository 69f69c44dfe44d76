"""Fair shares in rows: groups found by jumps in the index, in turns if there are many, and places in the queue."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event, update

from pipelines.jobs import Priority
from storage import submitting
from storage.admission import Admission, load
from storage.database import Database, db_now
from storage.filters import JobFilter
from storage.tables import jobs
from tests.storage.house import House, error_of, output

WINDOWS = {"io": 4, "cpu": 4}


def flood(house: House, count: int, *queues: str, **more: Any) -> list[str]:
    submissions = [house.submission(*queues, **more) for _ in range(count)]
    with house.database.write() as connection:
        for submission in submissions:
            submitting.submit(connection, submission)
    return [submission.id for submission in submissions]


def turn(house: House, admission: Admission, **windows: int) -> list[str]:
    """One turn of the dispatcher: picked and published."""
    with house.database.read() as connection:
        picked = admission.pick(connection, windows or WINDOWS, dict.fromkeys(windows or WINDOWS, 1))
    house.publish(*picked)
    return picked


def finish(house: House, *job_ids: str) -> None:
    for job_id in job_ids:
        house.store.complete_step(house.claim(job_id), [output(job_id)])


def test_a_single_job_goes_before_the_next_of_a_flood(house: House) -> None:
    many, admission = flood(house, 50, submitter="a"), Admission({}, 60.0)
    assert turn(house, admission) == many[:4]
    single = house.submit(submitter="b")
    finish(house, *many[:4])
    assert turn(house, admission) == [single, *many[4:7]]


def test_shares_follow_weights_and_costs(house: House) -> None:
    for name in ("heavy", "light", "dear"):
        flood(house, 40, submitter=name)
    with house.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.submitter == "dear").values(cost=2.0))
    picked = turn(house, Admission({"heavy": 3.0}, 60.0), cpu=36)
    owners = Counter(house.row(job_id).submitter for job_id in picked)
    assert owners == {"heavy": 24, "light": 8, "dear": 4}


def test_jobs_that_are_not_due_are_passed_over(house: House) -> None:
    late, due = flood(house, 3, submitter="a"), flood(house, 3, submitter="a")
    other = flood(house, 2, submitter="b")
    for job_id in (*late, *other):
        house.set(job_id, run_at=db_now() + 60.0)
    house.set(due[2], run_at=db_now() - 9.0)
    assert turn(house, Admission({}, 60.0), cpu=9) == [due[2], due[0], due[1]]


def test_what_waits_for_long_gets_its_eighth_place(house: House) -> None:
    low = flood(house, 3, priority=Priority.LOW)
    high = flood(house, 30, priority=Priority.HIGH)
    admission = Admission({}, 60.0)
    assert turn(house, admission, cpu=10) == high[:10]
    for job_id in low:
        house.set(job_id, run_at=db_now() - 61.0)
    finish(house, *high[:10])
    assert turn(house, admission, cpu=18) == [*high[10:17], low[0], *high[17:24], low[1], *high[24:26]]
    assert admission.out_of_turn == set(low[:2])
    finish(house, *low[:2])
    turn(house, admission, cpu=18)
    assert admission.out_of_turn == set()


def test_more_submitters_than_a_turn_looks_at_are_all_served(house: House) -> None:
    names = [f"s{number:02}" for number in range(10)]
    for name in names:
        flood(house, 4, submitter=name)
    admission, served = Admission({}, 60.0, most_submitters=3), Counter[str]()
    for number in range(20):
        picked = turn(house, admission, cpu=1)
        assert len(picked) == 1
        served[house.row(picked[0]).submitter] += 1
        finish(house, *picked)
        if number == 9:
            assert len(served) >= 8, "nearly a round"
    assert set(served) == set(names)
    assert max(served.values()) <= 3


@pytest.mark.parametrize("after", [1, 2])
def test_the_round_goes_on_when_submitters_go_away(house: House, after: int) -> None:
    for number in range(5):
        flood(house, 3, submitter=f"s{number}")
    admission = Admission({}, 60.0, most_submitters=2)
    for _ in range(after):
        turn(house, admission, cpu=99)
    left = set(waiting_ids(house))
    seen = set[str]()
    for _ in range(6):
        seen.update(turn(house, admission, cpu=99))
    assert seen == left


def waiting_ids(house: House) -> list[str]:
    with house.database.read() as connection:
        return list(connection.scalars(jobs.select().with_only_columns(jobs.c.id).where(jobs.c.phase == "waiting")))


def test_deferrable_jobs_wait_until_nothing_else_is_due(house: House) -> None:
    deferred = flood(house, 3, priority=Priority.DEFERRABLE)
    normal = flood(house, 5)
    admission = Admission({}, 0.0)
    assert turn(house, admission, cpu=4) == normal[:4]
    finish(house, *normal[:4])
    assert turn(house, admission, cpu=4) == normal[4:]
    finish(house, *normal[4:])
    assert turn(house, admission, cpu=4) == deferred[:1]
    assert turn(house, admission, cpu=4) == [], "one for each slot"
    # It is at hand, but takes nobody's place.
    urgent = flood(house, 5)
    assert turn(house, admission, cpu=4) == urgent[:4]


def test_a_deferrable_job_that_was_put_back_stays_deferrable(house: House) -> None:
    claim = house.running(priority=Priority.DEFERRABLE)
    house.store.fail_step(claim, "transient", error=error_of("transient"))
    house.set(claim.work.job_id, run_at=db_now() - 1.0)
    low = house.submit(priority=Priority.LOW)
    admission = Admission({}, 60.0)
    assert turn(house, admission, cpu=2) == [low]
    finish(house, low)
    flood(house, 1, priority=Priority.DEFERRABLE)
    assert turn(house, admission, cpu=2) == [claim.work.job_id]


def test_how_full_queues_are(house: House) -> None:
    house.running("cpu")
    flood_ids = [*flood(house, 2, "io"), *flood(house, 1, "io", priority=Priority.DEFERRABLE)]
    house.publish(*flood_ids)
    with house.database.read() as connection:
        now = load(connection)
    assert (now.backlog, now.claimed, now.deferred) == ({"io": 2}, {"cpu": 1}, {"io": 1})


def test_a_turn_reads_as_much_however_many_jobs_wait(house: House) -> None:
    """Counted in statements and, on SQLite, in steps of its machine; times say little on a busy computer."""
    admission = Admission({}, 60.0)
    flood(house, 20, "io", "cpu", submitter="a")
    few = effort(house, admission)
    flood(house, 3000, "io", "cpu", submitter="a")
    # Put back by an outage, and not due for an hour.
    flood(house, 3000, "io", "cpu", submitter="b")
    with house.database.write() as connection:
        connection.execute(
            update(jobs).where(jobs.c.submitter == "b").values(run_at=db_now() + 3600.0, rank=jobs.c.priority - 10)
        )
    many = effort(house, admission)
    assert many[0] <= few[0] + 2, "one line more"
    assert many[1] <= few[1] * 3


def effort(house: House, admission: Admission) -> tuple[int, int]:
    """Statements of a turn, and hundreds of SQLite's steps; 0 steps on PostgreSQL."""
    statements: list[str] = []
    steps: list[None] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(house.database._reading, "before_cursor_execute", note)
    with house.database.read() as connection:
        raw = connection.connection.driver_connection
        if house.database.is_sqlite and raw is not None:
            raw.set_progress_handler(lambda: steps.append(None), 100)
        admission.pick(connection, WINDOWS, {"io": 1, "cpu": 1})
        if house.database.is_sqlite and raw is not None:
            raw.set_progress_handler(None, 0)
    event.remove(house.database._reading, "before_cursor_execute", note)
    return len(set(statements)), len(steps)


def place(house: House, job_id: str) -> int | str | None:
    rows = house.reader.get(job_id)
    assert rows is not None
    return rows.queue_position


def test_a_place_counts_what_the_fair_order_puts_ahead(house: House) -> None:
    many = flood(house, 30, submitter="a")
    first, second = house.submit(submitter="b"), house.submit(submitter="b")
    few = house.submit(submitter="c")
    # Of each other submitter at most one more than of its own.
    assert [place(house, job_id) for job_id in (first, second, few, many[0], many[9])] == [3, 5, 3, 3, 13]
    flood(house, 2, submitter="d", priority=Priority.HIGH)
    begun = house.running(submitter="d")
    house.store.fail_step(begun, "transient", error=error_of("transient"))
    # What is not due yet is not ahead.
    assert place(house, first) == 5
    assert place(house, begun.work.job_id) == 1
    house.set(begun.work.job_id, run_at=db_now() - 1.0)
    assert place(house, first) == 6
    assert place(house, house.submit(submitter="z", priority=Priority.DEFERRABLE)) == 37


def test_far_places_are_the_same_alone_and_in_a_list(house: House) -> None:
    flood(house, 1000, submitter="a")
    names = [f"s{number}" for number in range(998)]
    with house.database.write() as connection:
        for name in names:
            submitting.submit(connection, house.submission(submitter=name))
    last = house.submit(submitter="z")
    assert place(house, last) == 1000
    over = house.submit(submitter="z")
    assert place(house, over) == "1000+"
    house.submit(submitter="y")
    assert place(house, last) == "1000+"
    page = house.reader.page(JobFilter(), limit=3, after=None, before=None)
    assert [rows.queue_position for rows in page] == ["1000+"] * 3


def test_the_dispatchers_plans_hold_when_a_flood_comes(database: Database) -> None:
    """PostgreSQL plans a statement while nothing waits; those plans must not read all that waits later."""
    if database.is_sqlite:
        pytest.skip("SQLite plans by the shape of the statement alone")
    planned = Database(database.url, pool_size=1, by_index=True)
    house = House(database)
    house.submit()
    admission = Admission({}, 60.0)
    with planned.read() as connection:
        for _ in range(12):
            admission.pick(connection, {"cpu": 4}, {"cpu": 1})
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("SET plan_cache_mode = force_generic_plan")
        kept = raw.execute("SELECT name, statement FROM pg_prepared_statements").fetchall()
        walks = [name for name, statement in kept if "walk" in statement]
        assert len(walks) == 2
        values = {0: "9", 1: "'cpu', 1, '', 9"}
        lines, heads = sorted(walks)
        plans = [
            raw.execute(f"EXPLAIN EXECUTE {lines}({values[0]})"),
            raw.execute(f"EXPLAIN EXECUTE {heads}({values[1]})"),
        ]
        told = "\n".join(row[0] for plan in plans for row in plan.fetchall())
    planned.close()
    assert "Index Only Scan using ix_jobs_waiting" in told
    for way in ("Seq Scan", "Bitmap", "Hash Join", "Merge Join"):
        assert way not in told, told
