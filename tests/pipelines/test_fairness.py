"""Who goes next: shares of submitters, ranks, ageing, and who is held back when a queue is full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.fairness import LET_BY, Fairness, Group, Next
from pipelines.jobs import CONTINUATION, Priority
from pipelines.places import Load, Places
from pipelines.weights import parse_weights

AGEING = 60.0


@dataclass
class Backlog:
    """Submitters that never run out of jobs of one cost each."""

    costs: Mapping[str, float]
    rank: int = Priority.NORMAL
    route: tuple[str, ...] = ("cpu",)
    waited: float = 0.0
    asked: list[int] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def groups(self) -> list[Group]:
        return [Group(self.route, self.rank, name, self._job(name)) for name in self.costs]

    def more(self, group: Group, limit: int) -> list[Next]:
        self.asked.append(limit)
        return [self._job(group.submitter) for _ in range(limit)]

    def _job(self, name: str) -> Next:
        return Next(f"{name}#{self.rank}#{next(self._numbers):09}", self.waited, self.costs[name])


def nothing_more(_: Group, __: int) -> list[Next]:
    return []


def places(load: Load | None = None, slots: int = 1, **windows: int) -> Places:
    return Places(windows, dict.fromkeys(windows, slots), load or Load({}, {}))


def owners(job_ids: Iterable[str]) -> list[str]:
    return [job_id.split("#")[0] for job_id in job_ids]


names = st.sampled_from("abcdefgh")
costs = st.dictionaries(names, st.floats(0.01, 50.0), min_size=2)
weights = st.dictionaries(names, st.floats(0.1, 10.0))


@settings(max_examples=60, deadline=None)
@given(
    costs=costs,
    weights=weights,
    rooms=st.lists(st.integers(1, 9), min_size=5, max_size=30),
    others=st.lists(st.tuples(st.sampled_from([Priority.HIGH, Priority.NORMAL + CONTINUATION]), names), max_size=30),
)
def test_shares_follow_the_weights_within_a_job_of_each(
    costs: dict[str, float], weights: dict[str, float], rooms: list[int], others: list[tuple[int, str]]
) -> None:
    """Goyal's bound, at every moment: between any two, at most one largest job of each, in weighted work.

    Whatever is served of better ranks in between, of theirs or of anybody's.
    """
    fairness, backlog = Fairness(weights, AGEING), Backlog(costs)
    largest = {name: cost / weights.get(name, 1.0) for name, cost in costs.items()}
    served = dict.fromkeys(costs, 0.0)
    for at, room in enumerate(rooms):
        better = [Group(("cpu",), rank, name, Next("better#", 0.0, 9.0)) for rank, name in others[at : at + 1]]
        groups = backlog.groups() + better
        order = owners(fairness.choose(groups, places(cpu=room), lambda group, n: more_of_rank(backlog, group, n)))
        for name in order:
            if name == "better":
                continue
            served[name] += largest[name]
            for one, other in combinations(costs, 2):
                assert abs(served[one] - served[other]) <= (largest[one] + largest[other]) * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(
    costs=costs,
    idle=st.integers(0, 40),
    busy=st.integers(1, 40),
)
def test_who_was_idle_gains_no_credit_and_waits_for_one_job(costs: dict[str, float], idle: int, busy: int) -> None:
    fairness = Fairness({}, AGEING)
    flood = Backlog({"flood": 1.0})
    fairness.choose(flood.groups(), places(cpu=idle), flood.more)
    late = Backlog(dict.fromkeys(costs, 1.0) | {"flood": 1.0})
    order = owners(fairness.choose(late.groups(), places(cpu=busy), late.more))
    shares = Counter(order)
    # Nobody makes up for the time in which nothing of theirs waited.
    assert max(shares.values()) - min([shares[name] for name in late.costs]) <= 2
    # Each newcomer comes before the second job of the flood.
    flooded = [at for at, name in enumerate(order) if name == "flood"]
    if len(flooded) > 1:
        assert set(costs) <= set(order[: flooded[1]])


@settings(max_examples=60, deadline=None)
@given(
    ranks=st.sets(st.sampled_from([-10, -9, -8, 0, 1, 2]), min_size=1),
    room=st.integers(1, 5),
    turns=st.integers(30, 60),
)
def test_no_rank_starves_once_it_is_aged(ranks: set[int], room: int, turns: int) -> None:
    """Each rank but the best has one in eight places at least, counted without the other aged ranks' own."""
    fairness = Fairness({}, AGEING)
    backlogs = {rank: Backlog({str(rank): 1.0}, rank, waited=AGEING) for rank in ranks}
    chosen: list[str] = []
    for _ in range(turns):
        groups = [group for backlog in backlogs.values() for group in backlog.groups()]
        chosen += owners(
            fairness.choose(groups, places(cpu=room), lambda group, limit: backlogs[group.rank].more(group, limit))
        )
    for rank in ranks:
        gaps = [at for at, name in enumerate(chosen) if name == str(rank)]
        assert gaps, f"{rank} starved"
        longest = max(later - earlier for earlier, later in zip([-1, *gaps], [*gaps, len(chosen)], strict=True))
        assert longest <= LET_BY + len(ranks)


def test_a_young_rank_waits_for_the_better_ones() -> None:
    fairness, high = Fairness({}, AGEING), Backlog({"h": 1.0}, Priority.HIGH)
    low = Backlog({"l": 1.0}, Priority.LOW, waited=AGEING - 1)
    chosen = fairness.choose(high.groups() + low.groups(), places(cpu=50), high.more)
    assert owners(chosen) == ["h"] * 50


def test_an_old_flood_of_low_does_not_overtake_a_new_normal_job() -> None:
    fairness = Fairness({}, AGEING)
    flood = Backlog({"flood": 1.0}, Priority.LOW, waited=1e6)
    fairness.choose(flood.groups(), places(cpu=20), flood.more)
    single = Group(("cpu",), Priority.NORMAL, "b", Next("b#", 0.0, 1.0))
    assert owners(fairness.choose([*flood.groups(), single], places(cpu=1), nothing_more)) == ["b"]


def test_thousands_of_continuations_leave_every_eighth_place_to_new_jobs() -> None:
    begun = Backlog({"begun": 1.0}, Priority.NORMAL + CONTINUATION)
    fairness = Fairness({}, AGEING)
    new = Group(("cpu",), Priority.NORMAL, "new", Next("new#", 0.0, 1.0))
    low = Group(("cpu",), Priority.LOW, "low", Next("low#", 0.0, 1.0))
    chosen = fairness.choose([*begun.groups(), new, low], places(cpu=20), lambda group, n: more_of(begun, group, n))
    assert owners(chosen)[:9] == ["begun"] * LET_BY + ["new", "begun"]


def more_of_rank(backlog: Backlog, group: Group, limit: int) -> list[Next]:
    """Only that backlog has more."""
    return backlog.more(group, limit) if group.rank == backlog.rank else []


def more_of(backlog: Backlog, group: Group, limit: int) -> list[Next]:
    """Only that backlog has more."""
    return backlog.more(group, limit) if group.submitter in backlog.costs else []


def test_jobs_of_one_submitter_go_in_their_order_over_all_routes() -> None:
    groups = [
        Group(("io", "cpu"), Priority.NORMAL, "", Next("second", 2.0, 1.0)),
        Group(("cpu",), Priority.NORMAL, "", Next("first", 3.0, 1.0)),
        Group(("cpu", "io"), Priority.NORMAL, "", Next("third", 1.0, 1.0)),
    ]
    assert Fairness({}, AGEING).choose(groups, places(io=9, cpu=9), nothing_more) == ["first", "second", "third"]


def test_more_jobs_are_asked_for_only_of_who_wins_again() -> None:
    fairness, flood = Fairness({}, AGEING), Backlog({"a": 1.0})
    fairness.choose(flood.groups(), places(cpu=1), flood.more)
    assert flood.asked == []
    fairness.choose(flood.groups(), places(cpu=32), flood.more)
    assert flood.asked == [31]


def test_a_flood_that_needs_two_queues_cannot_keep_one_closed_to_who_needs_it_alone() -> None:
    """`io>cpu` keeps `cpu` full one step behind `io`: the waiting job for `cpu` alone must hold it back."""
    fairness = Fairness({}, AGEING)
    flood = Backlog({"flood": 1.0}, route=("io", "cpu"))
    fairness.choose(flood.groups(), places(io=4, cpu=2), flood.more)
    single = Group(("cpu",), Priority.NORMAL, "b", Next("b#", 0.0, 1.0))
    # One runs and one is at hand: full for the single job, not yet a backlog for the flood.
    full = Load({"cpu": 1}, {"cpu": 1})
    assert fairness.choose([*flood.groups(), single], places(full, io=4, cpu=2), flood.more) == []
    assert owners(fairness.choose([*flood.groups()], places(full, io=4, cpu=2), flood.more)) == ["flood"] * 4
    room = Load({}, {"cpu": 1})
    assert owners(fairness.choose([*flood.groups(), single], places(room, io=4, cpu=2), nothing_more))[0] == "b"


def test_who_waits_elsewhere_holds_nobody_back() -> None:
    blocked = Group(("io", "gpu"), Priority.HIGH, "a", Next("a#", 9.0, 1.0))
    direct = Group(("io", "cpu"), Priority.NORMAL, "b", Next("b#", 0.0, 1.0))
    load = Load({"gpu": 2}, {"gpu": 1})
    chosen = Fairness({}, AGEING).choose([blocked, direct], places(load, io=4, cpu=2, gpu=2), nothing_more)
    assert owners(chosen) == ["b"]


def test_where_models_share_io_their_queues_take_turns() -> None:
    """Virtual times of two model queues say nothing about each other: neither may starve the other at `io`."""
    fairness = Fairness({}, AGEING)
    cpu = Backlog({"a": 100.0}, route=("io", "cpu"), waited=50.0)
    gpu = Backlog({"b": 0.1}, route=("io", "gpu"))
    chosen: list[str] = []
    for _ in range(10):
        groups = cpu.groups() + gpu.groups()
        chosen += owners(fairness.choose(groups, places(io=1, cpu=9, gpu=9), nothing_more))
    assert Counter(chosen) == {"a": 5, "b": 5}


def test_those_whom_time_has_passed_take_turns() -> None:
    """`io` holds two back while dear jobs carry their clock's time on: both start at the present, the older always."""
    fairness = Fairness({}, AGEING)
    dear = Backlog({"dear": 10.0})
    old, new = Backlog({"old": 1.0}, route=("io", "cpu"), waited=50.0), Backlog({"new": 1.0}, route=("io", "cpu"))
    chosen: list[str] = []
    for _ in range(20):
        groups = dear.groups() + old.groups() + new.groups()
        chosen += owners(fairness.choose(groups, places(io=1, cpu=9), nothing_more))
    assert Counter(chosen) == {"dear": 20, "old": 10, "new": 10}


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_high_jobs_do_not_give_all_normal_places_to_the_oldest_flood(every: int) -> None:
    """While better jobs come again and again, a newcomer's single job waits for no more than a job of the flood's."""
    fairness = Fairness({}, AGEING)
    flood = Backlog({"flood": 1.0}, waited=3000.0)
    after = 0
    for turn in range(100):
        groups = flood.groups()
        if turn % every == 0 and turn % 8:
            groups.append(Group(("cpu",), Priority.HIGH, "high", Next("high#", 0.1, 1.0)))
        if turn >= 50:
            groups.append(Group(("cpu",), Priority.NORMAL, "single", Next("single#", turn - 50.0, 1.0)))
        (name,) = owners(fairness.choose(groups, places(cpu=1), nothing_more))
        if name == "single":
            break
        after += turn >= 50 and name == "flood"
    else:
        pytest.fail("starved")
    assert after <= 1


def test_one_ranks_turns_at_io_are_not_anothers() -> None:
    """A flood of high jobs on the gpu counts against no normal job that needs it, be it the same submitter's."""
    for submitter in ("single", "high"):
        fairness = Fairness({}, AGEING)
        order: list[str] = []
        for turn in range(100):
            high = [Group(("io", "gpu"), Priority.HIGH, "high", Next("high#", 0.1, 1.0))] if turn % 2 else []
            flood = Group(("io", "cpu"), Priority.NORMAL, "flood", Next("flood#", 99.0, 1.0))
            single = Group(("io", "gpu"), Priority.NORMAL, submitter, Next("single#", 1.0, 1.0))
            given_places = places(io=1, gpu=9, cpu=9)
            order += owners(fairness.choose([*high, flood, single], given_places, nothing_more))
        shares = Counter(order)
        assert shares["single"] == pytest.approx(shares["flood"], abs=1)


@settings(max_examples=60, deadline=None)
@example([("cpu",), *[("io", "cpu")] * 4, ("io",)], [1.0] * 6, [0.0] * 6)
@example([("cpu",), ("cpu", "io"), ("io",), ("io", "gpu"), ("cpu",), ("cpu", "io")], [1.0] * 6, [0.0] * 6)
@given(
    routes=st.lists(
        st.sampled_from([("cpu",), ("io", "cpu"), ("cpu", "io"), ("io",), ("io", "gpu"), ("gpu", "io", "cpu")]),
        min_size=1,
        max_size=6,
    ),
    costs=st.lists(st.floats(0.5, 10.0), min_size=6, max_size=6),
    waits=st.lists(st.floats(0.0, 50.0), min_size=6, max_size=6),
)
def test_nobody_starves_whatever_routes_they_take(
    routes: Sequence[tuple[str, ...]], costs: Sequence[float], waits: Sequence[float]
) -> None:
    """Each turn every queue finishes a job; a job of the greatest cost stands against twenty of the least."""
    fairness = Fairness({}, AGEING)
    waiting = [Backlog({str(n): costs[n]}, route=route, waited=waits[n]) for n, route in enumerate(routes)]
    world, served = World(io=4, cpu=2, gpu=2), Counter[str]()
    for _ in range(200):
        groups = [group for backlog in waiting for group in backlog.groups()]
        chosen = fairness.choose(groups, world.places(), nothing_more)
        world.publish([(job_id, routes[int(job_id.split("#")[0])]) for job_id in chosen])
        served.update(owners(chosen))
        world.step()
    assert all(served[str(n)] for n in range(len(routes))), served


@dataclass
class World:
    """Queues that pass jobs on, one a turn each."""

    windows: dict[str, int]
    standing: dict[str, list[tuple[str, tuple[str, ...]]]]

    def __init__(self, **windows: int) -> None:
        self.windows = windows
        self.standing = {queue: [] for queue in windows}

    def places(self) -> Places:
        backlog = {queue: max(0, len(jobs) - 1) for queue, jobs in self.standing.items()}
        claimed = {queue: min(1, len(jobs)) for queue, jobs in self.standing.items()}
        return places(Load(backlog, claimed), **self.windows)

    def publish(self, jobs: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        for job_id, route in jobs:
            self.standing[route[0]].append((job_id, route[1:]))

    def step(self) -> None:
        done = [jobs.pop(0) for jobs in self.standing.values() if jobs]
        self.publish((job_id, rest) for job_id, rest in done if rest)


def deferrable(name: str, *route: str, rank: int = Priority.DEFERRABLE) -> Group:
    return Group(route, rank, name, Next(f"{name}#", 1e6, 1.0))


@pytest.mark.parametrize(
    ("load", "others", "runs"),
    [
        (Load({}, {}), [], True),
        # Another runs on the only slot, is about to run, or waits.
        (Load({}, {"cpu": 1}), [], False),
        (Load({"cpu": 1}, {}), [], False),
        (Load({}, {}, {"cpu": 1}), [], False),
        (Load({"cpu": 2}, {}), [Group(("cpu",), Priority.LOW, "x", Next("x#", 0.0, 1.0))], False),
        # Of another queue's jobs it need not care, nor of those that nobody can run.
        (Load({}, {"io": 9}), [], True),
        (Load({"cpu": 0}, {"io": 9}), [Group(("io",), Priority.LOW, "x", Next("x#", 0.0, 1.0))], True),
    ],
)
def test_deferrable_jobs_run_when_nothing_else_is_due(load: Load, others: list[Group], runs: object) -> None:
    chosen = Fairness({}, 0.0).choose([deferrable("d", "cpu"), *others], places(load, io=2, cpu=2), nothing_more)
    assert ("d" in owners(chosen)) is runs


def test_a_deferrable_job_waits_even_for_those_that_are_held_back_further_on() -> None:
    held = Group(("io", "cpu"), Priority.LOW, "x", Next("x#", 0.0, 1.0))
    full = Load({"cpu": 2}, {"cpu": 1})
    assert Fairness({}, 0.0).choose([deferrable("d", "io"), held], places(full, io=2, cpu=2), nothing_more) == []
    assert Fairness({}, 0.0).choose([deferrable("d", "io")], places(full, io=2, cpu=2), nothing_more) == ["d#"]


def test_deferrable_jobs_need_an_idle_slot_at_every_queue_of_their_route() -> None:
    for load, runs in ((Load({}, {}), True), (Load({}, {"cpu": 1}), False), (Load({}, {"io": 1}), False)):
        chosen = Fairness({}, 0.0).choose([deferrable("d", "io", "cpu")], places(load, io=2, cpu=2), nothing_more)
        assert bool(chosen) is runs


def test_deferrable_jobs_fill_the_idle_slots_and_the_begun_go_first() -> None:
    backlog = Backlog({"d": 1.0}, Priority.DEFERRABLE)
    begun = deferrable("begun", "cpu", rank=Priority.DEFERRABLE + CONTINUATION)
    chosen = Fairness({}, 0.0).choose(
        [*backlog.groups(), begun], places(slots=3, cpu=6), lambda group, limit: more_of(backlog, group, limit)
    )
    assert owners(chosen) == ["begun", "d", "d"]


def test_a_deferrable_job_at_hand_takes_nobodys_place() -> None:
    load = Load({}, {"cpu": 1}, {"cpu": 1})
    normal = Group(("cpu",), Priority.NORMAL, "n", Next("n#", 0.0, 1.0))
    assert owners(Fairness({}, AGEING).choose([normal], places(load, cpu=2), nothing_more)) == ["n"]


def test_clocks_forget_those_who_have_fallen_behind() -> None:
    fairness = Fairness({}, AGEING)
    for number in range(5000):
        name = f"s{number}"
        group = Group(("cpu",), Priority.NORMAL, name, Next(f"{name}#", 0.0, 1.0))
        flood = replace(group, submitter="flood", head=Next("flood#", 0.0, 1.0))
        fairness.choose([group, flood], places(cpu=2), nothing_more)
    (clock,) = fairness._clocks.values()
    assert len(clock._ends) < 2500


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("", {}),
        ("a=3", {"a": 3.0}),
        (" a = 3 , b=0.5,", {"a": 3.0, "b": 0.5}),
        ("a=b=2", {"a=b": 2.0}),
        ("=2", {"": 2.0}),
        ('{"a,b": 3, "": 0.001}', {"a,b": 3.0, "": 0.001}),
    ],
)
def test_weights_are_read(text: str, weights: dict[str, float]) -> None:
    assert parse_weights(text) == weights


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a=",
        "a=x",
        "a=0",
        "a=-1",
        "a=inf",
        "a=nan",
        "a=1,a=2",
        "{",
        '{"a": true}',
        '{"a": 1, "a": 2}',
        '{"a": [1]}',
    ],
)
def test_weights_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_weights(text)
