"""What is done to a deployment and when: decided by a seed alone, so that a run's schedule can be repeated."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaos.stacks import Kind

#: Seconds between two looks at what could be done next, on average; so many blows are felt at once at most, storms
#: apart; and so many sorts are there to choose from.
_GAP = 0.8
_AT_ONCE = 4
_HAND = 6
_BLIND = 0.4
_STORM_GAP = (40.0, 70.0)
#: The last blow is over this long before the end, so that its effects are seen under load, too.
_QUIET = 6.0

#: A step's lease is 12 s, the dispatcher's lead 5 s: who is frozen for longer is taken for dead.
_PAST_LEASE = (12.0, 15.5)
_PAST_LEAD = (7.0, 10.0)

#: Components and what is done to them: `everything` is a storm, all of it at one moment.
KILL, FREEZE, RESTART = "kill", "freeze", "restart"


@dataclass(frozen=True)
class Sort:
    """One cell of the kill matrix, and how its blows are made."""

    component: str
    what: str
    #: Whom it may hit.
    targets: tuple[str, ...]
    #: For how long: it stays away, frozen or full; of message faults, how long they look for messages.
    hold: tuple[float, float]
    #: Seconds after that until the component is itself again, as a rule.
    settle: float
    weight: int = 1
    only: Callable[[Kind, bool], bool] = lambda _kind, _disk: True

    @property
    def name(self) -> str:
        return f"{self.component} / {self.what}"


def _postgresql(kind: Kind, _disk: bool) -> bool:  # noqa: FBT001 - the shape of Sort.only
    return kind == "postgresql"


def _sqlite(kind: Kind, _disk: bool) -> bool:  # noqa: FBT001 - the shape of Sort.only
    return kind == "sqlite"


def _disk(_kind: Kind, disk: bool) -> bool:  # noqa: FBT001 - the shape of Sort.only
    return disk


_CPU, _IO = ("cpu-1", "cpu-2"), ("io-1", "io-2")
_NOW = (0.0, 0.0)
SORTS = (
    Sort("model slot", KILL, _CPU, _NOW, 4.0, 4),
    Sort("model slot's child", KILL, _CPU, _NOW, 4.0, 4),
    Sort("io slot", KILL, _IO, _NOW, 4.0, 3),
    Sort("io slot's child", KILL, _IO, _NOW, 4.0, 2),
    Sort("webhook slot", KILL, ("webhook-1",), _NOW, 4.0, 2),
    Sort("dispatcher, leading", KILL, ("leader",), _NOW, 7.0, 3),
    Sort("dispatcher, standing by", KILL, ("standby",), _NOW, 3.0),
    Sort("API", KILL, ("api",), _NOW, 4.0, 2),
    Sort("broker", KILL, ("broker",), (0.0, 4.0), 4.0, 3, _sqlite),
    # There it runs without its append-only file: what it held is gone.
    Sort("broker without file", KILL, ("broker",), (0.0, 4.0), 4.0, 3, _postgresql),
    Sort("database", KILL, ("database",), (0.0, 4.0), 5.0, 3, _postgresql),
    Sort("S3 store", KILL, ("store",), (0.0, 2.0), 20.0, 2, _postgresql),
    Sort("model slot", FREEZE, _CPU, _PAST_LEASE, 3.0, 2),
    Sort("model slot's child", FREEZE, _CPU, _PAST_LEASE, 3.0, 2),
    Sort("io slot", FREEZE, _IO, _PAST_LEASE, 3.0),
    Sort("dispatcher, leading", FREEZE, ("leader",), _PAST_LEAD, 3.0, 2),
    Sort("API", FREEZE, ("api",), (2.0, 7.0), 2.0),
    Sort("broker", FREEZE, ("broker",), (2.0, 7.0), 3.0),
    Sort("database", FREEZE, ("database",), (2.0, 5.0), 3.0, 1, _postgresql),
    Sort("model slot", RESTART, _CPU, _NOW, 4.0),
    Sort("io slot", RESTART, _IO, _NOW, 4.0),
    Sort("webhook slot", RESTART, ("webhook-1",), _NOW, 4.0),
    Sort("dispatcher, leading", RESTART, ("leader",), _NOW, 4.0),
    Sort("API", RESTART, ("api",), _NOW, 6.0),
    Sort("artifact disk", "fill", ("disk",), (3.0, 6.0), 3.0, 2, _disk),
    Sort("messages", "drop", ("messages",), (3.0, 3.0), 1.0, 2),
    Sort("messages", "double", ("messages",), (3.0, 3.0), 1.0, 2),
    Sort("messages", "delay", ("messages",), (3.0, 3.0), 5.0, 2),
    Sort("messages", "reorder", ("messages",), (3.0, 3.0), 1.0, 2),
)
STORM = Sort("everything", KILL, ("everything",), (0.0, 3.0), 10.0)


@dataclass(frozen=True)
class Planned:
    """One blow to be: `at` and `hold` in seconds from the run's beginning and from then."""

    at: float
    sort: Sort
    target: str
    hold: float
    #: Whether it falls whatever is away already; else it waits a little until something has run since the last one.
    blind: bool = True

    @property
    def until(self) -> float:
        """When its effects should be over."""
        return self.at + self.hold + self.sort.settle

    def __str__(self) -> str:
        held = f" for {self.hold:.1f} s" if self.hold else ""
        return f"{self.at:6.1f} s  {self.sort.name} ({self.target}){held}"


def schedule(seed: int, seconds: float, kind: Kind, *, disk: bool, only: str = "") -> list[Planned]:
    """The blows of a run of `seconds`; `disk` says whether there is one that may be filled.

    `only` keeps the sorts whose name holds it, to look at one thing closely.
    """
    chance = random.Random(f"{seed} {kind}")
    sorts = [sort for sort in SORTS if sort.only(kind, disk) and only in sort.name]
    if not sorts:
        raise ValueError(f"nothing that is done to {kind} is called {only!r}")
    deck = _deck(chance, sorts)
    end = seconds - _QUIET
    planned: list[Planned] = []
    hand: list[Sort] = []
    at, storm_at = 2.0, chance.uniform(*_STORM_GAP)
    while (at := at + chance.expovariate(1 / _GAP)) < end:
        if at >= storm_at and only in STORM.name:
            planned.append(Planned(at, STORM, "everything", chance.uniform(*STORM.hold)))
            at += STORM.settle
            storm_at = at + chance.uniform(*_STORM_GAP)
            continue
        felt = [other for other in planned if other.until > at]
        if len(felt) >= _AT_ONCE:
            continue
        while len(hand) < _HAND:
            hand.append(next(deck))
        # The first card that can be played now; what cannot stays in the hand.
        for sort in hand:
            blow = Planned(
                at, sort, chance.choice(sort.targets), chance.uniform(*sort.hold), blind=chance.random() < _BLIND
            )
            if not any(_same_part(blow, other) for other in felt):
                planned.append(blow)
                hand.remove(sort)
                break
    return [blow for blow in planned if blow.at + blow.hold < end]


def _deck(chance: random.Random, sorts: list[Sort]) -> Iterator[Sort]:
    """Every sort as often as its weight, and each once before any comes twice: a short run tries many cells."""
    while True:
        for round_ in range(max(sort.weight for sort in sorts)):
            cards = [sort for sort in sorts if sort.weight > round_]
            chance.shuffle(cards)
            yield from cards


def _same_part(one: Planned, other: Planned) -> bool:
    """Whether two blows would hit the same part, or take both slots of a queue away: that is for storms."""
    return other.sort is STORM or one.target.split("-")[0] == other.target.split("-")[0]
