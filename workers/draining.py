"""Whether this slot is on its way out, as its child can see it: shared memory that the fork inherits.

A child that was spawned (on a GPU) sees nothing; only the sender of webhooks looks, and that one is forked.
"""

from __future__ import annotations

import mmap
import struct
import time

_FORMAT = "d"
#: When the slot ends, by the monotonic clock that all processes of a machine share; 0 while it is not told to.
_ends_at = mmap.mmap(-1, struct.calcsize(_FORMAT))


def begin(seconds: float) -> None:
    """From now on nothing new is begun, and in `seconds` at the latest all is over."""
    struct.pack_into(_FORMAT, _ends_at, 0, time.monotonic() + seconds)


def ends_in() -> float | None:
    """Seconds that are left; None while nobody has told the slot to stop."""
    (at,) = struct.unpack_from(_FORMAT, _ends_at)
    return None if at == 0.0 else at - time.monotonic()
