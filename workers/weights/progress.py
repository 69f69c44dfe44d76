"""How far a download is, for a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["waiting", "fetching", "unpacking", "ready"]


@dataclass(frozen=True)
class WeightProgress:
    """`done` of `total` bytes of a weight set; `item` is the package or file at hand.

    Packages are compressed, so `done` is an estimate while one arrives. It never goes back.
    """

    name: str
    phase: Phase
    item: str
    done: int
    total: int


Report = Callable[[WeightProgress], None]


@dataclass
class Meter:
    """Turns bytes fetched and written into reports whose `done` only grows."""

    name: str
    total: int
    report: Report | None
    #: Bytes of the set that are in the cache and verified.
    finished: int = 0
    _best: int = field(default=0, init=False)

    def at(self, phase: Phase, item: str, partial: int = 0, limit: int = 0) -> None:
        """`partial` bytes of the file at hand have arrived; of `limit`, its size."""
        if self.report is None:
            return
        self._best = max(self._best, min(self.finished + min(partial, limit), self.total))
        self.report(WeightProgress(self.name, phase, item, self._best, self.total))
