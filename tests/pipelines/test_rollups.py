"""Windows in whole buckets that are kept, and the few stretches that they are read in."""

import random
from itertools import pairwise

import pytest

from pipelines.rollups import (
    BUCKETS,
    DAY,
    GRAINS,
    HOUR,
    KEPT_SECONDS,
    MINUTE,
    MOST_BUCKETS,
    bucket_of,
    buckets_of,
    forgotten_before,
    window,
)

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (HOUR, 60),
        (119 * MINUTE, 60),
        (3 * HOUR, 300),
        (9 * HOUR, 300),
        (DAY, 900),
        (2 * DAY - HOUR, HOUR),
        (4 * DAY, HOUR),
        (20 * DAY, 6 * HOUR),
        (60 * DAY, DAY),
        (366 * DAY, DAY),
    ],
)
def test_a_window_has_the_shortest_buckets_that_are_few_enough(seconds: int, bucket: int) -> None:
    found = window(NOW - seconds, NOW, NOW)
    assert found.bucket == bucket
    assert found.since <= NOW - seconds < found.since + bucket
    assert found.until - bucket < NOW <= found.until
    assert len(found.starts()) <= MOST_BUCKETS or bucket == BUCKETS[-1]


@pytest.mark.parametrize(("days", "bucket"), [(1, 60), (3, HOUR), (59, HOUR), (61, DAY)])
def test_what_is_long_ago_is_told_in_longer_buckets(days: int, bucket: int) -> None:
    begin = NOW - days * DAY
    assert window(begin, begin + HOUR, NOW).bucket == bucket


def test_whole_minutes_are_not_widened() -> None:
    begin = NOW // 60 * 60
    found = window(begin - 600, begin, NOW)
    assert (found.since, found.until) == (begin - 600, begin)


def test_the_parts_of_a_window_are_the_window_and_few() -> None:
    draw = random.Random(5)
    for _ in range(500):
        until = NOW - draw.uniform(0, 100 * DAY)
        found = window(until - draw.choice((HOUR, DAY, 3 * DAY, 50 * DAY)) * draw.random(), until, NOW)
        parts = sorted(found.parts(), key=lambda part: part[1])
        assert parts[0][1] == found.since
        assert parts[-1][2] == found.until
        assert all(before[2] == after[1] for before, after in pairwise(parts))
        assert all(since % grain == until % grain == 0 for grain, since, until in parts)
        # What is asked for is still kept.
        assert all(since >= NOW - KEPT_SECONDS.get(grain, 1e12) for grain, since, _ in parts)
        assert sum((until - since) // grain for grain, since, until in parts) <= 2 * 60 + 2 * 24 + 366


def test_a_moment_is_counted_in_every_grain_that_is_kept() -> None:
    assert buckets_of(NOW, NOW) == [(grain, bucket_of(NOW, grain)) for grain in GRAINS]
    assert [grain for grain, _ in buckets_of(NOW - 3 * DAY, NOW)] == [HOUR, DAY, 0]
    assert [grain for grain, _ in buckets_of(NOW - 61 * DAY, NOW)] == [DAY, 0]
    assert forgotten_before(MINUTE, NOW) < NOW - KEPT_SECONDS[MINUTE]
