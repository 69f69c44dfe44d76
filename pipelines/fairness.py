"""Who goes next among the jobs that wait: by rank, and within a rank by weighted start-time fair queueing.

Every submitter has a virtual time, advanced by cost / weight with each of its jobs that is published; the one that lags
goes next (Goyal, Vin and Cheng, "Start-time Fair Queueing", 1996). Whoever was idle starts at the present virtual time
and so gains no credit. One clock for each model queue and rank: times on different queues cannot be compared,
and the jobs of a better rank would carry the present past the ends of all others, who would look alike then. Where
routes with different clocks meet, as at `io`, whoever was served longest ago goes first. Nobody waits for ever: while a
group waits, finitely many others can go before it.

Ranks are strict with one exception: once a rank has waited for the ageing time, every eighth place at its queue is its
own. Promoting the aged instead would let an old flood of `low` overtake a new `normal` job, and all of its thousands.
The best rank of new jobs needs no age for its eighth place: an outage may leave thousands of continuations.

All of it is one process's memory. A new leader begins without, which costs nobody more than one job.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from pipelines.catalog import IO_QUEUE
from pipelines.jobs import CONTINUATION, Priority
from pipelines.places import Places, Route

#: Jobs of better ranks that are let by before a place is a rank's own.
LET_BY = 7
#: No job counts as less than this, in seconds: what costs nothing would never fall behind.
_LEAST_COST = 1e-3
#: Names that a clock remembers before it looks for those it may forget.
_TIDY_FROM = 1000
_MOST_SERVED = 10_000


@dataclass(frozen=True)
class Next:
    """A waiting job: how long it has been due, and what it is expected to take; both in seconds."""

    job_id: str
    waited: float
    cost: float


@dataclass(frozen=True)
class Group:
    """The due jobs of one submitter with the same route and rank, of which `head` has been due for longest."""

    route: Route
    rank: int
    submitter: str
    head: Next

    @property
    def name(self) -> tuple[Route, int, str]:
        return self.route, self.rank, self.submitter

    @property
    def is_deferrable(self) -> bool:
        return self.rank in {Priority.DEFERRABLE, Priority.DEFERRABLE + CONTINUATION}


#: Up to so many jobs of the group, those behind its head, in their order.
More = Callable[[Group, int], Iterable[Next]]
_Take = Callable[[Route], bool]


class Clock:
    """Virtual time of one resource."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[str, float] = {}
        self._tidy_at = _TIDY_FROM

    def start(self, name: str) -> float:
        """When the next job of `name` would start. It never goes back."""
        return max(self._now, self.end(name))

    def end(self, name: str) -> float:
        """When the last job of `name` ends, if that is remembered."""
        return self._ends.get(name, 0.0)

    def advance(self, name: str, amount: float) -> None:
        """A job of `name` starts."""
        self._now = self.start(name)
        self._ends[name] = self._now + amount
        if len(self._ends) > self._tidy_at:
            # Whoever has fallen behind the present starts at the present, known or not.
            self._ends = {known: end for known, end in self._ends.items() if end > self._now}
            self._tidy_at = max(_TIDY_FROM, 2 * len(self._ends))


class _Key(NamedTuple):
    """Order by one clock: the submitter's virtual time, then who has waited for longest."""

    start: float
    #: Of those whom time has passed, because another queue held them back: who was served last comes last. Without it
    #: the oldest flood would win every tie.
    served: float
    waited: float
    job_id: str


class _Waiting:
    """A group during a turn: its next job, and those behind it once they were asked for."""

    def __init__(self, group: Group) -> None:
        self.group = group
        self.next = group.head
        self._rest: deque[Next] | None = None

    def go_on(self, more: More, limit: int) -> bool:
        """Moves to the group's next job; False if there is none."""
        if self._rest is None:
            self._rest = deque(more(self.group, limit))
        if not self._rest:
            return False
        self.next = self._rest.popleft()
        return True


class _Line:
    """Groups of one rank, next queue and clock, in a heap. Keys only grow, so they are mended late."""

    def __init__(self, queue: str, rank: int, clock: str) -> None:
        self.queue, self.rank, self.clock = queue, rank, clock
        self._heap: list[tuple[_Key, int, _Waiting]] = []
        self._pushed = 0

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, key: _Key, waiting: _Waiting) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (key, self._pushed, waiting))

    @property
    def at(self) -> tuple[str, int]:
        return self.queue, self.rank

    @property
    def head(self) -> Group:
        return self._heap[0][2].group

    def first(self, key_of: Callable[[_Waiting], _Key]) -> _Key:
        """The least key, from now on the head's."""
        while True:
            known, number, waiting = self._heap[0]
            if (key := key_of(waiting)) == known:
                return key
            heapq.heapreplace(self._heap, (key, number, waiting))

    def pop(self) -> _Waiting:
        return heapq.heappop(self._heap)[2]


#: Moves a group to its next job; told how many other groups wait.
_GoOn = Callable[[_Waiting, int], bool]


class Fairness:
    """The state of one dispatcher: its clocks, and whom it has let others pass."""

    def __init__(self, weights: Mapping[str, float], ageing: float) -> None:
        """`weights` of submitters, 1 where there is none; `ageing` in seconds."""
        self._weights = weights
        self._ageing = ageing
        # By model queue and rank, of which there are few.
        self._clocks: defaultdict[tuple[str, int], Clock] = defaultdict(Clock)
        # The number of the last publication of each group, in that order.
        self._served: dict[tuple[Route, int, str], int] = {}
        self._publications = 0
        self._let_by: dict[tuple[str, int], int] = {}
        #: The jobs last chosen that got a place which better ranks had to leave. Their messages must be as urgent as
        #: any, or they would starve in the broker instead.
        self.out_of_turn: set[str] = set()

    def choose(self, groups: Iterable[Group], places: Places, more: More) -> list[str]:
        """The jobs to publish, in order, as far as `places` go; asks for `more` of a group only when it wins again.

        Deferrable jobs are chosen only where no other job that is due was held back.
        """
        waiting = list(groups)
        urgent = [group for group in waiting if not group.is_deferrable]
        entitled = self._entitled(urgent)
        chosen: list[str] = []
        busy: set[str] = set()
        self.out_of_turn = set()
        for job_id, line, taken in self._serve(self._lines(urgent), places.take, partial(self._more, places, more)):
            if taken:
                chosen.append(job_id)
                if self._is_owed(line.at):
                    self.out_of_turn.add(job_id)
                self._let_pass(line.at, entitled)
            else:
                busy.add(line.queue)
        idle = self._lines(group for group in waiting if group.is_deferrable and busy.isdisjoint(group.route))
        served = self._serve(idle, places.take_idle, partial(self._more, places, more))
        return chosen + [job_id for job_id, _, taken in served if taken]

    def _serve(self, lines: list[_Line], take: _Take, go_on: _GoOn) -> Iterator[tuple[str, _Line, bool]]:
        """Each job in its turn, with its line and whether it got a place; a group that got none is out."""
        while lines:
            line = self._next(lines)
            waiting = line.pop()
            taken = take(waiting.group.route)
            if taken:
                self._charge(waiting)
            yield waiting.next.job_id, line, taken
            if taken and go_on(waiting, sum(map(len, lines))):
                line.push(self._key(waiting), waiting)
            lines = [line for line in lines if line]

    @staticmethod
    def _more(places: Places, more: More, waiting: _Waiting, others: int) -> bool:
        room = places.room(waiting.group.route[0])
        # Even without room the next one holds back those who come after it, if there are any.
        return (room + others > 0) and waiting.go_on(more, max(1, room))

    def _lines(self, groups: Iterable[Group]) -> list[_Line]:
        lines: dict[tuple[str, int, str], _Line] = {}
        for group in groups:
            at = (group.route[0], group.rank, _deciding(group.route))
            waiting = _Waiting(group)
            lines.setdefault(at, _Line(*at)).push(self._key(waiting), waiting)
        return list(lines.values())

    def _entitled(self, groups: Iterable[Group]) -> set[tuple[str, int]]:
        """Queues and ranks that better ones may not pass for ever; what was counted of others is forgotten."""
        longest: dict[tuple[str, int], float] = {}
        best_new: dict[str, int] = {}
        for group in groups:
            queue, rank = at = (group.route[0], group.rank)
            longest[at] = max(longest.get(at, 0.0), group.head.waited)
            if rank >= 0:
                best_new[queue] = min(rank, best_new.get(queue, rank))
        found = {at for at, waited in longest.items() if waited >= self._ageing or at in best_new.items()}
        self._let_by = {at: n for at, n in self._let_by.items() if at in found}
        return found

    def _let_pass(self, served: tuple[str, int], entitled: Iterable[tuple[str, int]]) -> None:
        self._let_by.pop(served, None)
        for queue, rank in entitled:
            if queue == served[0] and rank > served[1]:
                self._let_by[queue, rank] = self._let_by.get((queue, rank), 0) + 1

    def _is_owed(self, at: tuple[str, int]) -> bool:
        return self._let_by.get(at, 0) >= LET_BY

    def _next(self, lines: Iterable[_Line]) -> _Line:
        """By rank; of each clock the line whose head lags most; of these, the one that was served longest ago."""
        best: dict[tuple[bool, int, str], tuple[_Key, _Line]] = {}
        for line in lines:
            at = (not self._is_owed(line.at), line.rank, line.clock)
            key = line.first(self._key)
            if at not in best or key < best[at][0]:
                best[at] = (key, line)

        def order(at: tuple[bool, int, str]) -> tuple[bool, int, int, float, str]:
            key, line = best[at]
            served = self._served.get(line.head.name, 0)
            return (*at[:2], served, key.waited, key.job_id)

        return best[min(best, key=order)][1]

    def _key(self, waiting: _Waiting) -> _Key:
        group = waiting.group
        clock = self._clocks[_deciding(group.route), group.rank]
        return _Key(clock.start(group.submitter), clock.end(group.submitter), -waiting.next.waited, waiting.next.job_id)

    def _charge(self, waiting: _Waiting) -> None:
        group = waiting.group
        cost = max(waiting.next.cost, _LEAST_COST) / self._weights.get(group.submitter, 1.0)
        self._clocks[_deciding(group.route), group.rank].advance(group.submitter, cost)
        self._publications += 1
        self._served.pop(group.name, None)
        self._served[group.name] = self._publications
        if len(self._served) > _MOST_SERVED:
            # Whoever was served longest ago may as well never have been.
            del self._served[next(iter(self._served))]


def _deciding(route: Route) -> str:
    """The queue whose clock orders the route: the first that runs a model, which is the scarce one."""
    return next((queue for queue in route if queue != IO_QUEUE), route[0])
