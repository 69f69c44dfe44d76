"""How many jobs may stand at a queue: enough that no slot waits for a message, few enough that order stays ours."""

from __future__ import annotations

from collections.abc import Mapping

#: At least this many per slot: one runs, one is at hand.
_LEAST = 2
_MOST = 32
#: Short steps: as many as a slot does in this time.
_SECONDS_AHEAD = 0.5
#: Weight of a new measurement.
_ALPHA = 0.2


class Windows:
    """The window of each queue, from its live slots and from how long its steps took lately."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def learn(self, queue: str, seconds: float) -> None:
        """A step of `queue` ran for `seconds`."""
        known = self._seconds.get(queue, seconds)
        self._seconds[queue] = known + _ALPHA * (seconds - known)

    def per_slot(self, queue: str) -> int:
        """Jobs per live slot."""
        seconds = self._seconds.get(queue)
        if seconds is None:
            return _LEAST
        return min(_MOST, max(_LEAST, int(_SECONDS_AHEAD / max(seconds, 1e-4))))

    def of(self, live: Mapping[str, int]) -> dict[str, int]:
        """The window of every queue with live slots."""
        return {queue: slots * self.per_slot(queue) for queue, slots in live.items()}
