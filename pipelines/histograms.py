"""Histograms of positive numbers in buckets of equal ratio: small to keep, exact to add up, good for percentiles.

Each bucket reaches from 1.2^n to 1.2^(n+1) and is told as its middle, 1.2^(n+1/2), so that a percentile is at most
10 % beside the true one. Numbers below SMALLEST count as SMALLEST.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Literal

_RATIO = 1.2
_LOG = math.log(_RATIO)

SMALLEST = 1e-3

#: Bucket → how many; the keys are text because a histogram is kept as JSON.
Histogram = dict[str, int]

Percentile = Literal["p50", "p90", "p99"]
_SHARES: Mapping[Percentile, float] = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def add(histogram: Histogram, value: float) -> None:
    """Counts one number in."""
    bucket = str(math.floor(math.log(max(value, SMALLEST)) / _LOG))
    histogram[bucket] = histogram.get(bucket, 0) + 1


def merge(histogram: Histogram, other: Mapping[str, int]) -> None:
    """Counts in everything that the other one has counted."""
    for bucket, count in other.items():
        histogram[bucket] = histogram.get(bucket, 0) + count


def percentiles(histogram: Mapping[str, int]) -> dict[Percentile, float | None]:
    """The number that half, 90 % and 99 % of all do not exceed, to four digits; None of an empty histogram."""
    in_order = sorted((int(bucket), count) for bucket, count in histogram.items())
    total = sum(count for _, count in in_order)
    return {name: _at(in_order, share * total) if total else None for name, share in _SHARES.items()}


def _at(in_order: list[tuple[int, int]], rank: float) -> float:
    seen = accumulate(count for _, count in in_order)
    bucket = next(bucket for (bucket, _), upto in zip(in_order, seen, strict=True) if upto >= rank)
    return float(f"{_RATIO ** (bucket + 0.5):.4g}")
