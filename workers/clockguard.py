"""When leases may be judged: not after an outage or a step of the clock, until every live slot could renew its own."""

from __future__ import annotations

import time

from storage.claims import LEASE_SECONDS

#: The wall clock and the monotonic one may drift apart by this much between two looks.
_TOLERANCE = 1.0


class ClockGuard:
    """Holds the sweep back for one full lease after something made lease times untrustworthy."""

    def __init__(self) -> None:
        self._trusted_from = 0.0
        self._offset = time.time() - time.monotonic()

    def distrust(self) -> None:
        """The database was away: heartbeats could not be written."""
        self._trusted_from = time.monotonic() + LEASE_SECONDS

    def may_judge(self) -> bool:
        """Whether a lease that has run out means that its slot is gone."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > _TOLERANCE:
            self.distrust()
        self._offset = offset
        return time.monotonic() >= self._trusted_from
