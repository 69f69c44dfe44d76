"""When leases may be judged, by clocks that the test moves."""

from dataclasses import dataclass

from storage.claims import LEASE_SECONDS
from workers.clockguard import ClockGuard

#: Two heartbeats and a moment, in seconds.
HEARD_AGAIN = 5


@dataclass
class Clocks:
    """The monotonic clock of the dispatcher, and how far the database's is ahead of it."""

    monotonic: float = 100.0
    ahead: float = 1.7e9
    #: How long the database takes to answer.
    slow: float = 0.0

    def read(self) -> float:
        self.monotonic += self.slow
        return self.monotonic + self.ahead


def looks(guard: ClockGuard, clocks: Clocks, seconds: float) -> list[bool]:
    """What it says once a second."""
    said = []
    for _ in range(int(seconds)):
        clocks.monotonic += 1.0
        said.append(guard.may_judge(clocks.read))
    return said


def begun() -> tuple[ClockGuard, Clocks]:
    clocks = Clocks()
    guard = ClockGuard(lambda: clocks.monotonic)
    assert all(looks(guard, clocks, 5))
    return guard, clocks


def test_after_a_step_of_the_clock_every_slot_gets_the_time_to_renew() -> None:
    for step in (3600.0, -3600.0):
        guard, clocks = begun()
        clocks.ahead += step
        assert looks(guard, clocks, 1) == [False]
        assert looks(guard, clocks, LEASE_SECONDS + 1)[-2:] == [True, True]


def test_after_everything_stood_still_every_slot_gets_the_time_to_renew() -> None:
    """A frozen stack: no clock stepped and nobody saw an error, but no heartbeat came for longer than a lease."""
    guard, clocks = begun()
    clocks.monotonic += 30.0
    assert guard.may_judge(clocks.read) is False
    assert looks(guard, clocks, HEARD_AGAIN - 1) == [False] * (HEARD_AGAIN - 1)
    assert looks(guard, clocks, 1) == [True]


def test_after_the_database_stood_still_in_an_answer_every_slot_gets_the_time_to_renew() -> None:
    guard, clocks = begun()
    clocks.slow = 15.0
    assert guard.may_judge(clocks.read) is False
    clocks.slow = 0.0
    assert looks(guard, clocks, HEARD_AGAIN) == [False] * HEARD_AGAIN
    assert looks(guard, clocks, 1) == [True]


def test_a_turn_that_takes_a_moment_holds_nothing_back() -> None:
    guard, clocks = begun()
    clocks.monotonic += 2.5
    assert guard.may_judge(clocks.read) is True
