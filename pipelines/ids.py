"""Identifiers: a prefix that says what it is, then a UUIDv7 (RFC 9562), so that ids sort by time."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0


def uuid7() -> uuid.UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, 74 random bits; never smaller than the one before in this process."""
    global _last  # noqa: PLW0603 - one counter per process is the point: ids made here must keep their order
    random = int.from_bytes(os.urandom(10))
    with _lock:
        # 12 bits below the millisecond (method 3 of RFC 9562, section 6.2), stepped when the clock does not move.
        _last = max(_last + 1, time.time_ns() * 4096 // 1_000_000)
        stamp = _last
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return uuid.UUID(int=value)


def new_id(prefix: str) -> str:
    """`job_…`, `art_…`, `msg_…`."""
    return f"{prefix}_{uuid7()}"


def step_id(job_id: str, index: int) -> str:
    """The id of a job's step: the job's own, and its place in the plan. Messages carry it, rows need not."""
    return f"step_{job_id.removeprefix('job_')}.{index}"


def parse_step_id(value: str) -> tuple[str, int]:
    """The job id and the index behind a step id; ValueError if it is none."""
    head, _, index = value.removeprefix("step_").partition(".")
    return f"job_{uuid.UUID(head)}", int(index)


def made_at(value: str) -> float:
    """When the id was made, in seconds since 1970, to the millisecond; ValueError if it is none of ours."""
    stamp = value.partition("_")[2][:13].replace("-", "")
    return int(stamp, 16) / 1000


def first_id_at(prefix: str, seconds: float) -> str:
    """The smallest id that can have been made at `seconds` since 1970: a UUIDv7 begins with 48 bits of milliseconds."""
    stamp = f"{max(0, int(seconds * 1000)):012x}"
    return f"{prefix}_{stamp[:8]}-{stamp[8:]}"
