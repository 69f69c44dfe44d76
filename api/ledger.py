"""What this process has accepted and is about to, so that no second's flood goes over a limit in all."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from storage.backlog import Room, Waiting


def fits(used: Waiting, cost: float, room: Room) -> bool:
    """One job alone always does."""
    return used.jobs <= 0 or (used.jobs + 1 <= room.jobs and used.seconds + cost <= room.seconds)


@dataclass
class Hold:
    """Room taken for a job that is being written."""

    jobs: int
    seconds: float
    accepted: bool = False


@dataclass(frozen=True)
class Mark:
    """What this process had accepted at some moment, since it started."""

    jobs: int = 0
    seconds: float = 0.0


class Ledger:
    """Jobs of this process, beside those that a snapshot of the counters has seen; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted = Mark()
        self._held = Mark()

    def mark(self) -> Mark:
        """To be taken before the counters are read: what was accepted until then, they hold."""
        with self._lock:
            return self._accepted

    def used(self, seen: Waiting, mark: Mark) -> Waiting:
        """What waits, as far as this process can know."""
        with self._lock:
            return self._used(seen, mark)

    def take(self, seen: Waiting, mark: Mark, cost: float, room: Room) -> Hold | None:
        """Room for a job, if there is; in one go, so that two do not get the same."""
        with self._lock:
            if not fits(self._used(seen, mark), cost, room):
                return None
            self._held = Mark(self._held.jobs + 1, self._held.seconds + cost)
            return Hold(1, cost)

    def give_back(self, hold: Hold) -> None:
        """The transaction ended; what was accepted stays counted until a snapshot has seen it."""
        with self._lock:
            self._held = Mark(self._held.jobs - hold.jobs, self._held.seconds - hold.seconds)
            if hold.accepted:
                self._accepted = Mark(self._accepted.jobs + hold.jobs, self._accepted.seconds + hold.seconds)

    def _used(self, seen: Waiting, mark: Mark) -> Waiting:
        since = Mark(self._accepted.jobs - mark.jobs, self._accepted.seconds - mark.seconds)
        return Waiting(
            seen.jobs + since.jobs + self._held.jobs,
            seen.seconds + since.seconds + self._held.seconds,
            seen.submitters,
        )
