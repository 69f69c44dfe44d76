"""When leases may be judged: not after an outage or a step of the clock, until every live slot could renew its own.

The clock is the one that leases go by: the database server's, or on SQLite the host's. A virtual machine that was
suspended and an operator who sets the time make it step; the monotonic clock of this process tells.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from storage.claims import LEASE_SECONDS

log = logging.getLogger(__name__)

#: The two clocks may drift apart by this much between two looks, and a look may take as long, in seconds.
_TOLERANCE = 1.0
#: Between two looks, in seconds. Who looks each second and was away for longer may have stood still together with the
#: database or with the slots; their heartbeats come only now.
_LONGEST_PAUSE = 4.0
#: By then each slot that stood still, too, has renewed its leases, which it does every two seconds.
_HEARD_AGAIN = 5.0


class ClockGuard:
    """Holds the sweep back for a while after something made lease times untrustworthy."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._trusted_from = monotonic()
        self._offset: float | None = None
        self._looked: float | None = None

    def distrust(self, seconds: float = LEASE_SECONDS) -> None:
        """The database was away: heartbeats could not be written."""
        self._trusted_from = max(self._trusted_from, self._monotonic() + seconds)

    def may_judge(self, read_clock: Callable[[], float]) -> bool:
        """Whether a lease that has run out means that its slot is gone; `read_clock` asks the database for its time."""
        begin = self._monotonic()
        now = read_clock()
        end = self._monotonic()
        if end - begin > _TOLERANCE:
            # Nobody knows when in this time the clock was read. The next look tells.
            return False
        if self._looked is not None and end - self._looked > _LONGEST_PAUSE:
            log.warning("stood_still seconds=%.1f", end - self._looked)
            self.distrust(_HEARD_AGAIN)
        self._looked = end
        offset = now - end
        if self._offset is not None and abs(offset - self._offset) > _TOLERANCE:
            log.warning("clock_stepped seconds=%.1f", offset - self._offset)
            self.distrust()
        self._offset = offset
        return end >= self._trusted_from
