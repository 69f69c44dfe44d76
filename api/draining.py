"""How this process leaves: first it says so, so that nobody new is sent here, and only then it stops listening."""

from __future__ import annotations

import time


class Draining:
    """Whether the process is on its way out, and when it stops listening."""

    def __init__(self) -> None:
        self._until: float | None = None

    def begin(self, seconds: float) -> None:
        """`/readyz` says so for `seconds`; meanwhile everything is answered as before."""
        self._until = time.monotonic() + seconds

    @property
    def begun(self) -> bool:
        return self._until is not None

    @property
    def over(self) -> bool:
        """Whether it is time to stop listening."""
        return self._until is not None and time.monotonic() >= self._until
