"""How many people speak in a recording, from the embeddings of its parts, as far as that can be told.

Parts are gathered from the bottom up by the mean cosine between groups (average linkage, as in Sell and
Garcia-Romero, "Speaker diarization with PLDA i-vector scoring and unsupervised calibration", SLT 2014). Two limits
make three answers: groups that stay apart below `other` are different people, those that meet above `same` are one,
and between the limits it cannot be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.contract import SpeechRegion

#: Parts are about this long, in seconds: shorter ones say too little of a voice, longer ones may mix two.
PART: Final = 3.0
_LEAST: Final = 2.0
#: So many parts are heard at most, spread over the recording.
MOST: Final = 40
#: A group with a smaller share of the parts is a cough or a laugh, and nobody of its own.
_SHARE: Final = 0.15


@dataclass(frozen=True)
class Limits:
    """Of the cosine between the embeddings of two parts: from `same` on one person, below `other` two."""

    same: float
    other: float


def parts_of(stretches: Sequence[SpeechRegion]) -> list[SpeechRegion]:
    """The stretches in parts of about three seconds, MOST of them at most; none shorter than two."""
    parts: list[SpeechRegion] = []
    for stretch in stretches:
        seconds = stretch.end - stretch.start
        if seconds >= _LEAST:
            edges = np.linspace(stretch.start, stretch.end, max(1, math.floor(seconds / PART)) + 1).tolist()
            parts.extend(SpeechRegion(start, end) for start, end in pairwise(edges))
    if len(parts) <= MOST:
        return parts
    return [parts[index] for index in np.linspace(0, len(parts) - 1, MOST).round().astype(int).tolist()]


def count_speakers(vectors: NDArray[np.float32], limits: Limits) -> int | None:
    """How many people; None where it cannot be told. `vectors` [parts, dimensions], each of length 1."""
    if len(vectors) < 2:  # noqa: PLR2004 - one part has nothing to differ from
        return None
    alike = vectors @ vectors.T
    several = _people(alike, limits.other)
    if several > 1:
        return several
    return 1 if _people(alike, limits.same) == 1 else None


def _people(alike: NDArray[np.float32], cut: float) -> int:
    """How many groups stay apart below `cut`, not counting those that are too small."""
    groups = [[index] for index in range(len(alike))]
    while len(groups) > 1:
        nearest, first, second = max(
            (float(np.mean(alike[np.ix_(groups[one], groups[other])])), one, other)
            for one in range(len(groups))
            for other in range(one + 1, len(groups))
        )
        if nearest < cut:
            break
        groups[first] += groups.pop(second)
    return sum(len(group) >= _SHARE * len(alike) for group in groups)
