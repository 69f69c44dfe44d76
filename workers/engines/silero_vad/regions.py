"""From the probability of speech per frame to stretches of speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

#: Speech that has begun goes on until the probability falls this far below the threshold.
HYSTERESIS = 0.15
_LOWEST = 0.01


@dataclass(frozen=True)
class Rules:
    """`threshold` is a probability, the rest are seconds."""

    threshold: float
    min_speech: float
    min_silence: float
    pad: float


def regions(probabilities: Sequence[float], frame: float, seconds: float, rules: Rules) -> list[tuple[float, float]]:
    """Start and end of each stretch, in seconds, in order and without overlap.

    `probabilities` holds one per frame of `frame` seconds, `seconds` is the recording's length.
    """
    merged = _merge(_runs(probabilities, rules.threshold), rules.min_silence / frame)
    spoken = [(start * frame, min(end * frame, seconds)) for start, end in merged]
    return _padded([run for run in spoken if run[1] - run[0] >= rules.min_speech], rules.pad, seconds)


def _runs(probabilities: Sequence[float], threshold: float) -> list[tuple[int, int]]:
    """Runs of frames that begin at the threshold and last while above the lower one."""
    runs: list[tuple[int, int]] = []
    lower = max(threshold - HYSTERESIS, _LOWEST)
    start: int | None = None
    for index, probability in enumerate(probabilities):
        if start is None and probability >= threshold:
            start = index
        elif start is not None and probability < lower:
            runs.append((start, index))
            start = None
    if start is not None:
        runs.append((start, len(probabilities)))
    return runs


def _merge(runs: list[tuple[int, int]], min_gap: float) -> list[tuple[int, int]]:
    """The runs, joined over gaps shorter than `min_gap` frames."""
    merged: list[tuple[int, int]] = []
    for start, end in runs:
        if merged and start - merged[-1][1] < min_gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _padded(runs: list[tuple[float, float]], pad: float, seconds: float) -> list[tuple[float, float]]:
    """The runs, longer by `pad` on both sides as far as the recording and half the pause to a neighbour allow."""
    starts = [0.0, *((end + start) / 2 for (_, end), (start, _) in pairwise(runs))]
    ends = [*starts[1:], seconds]
    return [
        (max(first, start - pad), min(last, end + pad))
        for (start, end), first, last in zip(runs, starts, ends, strict=False)
    ]
