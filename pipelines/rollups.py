"""Which buckets jobs are counted in, and which buckets answer a question. Times are seconds since 1970, in UTC.

Every count is kept in buckets of a minute, an hour, a day and all time. Minutes are forgotten after two days and hours
after 60; what goes back further is answered in longer buckets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.events import EventType
from pipelines.jobs import JobStatus

MINUTE, HOUR, DAY = 60, 3600, 86_400
#: One bucket for everything.
EVER = 0
GRAINS = (MINUTE, HOUR, DAY, EVER)

#: For how long back the buckets of a grain can be asked for; those of the others always.
KEPT_SECONDS = {MINUTE: 2 * DAY, HOUR: 60 * DAY}
#: They are kept for this much longer, so that a clock beside ours never asks for what is gone.
_SLACK = HOUR

#: Lengths that buckets of an answer may have, and how many there are at most, except of the longest.
BUCKETS = (60, 300, 900, HOUR, 6 * HOUR, DAY)
MOST_BUCKETS = 120

#: The longest window that can be asked for, in seconds.
LONGEST_WINDOW = 366 * DAY

#: How a job stood before the event; where it depends, the job's event before that one tells.
STATUS_BEFORE = {
    EventType.JOB_STARTED: JobStatus.QUEUED,
    EventType.JOB_CANCELLING: JobStatus.RUNNING,
    EventType.JOB_SUCCEEDED: JobStatus.RUNNING,
}


def bucket_of(at: float, grain: int) -> int:
    """The beginning of the bucket that holds the moment."""
    return int(at // grain) * grain if grain else 0


def forgotten_before(grain: int, now: float) -> float:
    """Buckets that began before this are neither kept nor written any more."""
    return now - KEPT_SECONDS[grain] - _SLACK if grain in KEPT_SECONDS else -math.inf


def buckets_of(at: float, now: float) -> list[tuple[int, int]]:
    """Every grain and bucket that a moment is counted in."""
    places = [(grain, bucket_of(at, grain)) for grain in GRAINS]
    return [(grain, bucket) for grain, bucket in places if bucket >= forgotten_before(grain, now)]


@dataclass(frozen=True)
class Window:
    """A stretch of time in whole buckets of `bucket` seconds: from `since` to before `until`."""

    since: int
    until: int
    bucket: int

    @property
    def grain(self) -> int:
        """The longest grain that its buckets are made of."""
        return max(grain for grain in (MINUTE, HOUR, DAY) if self.bucket % grain == 0)

    def starts(self) -> range:
        """The beginnings of its buckets."""
        return range(self.since, self.until, self.bucket)

    def parts(self) -> Iterator[tuple[int, int, int]]:
        """The window as few stretches of (grain, since, until), each of the longest buckets that fit."""
        yield from _parts(self.since, self.until, [grain for grain in (DAY, HOUR, MINUTE) if grain >= self.grain])


def _parts(since: int, until: int, grains: list[int]) -> Iterator[tuple[int, int, int]]:
    if since >= until:
        return
    grain, finer = grains[0], grains[1:]
    first, last = -(-since // grain) * grain, until // grain * grain
    if first >= last:
        if finer:
            yield from _parts(since, until, finer)
        return
    yield grain, first, last
    yield from _parts(since, first, finer)
    yield from _parts(last, until, finer)


def window(since: float, until: float, now: float) -> Window:
    """The shortest buckets that give at most MOST_BUCKETS and are still kept; the window grows to whole ones."""
    for length in BUCKETS:
        grown = Window(bucket_of(since, length), -int(-until // length) * length, length)
        kept = grown.since >= now - KEPT_SECONDS.get(grown.grain, math.inf)
        if kept and len(grown.starts()) <= MOST_BUCKETS:
            break
    return grown
