"""How many jobs may stand at a queue, and who is held back when it is full (rule 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The queues that a job still has to pass, the next one first.
Route = tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """How many jobs stand at each queue: published and unclaimed (its backlog), and claimed."""

    backlog: Mapping[str, int]
    claimed: Mapping[str, int]
    #: Deferrable jobs that are published and unclaimed. They take nobody's place: their messages come last.
    deferred: Mapping[str, int] = field(default_factory=dict)

    def occupancy(self, queue: str) -> int:
        return self.backlog.get(queue, 0) + self.claimed.get(queue, 0)


class Places:
    """The room of one turn. It only shrinks: whoever is refused once is refused for the rest of the turn.

    A queue that is full for one job is closed to all that come after it in the order, on whatever route: otherwise a
    flood of `io>cpu` would keep `cpu` full, one step behind it, and a job that waits for `cpu` alone would never run.
    """

    def __init__(self, windows: Mapping[str, int], slots: Mapping[str, int], load: Load) -> None:
        self._windows = windows
        self._slots = slots
        self._load = load
        self._taken: Counter[str] = Counter()
        self._closed: set[str] = set()

    def served(self, route: Route) -> bool:
        """Whether every queue of the route has a live slot."""
        return all(self._windows.get(queue, 0) > 0 for queue in route)

    def room(self, queue: str) -> int:
        """How many more jobs may be published to the queue."""
        return max(0, self._windows.get(queue, 0) - self._load.occupancy(queue) - self._taken[queue])

    def open(self, route: Route) -> bool:
        """Whether a job of this route might be published."""
        return not self._full(route) and self._closed.isdisjoint(route)

    def take(self, route: Route) -> bool:
        """Takes a place at the route's first queue; if there is none, closes the queues that are in the way."""
        full = self._full(route)
        if full or not self._closed.isdisjoint(route):
            self._closed.update(full)
            return False
        self._taken[route[0]] += 1
        return True

    def take_idle(self, route: Route) -> bool:
        """The same for a deferrable job: only where a slot stands idle at every queue of the route."""
        if any(self._standing(queue) >= self._slots.get(queue, 0) for queue in route):
            return False
        self._taken[route[0]] += 1
        return True

    def _full(self, route: Route) -> list[str]:
        first, *later = route
        full = [queue for queue in later if self._load.backlog.get(queue, 0) >= self._windows.get(queue, 0)]
        return full if self.room(first) else [first, *full]

    def _standing(self, queue: str) -> int:
        return self._load.occupancy(queue) + self._load.deferred.get(queue, 0) + self._taken[queue]
