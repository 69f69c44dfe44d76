"""Orders for many jobs: what they mean, that each job is done at most once, and what they wait for."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import select, update

from pipelines.bulk import BulkAction
from pipelines.errors import Conflict, InvalidRequest, NotFound
from storage import bulk, bulk_work
from storage.backlog import Room
from storage.bulk import BulkStore, Chosen, Count, forget_orders, read_filter, written_filter
from storage.bulk_work import Rooms, unfinished, work
from storage.database import db_now
from storage.filters import JobFilter, count_ids
from storage.slots import SlotFacts, SlotStore
from storage.submitting import Idempotency
from storage.tables import jobs
from storage.tables_bulk import bulk_orders
from storage.tables_workers import slots
from tests.storage.house import House, at_once, error_of, output
from tests.storage.machine.faults import AT_COMMIT, Died, dying

WIDE = Rooms(Room(1000, 1e9), Room(1000, 1e9))
ALL = JobFilter()


@pytest.fixture(autouse=True)
def served(house: House) -> None:
    """Somebody could run what is retried."""
    SlotStore(house.database).beat(SlotFacts("cpu-1", ["cpu", "io"], "host", 1, "cpu", 1))


def order(house: House, action: BulkAction, chosen: Chosen) -> str:
    """A new order's id."""
    store = BulkStore(house.database)
    row, replayed = store.order(action, chosen, store.count(action, chosen))
    assert not replayed
    return str(row.id)


def finish(house: House, order_id: str, rooms: Rooms = WIDE) -> tuple[int, int]:
    """Carries the order out; how many were done and skipped."""
    while work(house.database, order_id, rooms, lambda: True):
        continue
    row = BulkStore(house.database).get(order_id)
    assert row.finished_at is not None
    return row.done, row.skipped


def failed(house: House) -> str:
    """A job that failed."""
    claim = house.running()
    house.store.fail_step(claim, "permanent", error=error_of("permanent"))
    return claim.work.job_id


def succeeded(house: House) -> str:
    claim = house.running()
    house.store.complete_step(claim, [output(claim.work.job_id)])
    return claim.work.job_id


def statuses(house: House) -> Counter[str]:
    with house.database.read() as connection:
        return Counter(connection.scalars(select(jobs.c.status)))


def retries(house: House) -> Counter[str]:
    """How often each job was retried."""
    with house.database.read() as connection:
        return Counter(connection.scalars(select(jobs.c.retry_of).where(jobs.c.retry_of.is_not(None))))


# ------------------------------------------------------------------------------------------------------- counting


def test_a_count_says_what_is_meant_and_what_can_be_done(house: House) -> None:
    ended = [failed(house), succeeded(house)]
    waiting = [house.submit() for _ in range(3)]
    store = BulkStore(house.database)
    by = {
        action: store.count(action, Chosen(which=ALL))
        for action in (BulkAction.CANCEL, BulkAction.RETRY, BulkAction.DELETE)
    }
    assert {action: (count.matching, count.applicable) for action, count in by.items()} == {
        BulkAction.CANCEL: (5, 3),
        BulkAction.RETRY: (5, 1),
        BulkAction.DELETE: (5, 2),
    }
    assert all(count.exact for count in by.values())
    some = Chosen(which=JobFilter(statuses=("queued", "failed")))
    assert store.count(BulkAction.CANCEL, some) == Count(4, 3, exact=True)
    assert store.count(BulkAction.DELETE, Chosen(which=JobFilter(statuses=("queued",)))) == Count(3, 0, exact=True)
    named = Chosen(ids=(*ended, waiting[0], "job_nobody"))
    assert store.count(BulkAction.DELETE, named) == Count(3, 2, exact=True)


def test_counting_stops(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        house.submit(labels={"project": "demo", "name": f"demo-{number}"})
    with house.database.read() as connection:
        assert [count_ids(connection, ALL, most) for most in (1, 6, 9)] == [1, 6, 6]
        # Found by two labels each, and counted once.
        assert count_ids(connection, JobFilter(text="demo"), 9) == 6
        assert count_ids(connection, JobFilter(text="job_"), 9) == 6
        assert count_ids(connection, JobFilter(text="demo-3"), 9) == 1
        assert count_ids(connection, JobFilter(labels={"project": "demo"}, statuses=("failed",)), 9) == 0
    store = BulkStore(house.database)
    monkeypatch.setattr(bulk, "MOST_COUNTED", 5)
    assert store.count(BulkAction.CANCEL, Chosen(which=ALL)) == Count(5, 5, exact=False)
    monkeypatch.setattr(bulk, "MOST_COUNTED", 6)
    assert store.count(BulkAction.CANCEL, Chosen(which=ALL)) == Count(6, 6, exact=True)
    # What is not counted is meant all the same.
    monkeypatch.setattr(bulk, "MOST_COUNTED", 2)
    assert finish(house, order(house, BulkAction.CANCEL, Chosen(which=ALL))) == (6, 0)


def test_a_filter_can_be_written_and_read() -> None:
    which = JobFilter(("queued",), ("speech",), labels={"a": "b"}, created_after=5.0, text="x")
    assert read_filter(written_filter(which)) == which
    assert written_filter(ALL) == {}


# --------------------------------------------------------------------------------------------------- carrying out


def test_cancelling_all_that_match(house: House) -> None:
    kept = [house.submit(model="other"), failed(house)]
    waiting = [house.submit() for _ in range(3)]
    running = house.running()
    cancelled = house.submit()
    house.store.cancel(cancelled)
    order_id = order(house, BulkAction.CANCEL, Chosen(which=JobFilter(models=("tone",))))
    assert finish(house, order_id) == (4, 0)
    assert {house.row(job_id).status for job_id in waiting} == {"cancelled"}
    assert house.row(running.work.job_id).status == "cancelling"
    assert [house.row(job_id).status for job_id in kept] == ["queued", "failed"]
    row = BulkStore(house.database).get(order_id)
    # What the action does not apply to is not even looked at.
    assert (row.errors, row.place) == ([], 4)
    assert house.row(cancelled).status == "cancelled"
    assert all(house.history(job_id)[-1] == "job.cancelled" for job_id in waiting)


def test_a_retry_that_nobody_could_run_is_skipped(house: House) -> None:
    bad = failed(house)
    with house.database.write() as connection:
        connection.execute(update(slots).values(beat_at=db_now() - 1000))
    for chosen in (Chosen(which=ALL), Chosen(ids=(bad,))):
        order_id = order(house, BulkAction.RETRY, chosen)
        assert finish(house, order_id) == (0, 1)
        [error] = BulkStore(house.database).get(order_id).errors
        assert (error["job_id"], error["code"]) == (bad, "no_worker")
    assert not retries(house)


def test_deleting_by_ids_tells_what_could_not_be(house: House) -> None:
    gone, waiting = succeeded(house), house.submit()
    order_id = order(house, BulkAction.DELETE, Chosen(ids=("job_nobody", waiting, gone)))
    assert finish(house, order_id) == (1, 2)
    assert house.reader.get(gone) is None
    row = BulkStore(house.database).get(order_id)
    assert [(error["job_id"], error["code"]) for error in row.errors] == [
        ("job_nobody", "job_not_found"),
        (waiting, "not_finished"),
    ]
    assert row.errors[1]["detail"].endswith("Cancel it first.")
    assert row.matching == 2


def test_the_first_twenty_that_were_skipped_are_named(house: House) -> None:
    order_id = order(house, BulkAction.DELETE, Chosen(ids=tuple(f"job_{number}" for number in range(30))))
    assert finish(house, order_id) == (0, 30)
    assert [error["job_id"] for error in BulkStore(house.database).get(order_id).errors] == [
        f"job_{number}" for number in range(20)
    ]


def test_only_what_there_was_when_it_was_ordered(house: House) -> None:
    old = [failed(house) for _ in range(3)]
    order_id = order(house, BulkAction.RETRY, Chosen(which=ALL))
    late = failed(house)
    assert finish(house, order_id) == (3, 0)
    assert retries(house) == Counter(old)
    assert house.row(late).status == "failed"
    # The order's own retries fail, and it has not tried them again.
    assert statuses(house) == {"failed": 4, "queued": 3}


def test_what_has_gone_on_since_it_was_found_is_left(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_work, "page_ids", partial(_page_then_start, house))
    waiting = [house.submit() for _ in range(3)]
    order_id = order(house, BulkAction.CANCEL, Chosen(which=JobFilter(statuses=("queued",))))
    assert finish(house, order_id) == (2, 0)
    assert [house.row(job_id).status for job_id in waiting] == ["running", "cancelled", "cancelled"]


def _page_then_start(house: House, connection: object, which: JobFilter, page: object) -> list[str]:
    """The page; its last job begins to run before anybody looks at it."""
    from storage.filters import page_ids

    found = page_ids(connection, which, page)  # type: ignore[arg-type]  # handed through
    if found:
        house.publish(found[-1])
        house.claim(found[-1])
    return found


def test_portions_go_through_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_work, "PORTION", 3)
    for _ in range(10):
        house.submit()
    order_id = order(house, BulkAction.CANCEL, Chosen(which=ALL))
    turns = 0
    while work(house.database, order_id, WIDE, lambda: True):
        turns += 1
    assert (turns, statuses(house)) == (4, {"cancelled": 10})
    assert unfinished(house.database) == []


def test_it_stops_when_told(house: House) -> None:
    for _ in range(4):
        house.submit()
    order_id = order(house, BulkAction.CANCEL, Chosen(which=ALL))
    answers = iter([True, True, False])
    assert work(house.database, order_id, WIDE, lambda: next(answers))
    assert statuses(house) == {"queued": 2, "cancelled": 2}
    assert unfinished(house.database) == [order_id]
    assert finish(house, order_id) == (4, 0)


# ---------------------------------------------------------------------------------------------- at most once each


@pytest.mark.parametrize("by_ids", [True, False])
def test_whoever_dies_each_job_is_done_once(house: House, by_ids: bool) -> None:  # noqa: FBT001 - pytest's parameter
    """Killed at every commit in turn, so that each job's change is once undone with the order's move."""
    old = [failed(house) for _ in range(4)]
    chosen = Chosen(ids=tuple(old)) if by_ids else Chosen(which=ALL)
    order_id = order(house, BulkAction.RETRY, chosen)
    for done in range(4):
        with pytest.raises(Died), dying(house.database, AT_COMMIT):
            work(house.database, order_id, WIDE, lambda: True)
        assert sum(retries(house).values()) == done
        answers = iter([True, False])
        work(house.database, order_id, WIDE, lambda: next(answers))  # noqa: B023 - called at once
    assert finish(house, order_id) == (4, 0)
    assert retries(house) == Counter(old)


def test_two_who_carry_it_out_do_each_job_once(house: House) -> None:
    old = [failed(house) for _ in range(12)]
    order_id = order(house, BulkAction.RETRY, Chosen(which=ALL))

    def carry_out() -> None:
        while unfinished(house.database):
            work(house.database, order_id, WIDE, lambda: True)

    assert at_once(*[carry_out] * 3) == [None] * 3
    assert retries(house) == Counter(old)
    row = BulkStore(house.database).get(order_id)
    assert (row.done, row.skipped, row.place) == (12, 0, 12)


def test_a_job_that_nobody_can_change_does_not_hold_up_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, *good = [failed(house) for _ in range(3)]
    with house.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == bad).values(priority=77))
    order_id = order(house, BulkAction.RETRY, Chosen(which=ALL))
    assert finish(house, order_id) == (2, 1)
    assert retries(house) == Counter(good)
    [error] = BulkStore(house.database).get(order_id).errors
    assert (error["job_id"], error["code"]) == (bad, "internal_error")


# ------------------------------------------------------------------------------------------------------- no room


@pytest.mark.parametrize(
    ("rooms", "waits"),
    [
        (Rooms(Room(2, 1e9), Room(1000, 1e9)), "queue_full"),
        (Rooms(Room(1000, 1e9), Room(2, 1e9)), "submitter_full"),
        (Rooms(Room(1000, 2.5), Room(1000, 1e9)), "queue_full"),
        (Rooms(Room(1000, 1e9), Room(1000, 2.5)), "submitter_full"),
    ],
)
def test_retries_wait_for_room_and_none_is_lost(house: House, rooms: Rooms, waits: str) -> None:
    old = [failed(house) for _ in range(5)]
    order_id = order(house, BulkAction.RETRY, Chosen(which=ALL))
    store = BulkStore(house.database)
    made = 0
    while made < 5:
        assert not _until_it_waits(house, order_id, rooms) or made == 4
        row = store.get(order_id)
        made = row.done
        assert (row.skipped, row.waits) == (0, waits if made < 5 else None)
        waiting = _waiting(house)
        assert len(waiting) == (2 if made < 5 else 1)
        for job_id in waiting:
            house.store.cancel(job_id)
    assert finish(house, order_id, rooms) == (5, 0)
    assert retries(house) == Counter(old)


def _until_it_waits(house: House, order_id: str, rooms: Rooms) -> bool:
    """Whether it ended instead."""
    while work(house.database, order_id, rooms, lambda: True):
        continue
    return bool(BulkStore(house.database).get(order_id).finished_at)


def _waiting(house: House) -> list[str]:
    with house.database.read() as connection:
        return list(connection.scalars(select(jobs.c.id).where(jobs.c.phase == "waiting")))


# ----------------------------------------------------------------------------------------------------- the orders


def test_one_key_makes_one_order_though_all_come_at_once(house: House) -> None:
    store = BulkStore(house.database)
    count, used = Count(0, 0, exact=True), Idempotency("key", "what")
    make = partial(store.order, BulkAction.CANCEL, Chosen(which=ALL), count, used)
    made = at_once(*[make] * 4)
    assert len({answer[0].id for answer in made if isinstance(answer, tuple)}) == 1
    assert sorted(answer[1] for answer in made if isinstance(answer, tuple)) == [False, True, True, True]
    with pytest.raises(InvalidRequest):
        store.order(BulkAction.CANCEL, Chosen(which=ALL), count, Idempotency("key", "something else"))


def test_orders_under_way_have_a_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_ORDERS", 2)
    first, _ = (order(house, BulkAction.CANCEL, Chosen(which=ALL)) for _ in range(2))
    with pytest.raises(Conflict) as refused:
        order(house, BulkAction.CANCEL, Chosen(which=ALL))
    assert refused.value.code == "too_many_orders"
    finish(house, first)
    order(house, BulkAction.CANCEL, Chosen(which=ALL))


def test_a_finished_order_is_kept_for_a_day(house: House) -> None:
    done, under_way = (order(house, BulkAction.CANCEL, Chosen(which=ALL)) for _ in range(2))
    finish(house, done)
    for age, forgotten in ((bulk.KEPT_SECONDS - 60, 0), (bulk.KEPT_SECONDS + 60, 1)):
        with house.database.write() as connection:
            connection.execute(update(bulk_orders).where(bulk_orders.c.id == done).values(finished_at=db_now() - age))
            connection.execute(
                update(bulk_orders).where(bulk_orders.c.id == under_way).values(created_at=time.time() - 9 * age)
            )
        assert forget_orders(house.database) == forgotten
    with pytest.raises(NotFound):
        BulkStore(house.database).get(done)
    assert BulkStore(house.database).get(under_way).finished_at is None
