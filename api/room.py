"""Whether there is room for one more job, and if not, when there will be: limits in all and for each submitter.

A submitter's limit is exact: its counter decides inside the transaction that writes the job. The limit in all is the
sum of the counters as of the last second, with all that this process has accepted since; other processes of this
service may add what they accept within that second.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from api.errors import SubmitterRefused
from api.ledger import Hold, Ledger, fits
from api.presence import FRESH_SECONDS, Snapshot
from pipelines.errors import Unavailable
from pipelines.estimates import Excess, retry_after, seconds_until_room
from storage.backlog import Room, SubmitterFull, Waiting, rounded

#: Those who are refused together are asked back one after the other at the pace of the work, but this much later at
#: most, in seconds: some of them will not come.
_SPREAD_SECONDS = 30.0
_REMEMBERED = 1000


class Accepted(Protocol):
    """What was written; `replayed` if an earlier request had written it."""

    @property
    def replayed(self) -> bool: ...


_Accepted = TypeVar("_Accepted", bound=Accepted)


@dataclass(frozen=True)
class Asking:
    """Looks up what a refusal depends on; each is one query."""

    snapshot: Callable[[], Snapshot]
    waiting_of: Callable[[str], Waiting]
    #: Whether a submitter has used an idempotency key: its job was accepted, and the answer only repeats that.
    is_replay: Callable[[str, str], bool]


@dataclass(frozen=True)
class Newcomer:
    """A job that wants to be let in: whose it is, what it will cost, its idempotency key."""

    submitter: str
    cost: float
    key: str | None


class Rooms:
    """The limits of this deployment; thread-safe."""

    def __init__(self, asking: Asking, ledger: Ledger, *, of_all: Room, of_submitter: Room) -> None:
        self._asking = asking
        self._ledger = ledger
        self._of_all = of_all
        self._of_submitter = of_submitter
        self._promises = _Promises()

    def check(self, submitter: str, *, brings_audio: bool) -> None:
        """Refuses early what would be refused in the end, before audio is received or stored."""
        self._check_all(0.0)
        if brings_audio:
            waiting = self._asking.waiting_of(submitter)
            room = self._of_submitter
            if waiting.jobs and (waiting.jobs >= room.jobs or waiting.seconds >= room.seconds):
                raise self._refusal(submitter, SubmitterFull(waiting, room, 0.0))

    def let_in(self, newcomer: Newcomer, write: Callable[[Room], _Accepted]) -> _Accepted:
        """Writes the job by `write`; Unavailable `queue_full` or SubmitterRefused if there is no room for it."""
        with self._held(newcomer) as hold:
            try:
                submitted = write(self._of_submitter)
            except SubmitterFull as error:
                raise self._refusal(newcomer.submitter, error) from error
            hold.accepted = not submitted.replayed
            return submitted

    @contextmanager
    def _held(self, newcomer: Newcomer) -> Iterator[Hold]:
        """Room for one job, taken for the time of its transaction."""
        snapshot, cost = self._asking.snapshot(), rounded(newcomer.cost)
        hold = self._ledger.take(snapshot.backlog, snapshot.mark, cost, self._of_all)
        if hold is None:
            if newcomer.key is None or not self._asking.is_replay(newcomer.submitter, newcomer.key):
                raise self._queue_full(cost)
            hold = Hold(0, 0.0)
        try:
            yield hold
        finally:
            self._ledger.give_back(hold)

    def _check_all(self, cost: float) -> None:
        snapshot = self._asking.snapshot()
        if not fits(self._ledger.used(snapshot.backlog, snapshot.mark), cost, self._of_all):
            raise self._queue_full(cost)

    def _queue_full(self, cost: float) -> Unavailable:
        snapshot, room = self._asking.snapshot(), self._of_all
        used = self._ledger.used(snapshot.backlog, snapshot.mark)
        if used.jobs + 1 > room.jobs:
            detail = f"{used.jobs} jobs wait already; the limit is {room.jobs}."
        else:
            detail = f"The waiting jobs are some {used.seconds:.0f} s of work; the limit is {room.seconds:.0f} s."
        excess = Excess(max(0.0, used.jobs + 1 - room.jobs), max(0.0, used.seconds + cost - room.seconds))
        wait = seconds_until_room(excess, snapshot.learned, slots=snapshot.live.total())
        # What is seen then may be as old as this.
        wait = self._promises.spread("", wait, snapshot.learned.jobs_per_second) + FRESH_SECONDS
        return Unavailable(detail, code="queue_full", retry_after=retry_after(wait))

    def _refusal(self, submitter: str, error: SubmitterFull) -> SubmitterRefused:
        """The same with the moment to come back: fair shares let each submitter's work go at its part of the pace."""
        snapshot, room, waiting = self._asking.snapshot(), error.room, error.waiting
        excess = Excess(max(0.0, waiting.jobs + 1 - room.jobs), max(0.0, waiting.seconds + error.cost - room.seconds))
        share = 1.0 / max(1, snapshot.backlog.submitters)
        wait = seconds_until_room(excess, snapshot.learned, share=share, slots=snapshot.live.total())
        wait = self._promises.spread(f"of {submitter}", wait, snapshot.learned.jobs_per_second * share)
        return SubmitterRefused(error, retry_after(wait))


class _Promises:
    """When each was last asked back, so that the next one is asked a job's time later; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: OrderedDict[str, float] = OrderedDict()

    def spread(self, name: str, seconds: float, pace: float) -> float:
        """`seconds`, or later; `pace` in jobs per second, zero if unknown."""
        now = time.monotonic()
        soonest = now + seconds
        with self._lock:
            at = max(soonest, min(self._next.pop(name, 0.0), soonest + _SPREAD_SECONDS))
            self._next[name] = at + (1.0 / pace if pace > 0 else 0.0)
            if len(self._next) > _REMEMBERED:
                self._next.popitem(last=False)
        return at - now
