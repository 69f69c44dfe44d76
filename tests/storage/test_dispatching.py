"""What the dispatcher reads in rows: whom to publish, whom again, and under which lead (rules 2 to 4)."""

import time

import pytest
from sqlalchemy import event, select

from pipelines.jobs import Priority
from storage import backlog, dispatch, leadership
from storage.admission import Admission, Line, waiting_lines
from storage.database import Database, db_now
from storage.leadership import LEAD_SECONDS, NotLeading
from storage.tables_workers import dispatcher
from tests.storage.house import OTHER, House, at_once, error_of, output


def picked(house: House, **windows: int) -> list[str]:
    with house.database.read() as connection:
        return Admission({}, 60.0).pick(connection, windows, windows)


def test_urgent_jobs_go_first_then_the_older(house: House) -> None:
    low, normal, later, high = (
        house.submit(priority=priority) for priority in (Priority.LOW, Priority.NORMAL, Priority.NORMAL, Priority.HIGH)
    )
    assert picked(house, cpu=9) == [high, normal, later, low]
    assert picked(house, cpu=2) == [high, normal]


def test_a_job_that_has_begun_goes_before_every_new_one(house: House) -> None:
    begun = house.running(priority=Priority.LOW)
    house.store.lose_claim(begun.held, "lost", "gone")
    high = house.submit(priority=Priority.HIGH)
    assert picked(house, cpu=9) == [begun.work.job_id, high]


def test_a_retry_waits_for_its_time(house: House) -> None:
    claim = house.running()
    house.store.fail_step(claim, "transient", error=error_of("transient"))
    house.set(claim.work.job_id, run_at=db_now() + 60.0)
    new = house.submit()
    assert picked(house, cpu=9) == [new]
    house.set(claim.work.job_id, run_at=db_now() - 0.001)
    assert picked(house, cpu=9) == [claim.work.job_id, new]


def test_what_is_in_flight_takes_room(house: House) -> None:
    house.running()
    house.publish(house.submit())
    waiting = [house.submit() for _ in range(3)]
    assert picked(house, cpu=2) == []
    assert picked(house, cpu=4) == waiting[:2]


def test_a_backlog_further_on_holds_new_jobs_back(house: House) -> None:
    """Rule 3: new transcriptions wait while `cpu` has its window full of decoded ones."""
    for _ in range(2):
        claim = house.running("io", "cpu")
        house.store.complete_step(claim, [output()])
    chained, direct, short = house.submit("io", "cpu"), house.submit("cpu"), house.submit("io")
    assert picked(house, io=4, cpu=2) == [short]
    assert picked(house, io=4, cpu=3) == [chained, direct, short]
    # A route's own first queue is bounded by what stands there.
    assert picked(house, io=1, cpu=3) == [chained, direct]


def test_time_that_passes_while_it_reads_makes_no_job_the_older_one(house: House) -> None:
    """One moment counts for a whole turn: `io` is read after `cpu`, by more than lies between the two jobs."""
    older, newer = house.submit("cpu"), house.submit("io")
    house.set(newer, run_at=house.row(older).run_at + 0.001)

    def take_time(*_: object) -> None:
        end = time.monotonic() + 0.005
        while time.monotonic() < end:
            pass

    event.listen(house.database._reading, "before_cursor_execute", take_time)
    try:
        assert picked(house, cpu=1, io=1) == [older, newer]
    finally:
        event.remove(house.database._reading, "before_cursor_execute", take_time)


def test_queues_without_slots_get_nothing(house: House) -> None:
    house.submit("gpu-nvidia")
    house.submit("io", "gpu-nvidia")
    mine = house.submit("io")
    assert picked(house, io=4) == [mine]


def test_each_route_and_rank_is_found_once(house: House) -> None:
    for queues in (("io", "cpu"), ("cpu",), ("io", "cpu"), ("cpu", "io")):
        house.submit(*queues)
    with house.database.read() as connection:
        assert waiting_lines(connection) == [Line("cpu", 1), Line("cpu>io", 1), Line("io>cpu", 1)]
        assert backlog.waiting_of_all(connection).jobs == 4


def test_publishing_numbers_the_chain(house: House) -> None:
    job_id = house.submit("cpu", "io", priority=Priority.HIGH)
    (chain,) = house.publish(job_id)
    assert (chain.job_id, chain.publication, chain.priority) == (job_id, 1, 0)
    assert [(link.index, link.queue) for link in chain.links] == [(0, "cpu"), (1, "io")]
    assert house.publish(job_id) == [], "it is published"
    house.store.complete_step(house.claim(job_id), [output()])
    with leadership.leading(house.database, house.lead) as connection:
        (again,) = dispatch.republish(connection, [job_id])
    assert again.publication == 2
    assert [(link.index, link.queue) for link in again.links] == [(1, "io")]
    assert house.row(job_id).republished == 1


def test_messages_that_may_not_wait_behind_better_ones_are_urgent(house: House) -> None:
    """A place of its own in the rows would be worth nothing to a job that ever new messages pass in the broker."""
    low, late, deferrable = (
        house.submit(priority=priority) for priority in (Priority.LOW, Priority.LOW, Priority.DEFERRABLE)
    )
    with leadership.leading(house.database, house.lead) as connection:
        chains = dispatch.publish(connection, [low, late, deferrable], {late})
        assert [chain.priority for chain in chains] == [Priority.LOW, Priority.HIGH, Priority.DEFERRABLE]
        again = dispatch.republish(connection, [low, deferrable])
        assert [chain.priority for chain in again] == [Priority.HIGH, Priority.DEFERRABLE]


def test_only_published_jobs_are_published_again(house: House) -> None:
    waiting, claimed = house.submit(), house.running()
    with leadership.leading(house.database, house.lead) as connection:
        assert dispatch.republish(connection, [waiting, claimed.work.job_id]) == []


def test_what_could_not_be_sent_waits_again(house: House) -> None:
    chains = house.publish(house.submit(), house.submit(), house.submit())
    claimed, stopped, unsent = (chain.job_id for chain in chains)
    house.claim(claimed)
    house.store.cancel(stopped)
    with leadership.leading(house.database, house.lead) as connection:
        dispatch.unpublish(connection, chains)
    assert [house.row(job_id).phase for job_id in (claimed, stopped, unsent)] == ["claimed", "ended", "waiting"]
    (chain,) = house.publish(unsent)
    assert chain.publication == 2
    assert house.message(unsent, 0, 1) is False, "the message that was given up came after all"


def test_published_steps_that_nobody_takes_are_due(house: House) -> None:
    old, new, moved = house.submit(), house.submit(), house.running("cpu", "io")
    house.publish(old, new)
    house.store.complete_step(moved, [output()])
    house.set(old, published_at=db_now() - 3.0, ready_at=db_now() - 3.0)
    # However slow this machine is, it was published just now.
    house.set(new, published_at=db_now() + 60.0, ready_at=db_now() + 60.0)
    # Its last message is old, but its predecessor ended just now.
    house.set(moved.work.job_id, published_at=db_now() - 60.0)
    with house.database.read() as connection:
        (due,) = dispatch.unclaimed(connection)
    assert (due.job_id, due.queue, due.republished) == (old, "cpu", 0)
    assert 3.0 <= due.age < 10.0


def test_when_the_broker_comes_back_the_count_starts_anew(house: House) -> None:
    job_id = house.submit()
    house.publish(job_id)
    with leadership.leading(house.database, house.lead) as connection:
        dispatch.republish(connection, [job_id])
        dispatch.forget_republications(connection)
    assert house.row(job_id).republished == 0


def test_recent_runs_tell_how_long_steps_take(house: House) -> None:
    for child in (None, OTHER):
        claim = house.running(child=child or OTHER)
        house.store.complete_step(claim, [output()])
    house.store.fail_step(house.running(), "permanent", error=error_of("permanent"))
    with house.database.read() as connection:
        runs = dispatch.recent_runs(connection, 0)
        assert [queue for _, queue, _ in runs] == ["cpu", "cpu"]
        assert all(0.0 <= seconds < 10.0 for *_, seconds in runs)
        assert dispatch.recent_runs(connection, runs[0][0]) == []


def test_one_leads_and_another_stands_by(house: House) -> None:
    assert leadership.take_lead(house.database, "second") is None
    again = leadership.take_lead(house.database, "house")
    assert again is not None
    assert again.fence == house.lead.fence + 1
    leadership.give_up_lead(house.database, again)
    second = leadership.take_lead(house.database, "second")
    assert second is not None
    assert second.fence > again.fence


def test_two_take_the_lead_at_once_and_one_gets_it(database: Database) -> None:
    leads = at_once(
        lambda: leadership.take_lead(database, "a"),
        lambda: leadership.take_lead(database, "b"),
    )
    assert sum(lead is not None for lead in leads) == 1, leads


def lose_the_lead(house: House) -> None:
    """The former leader was frozen for longer than its lease, and another took over."""
    with house.database.write() as connection:
        until = connection.scalar(select(dispatcher.c.until - db_now()))
        assert until is not None
        assert 0 < until <= LEAD_SECONDS
        connection.execute(dispatcher.update().values(until=db_now() - 0.001))
    assert leadership.take_lead(house.database, "second") is not None


def test_a_former_leader_can_neither_publish_nor_number_nor_renew(house: House) -> None:
    job_id = house.submit()
    lose_the_lead(house)
    before = house.everything(job_id)
    with pytest.raises(NotLeading):
        house.publish(job_id)
    with pytest.raises(NotLeading), leadership.leading(house.database, house.lead) as connection:
        dispatch.number_events(connection)
    with pytest.raises(NotLeading):
        leadership.keep_lead(house.database, house.lead, {"broker_ok": True, "depths": {}, "waiting": 0})
    leadership.give_up_lead(house.database, house.lead)
    assert house.everything(job_id) == before
    seen = house.reader.dispatcher()
    assert seen is not None
    assert (seen.owner, seen.broker_ok) == ("second", False)


def test_the_lead_cannot_be_taken_while_a_leader_writes(house: House) -> None:
    """The former leader's transaction ends before the next one's can begin, or does not happen."""
    with house.database.write() as connection:
        connection.execute(dispatcher.update().values(until=db_now() - 0.001))
    job_id = house.submit()
    published, lead = at_once(
        lambda: house.publish(job_id),
        lambda: leadership.take_lead(house.database, "second"),
    )
    assert isinstance(lead, leadership.Lead)
    assert isinstance(published, NotLeading) == (house.row(job_id).publication == 0)


def test_the_leader_writes_down_what_it_saw(house: House) -> None:
    leadership.keep_lead(house.database, house.lead, {"broker_ok": True, "depths": {"cpu": 3}, "waiting": 7})
    seen = house.reader.dispatcher()
    assert seen is not None
    assert (seen.broker_ok, seen.depths, seen.waiting) == (True, {"cpu": 3}, 7)
    assert 0.0 <= seen.age < 5.0
