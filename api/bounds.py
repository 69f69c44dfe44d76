"""How many may be at something at once, how many may wait their turn, and for how long."""

from __future__ import annotations

import asyncio
from collections import deque

#: Weight of a new measurement of how long one takes.
_ALPHA = 0.1


class Bound:
    """Places, and a queue in front of them; everything happens on the event loop."""

    def __init__(self, limit: int, *, queue: int = 0, patience: float = 0.0) -> None:
        self.limit = limit
        self.taken = 0
        self._queue = queue
        self._patience = patience
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._seconds = 0.0

    @property
    def waiting(self) -> int:
        """How many are in the queue."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether who comes now is refused."""
        return self.taken >= self.limit and len(self._waiting) >= self._queue

    def try_enter(self) -> bool:
        """A place, if one is free and nobody waits for it."""
        if self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    async def enter(self) -> bool:
        """A place, at once or after a short wait; False if the queue is full or it took too long."""
        if self.try_enter():
            return True
        if len(self._waiting) >= self._queue:
            return False
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait((turn,), timeout=self._patience)
        except asyncio.CancelledError:
            if turn.done():
                self.leave()
            raise
        finally:
            if not turn.done():
                self._waiting.remove(turn)
        return turn.done()

    def leave(self, seconds: float | None = None) -> None:
        """Gives the place to the next in the queue, else back; `seconds` is how long it was taken."""
        if seconds is not None:
            self._seconds += _ALPHA * (seconds - self._seconds)
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self.taken -= 1

    @property
    def seconds_until_free(self) -> float:
        """When somebody who comes now would have a place, from how long the last ones took theirs."""
        return self._seconds * (len(self._waiting) + 1) / self.limit
