"""The dispatcher's pure decisions: windows, admission, and which messages were lost."""

import pytest

from pipelines.places import Load, Places
from storage.dispatch import Unclaimed, lost_messages
from workers.windows import Windows


def test_a_queue_nobody_measured_has_two_per_slot() -> None:
    assert Windows().of({"cpu": 3, "io": 1}) == {"cpu": 6, "io": 2}


@pytest.mark.parametrize(("seconds", "window"), [(10.0, 2), (0.25, 2), (0.1, 5), (0.02, 25), (0.001, 32), (0.0, 32)])
def test_short_steps_have_half_a_second_of_work(seconds: float, window: int) -> None:
    windows = Windows()
    windows.learn("cpu", seconds)
    assert windows.per_slot("cpu") == window


def test_one_slow_step_does_not_undo_what_was_learned() -> None:
    windows = Windows()
    for _ in range(20):
        windows.learn("cpu", 0.02)
    windows.learn("cpu", 0.1)
    assert 2 < windows.per_slot("cpu") < 25
    for _ in range(40):
        windows.learn("cpu", 1.0)
    assert windows.per_slot("cpu") == 2


@pytest.mark.parametrize(
    ("route", "backlog", "claimed", "room"),
    [
        ("io", {}, {}, 4),
        ("io", {"io": 1}, {"io": 2}, 1),
        ("io", {"io": 9}, {}, 0),
        ("io>cpu", {"cpu": 1}, {}, 4),
        # What counts behind the first queue is what waits there, not what runs.
        ("io>cpu", {"cpu": 1}, {"cpu": 9}, 4),
        ("io>cpu", {"cpu": 2}, {}, 0),
        ("cpu>io", {"cpu": 2}, {}, 0),
        ("cpu>io>cpu", {"io": 4}, {}, 0),
        # A queue without a live slot takes nothing, and nothing is started that must end there.
        ("gpu-nvidia", {}, {}, 0),
        ("io>gpu-nvidia", {}, {}, 0),
    ],
)
def test_admission(route: str, backlog: dict[str, int], claimed: dict[str, int], room: int) -> None:
    places = Places({"io": 4, "cpu": 2}, {"io": 2, "cpu": 1}, Load(backlog, claimed))
    queues = tuple(route.split(">"))
    assert places.open(queues) is (room > 0)
    assert sum(places.take(queues) for _ in range(9)) == room


def unclaimed(name: str, queue: str = "cpu", *, republished: int = 0, age: float = 3.0) -> Unclaimed:
    return Unclaimed(name, queue, republished, age)


def test_as_many_are_sent_again_as_messages_are_missing() -> None:
    steps = [unclaimed("a"), unclaimed("b"), unclaimed("c")]
    assert lost_messages(steps, {"cpu": 3}) == []
    assert lost_messages(steps, {"cpu": 1}) == ["a", "b"]
    assert lost_messages(steps, {"cpu": 0}) == ["a", "b", "c"]
    assert lost_messages(steps, {}) == ["a", "b", "c"]


def test_queues_are_counted_apart() -> None:
    steps = [unclaimed("a", "io"), unclaimed("b", "cpu")]
    assert lost_messages(steps, {"io": 5, "cpu": 0}) == ["b"]


@pytest.mark.parametrize(
    ("republished", "age", "sent"),
    [
        (0, 29.0, False),
        (0, 31.0, True),
        (1, 59.0, False),
        (1, 61.0, True),
        (4, 481.0, True),
        (9, 599.0, False),
        (9, 601.0, True),
    ],
)
def test_against_the_count_it_backs_off(republished: int, age: float, sent: object) -> None:
    step = unclaimed("a", republished=republished, age=age)
    assert bool(lost_messages([step], {"cpu": 9})) is sent
