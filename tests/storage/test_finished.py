"""What is learned from jobs that ended: how long work takes, how fast it goes, and when there will be room."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from pipelines.estimates import DEFAULT_SECONDS, LATEST, SOONEST, Excess, Learned, retry_after, seconds_until_room
from storage.claims import Held
from storage.database import db_now
from storage.finished import Finished, finished_since
from storage.tables import attempts
from tests.storage.house import House, error_of, output
from workers.learning import Learning


def look(house: House, after: int = 0) -> list[Finished]:
    with house.database.read() as connection:
        return list(finished_since(connection, after))


def test_a_job_is_measured_once_over_all_its_attempts(house: House) -> None:
    claim = house.running(units=100.0, cost=3.0)
    house.store.fail_step(claim, "transient", error=error_of("transient"))
    assert look(house) == []
    house.publish(claim.work.job_id)
    house.store.complete_step(house.claim(claim.work.job_id), [output()])
    with house.database.write() as connection:
        connection.execute(update(attempts).values(started_at=db_now() - 4.0, finished_at=db_now()))
    [measured] = look(house)
    assert (measured.kind, measured.model, measured.units, measured.cost) == ("speech", "tone", 100.0, 3.0)
    assert measured.seconds == pytest.approx(8.0, abs=0.01)
    assert measured.succeeded
    assert 0.0 <= measured.ago < 5.0
    assert look(house, measured.attempt) == []


def test_what_failed_counts_as_ended_and_teaches_nothing_else(house: House) -> None:
    claim = house.running()
    house.store.fail_step(claim, "permanent", error=error_of("permanent"))
    lost = house.running()
    house.store.lose_claim(Held(lost.work.job_id, lost.fence, lost.child.owner), "lost", "It went away.")
    [measured] = look(house)
    assert not measured.succeeded
    learning = Learning()
    learning.learn([measured], 100.0)
    assert learning.learned(100.0).work == {}
    assert learning.learned(100.0).jobs_per_second > 0


def finished(
    attempt: int, *, units: float = 10.0, seconds: float = 1.0, ago: float = 0.0, cost: float = 2.0
) -> Finished:
    return Finished(attempt, "speech", "tone", units, cost, seconds, succeeded=True, ago=ago)


def test_long_jobs_weigh_more_and_old_ones_fade() -> None:
    learning = Learning()
    learning.learn([finished(1, units=10.0, seconds=10.0), finished(2, units=990.0, seconds=99.0)], 0.0)
    assert learning.learned(0.0).work["speech tone"] == pytest.approx((10 * 0.98 + 99) / (10 * 0.98 + 990), rel=1e-6)
    learning.learn([finished(number, units=100.0, seconds=1.0) for number in range(3, 400)], 0.0)
    assert learning.learned(0.0).work["speech tone"] == pytest.approx(0.01, rel=0.02)
    # What was learned from once is not learned from again.
    before = learning.learned(0.0)
    learning.learn([finished(7, seconds=1e6)], 0.0)
    assert learning.learned(0.0) == before


def test_pace_is_that_of_the_last_seconds_or_of_more_where_jobs_are_long() -> None:
    learning = Learning()
    assert learning.learned(0.0) == Learned()
    # One a second for ten minutes, then four a second for the last half minute.
    slow = [finished(number, ago=600.0 - number) for number in range(1, 570)]
    fast = [finished(1000 + number, ago=29.0 - number / 4) for number in range(116)]
    learning.learn([*slow, *fast], 1000.0)
    assert learning.learned(1000.0).jobs_per_second == pytest.approx(4.0, rel=0.1)
    assert learning.learned(1000.0).work_per_second == pytest.approx(8.0, rel=0.1)
    long = Learning()
    long.learn([finished(number, seconds=60.0, ago=540.0 - 60.0 * number) for number in range(10)], 1000.0)
    assert long.learned(1000.0).jobs_per_second == pytest.approx(1 / 60, rel=0.1)
    # And nothing that happened long ago.
    assert long.learned(3000.0).jobs_per_second == 0.0


def test_standing_idle_is_not_being_slow() -> None:
    learning = Learning()
    # A job of four seconds every two minutes, as long as anything is remembered.
    learning.learn([finished(number, seconds=4.0, ago=500.0 - 120.0 * number) for number in range(5)], 1000.0)
    assert learning.learned(1000.0).jobs_per_second == pytest.approx(1 / 4, rel=0.25)
    assert learning.learned(1000.0).work_per_second == pytest.approx(2 / 4, rel=0.25)


def test_estimates_follow_what_was_learned_else_the_kind() -> None:
    learned = Learned({"speech tone": 0.5})
    assert learned.seconds("speech", "tone", 10) == 5.0
    assert learned.seconds("speech", "kokoro", 1000) == 1000 * DEFAULT_SECONDS["speech"]
    assert learned.seconds("vad", "x", 0) > 0
    assert learned.seconds("unheard of", "x", 32_000) > 0
    assert Learned.parse(learned.document()) == learned
    assert Learned.parse({}) == Learned()


def test_the_wait_is_what_must_go_at_the_pace_of_things() -> None:
    learned = Learned({}, jobs_per_second=5.0, work_per_second=2.0)
    assert seconds_until_room(Excess(jobs=10), learned) == 2.0
    assert seconds_until_room(Excess(jobs=10, seconds=100), learned) == 50.0
    assert seconds_until_room(Excess(jobs=10), learned, share=0.25) == 8.0
    # While nothing is known, slots work at the pace of the clock.
    assert seconds_until_room(Excess(jobs=1, seconds=60), Learned(), slots=4) == 15.0
    for seconds in (0.0, 0.4, 10.0, 1e9):
        waits = {retry_after(seconds) for _ in range(50)}
        assert min(waits) >= min(LATEST, seconds)
        assert max(waits) <= max(SOONEST, min(LATEST, seconds * 1.1 + 1))
