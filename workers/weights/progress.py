"""How far a download is, for a progress bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["waiting", "fetching", "unpacking", "ready"]


@dataclass(frozen=True)
class WeightProgress:
    """`done` of `total` bytes of a weight set; `item` is the package or file at hand.

    Packages are compressed, so `done` is an estimate while one arrives. It never goes back. `total` may grow at the
    beginning, when the sources have said how large their files are.
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
    #: Bytes of the set's files that are in the cache and verified.
    finished: int = 0
    _before: int = field(default=0, init=False)
    _share: int = field(default=0, init=False)
    _best: int = field(default=0, init=False)

    def expect(self, before: int, share: int) -> None:
        """The next package brings `share` bytes of a file of which `before` bytes are there."""
        self._before, self._share = before, share

    def arrived(self, item: str, size: int) -> None:
        """`size` bytes of the package `item` are on disk."""
        self.at("fetching", item, self._before + min(size, self._share))

    def at(self, phase: Phase, item: str, partial: int = 0) -> None:
        """`partial` bytes of the file at hand are there."""
        if self.report is None:
            return
        self._best = max(self._best, min(self.finished + partial, self.total))
        self.report(WeightProgress(self.name, phase, item, self._best, self.total))
