"""Whether a recording can tell how somebody sounds, and which stretches of it to listen to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from pipelines.errors import PermanentError
from pipelines.speakers import LEAST_SPEECH
from workers.contract import Audio, SpeechRegion
from workers.enginekit import is_silent

#: No stretch is longer, in seconds: encoders know a voice by a few seconds, and several are averaged.
LONGEST: Final = 10.0
#: A pause up to this long, in seconds, belongs to a stretch: joined words say more of a voice than single ones.
_PAUSE: Final = 0.5
#: A shorter stretch, in seconds, is left out where there are longer ones.
_SHORTEST: Final = 0.5
#: Samples from here on, of full scale, count as clipped.
_CLIPPED: Final = 0.999


@dataclass(frozen=True)
class Bounds:
    """How long a reference must and may be, in seconds, and which field of the request it came by."""

    least: float
    most: float
    field: str

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Bounds | None:
        """Those of a step; None where it listens to something else than a reference."""
        if "min_seconds" not in options:
            return None
        return cls(options["min_seconds"], options["max_seconds"], options["field"])

    def refused(self, code: str, detail: str) -> PermanentError:
        """The error that says why the recording will not do."""
        return PermanentError(detail, code=code, field=self.field)


def check_length(bounds: Bounds, seconds: float | None) -> None:
    """PermanentError `reference_too_short` or `reference_too_long`; before the sound is read, which may be hours."""
    if seconds is None:
        return
    if seconds < bounds.least:
        message = f"The recording lasts {seconds:.1f} s; at least {bounds.least:g} s are needed."
        raise bounds.refused("reference_too_short", message)
    if seconds > bounds.most:
        message = f"The recording lasts {seconds:.0f} s; at most {bounds.most:g} s are taken."
        raise bounds.refused("reference_too_long", message)


def check_sound(bounds: Bounds, audio: Audio) -> None:
    """PermanentError `reference_silent` if there is nothing to hear."""
    if is_silent(audio):
        raise bounds.refused("reference_silent", "The recording is silent.")


def check_speech(bounds: Bounds, regions: Sequence[SpeechRegion]) -> None:
    """PermanentError `reference_no_speech` or `reference_too_short` if there is not enough to know a voice by."""
    if not regions:
        raise bounds.refused("reference_no_speech", "Nobody speaks in the recording.")
    if (speech := seconds_of(regions)) < LEAST_SPEECH:
        message = f"The recording holds {speech:.1f} s of speech; at least {LEAST_SPEECH:g} s are needed."
        raise bounds.refused("reference_too_short", message)


def inside(bounds: Bounds, segments: Sequence[SpeechRegion], seconds: float) -> list[SpeechRegion]:
    """The segments as far as they lie in the recording; PermanentError if that leaves too little."""
    if not segments:
        return []
    left = [SpeechRegion(part.start, min(part.end, seconds)) for part in segments if part.start < seconds]
    if (speech := seconds_of(left)) < LEAST_SPEECH:
        message = f"The segments cover {speech:.1f} s of the recording; at least {LEAST_SPEECH:g} s are needed."
        raise bounds.refused("reference_too_short", message)
    return left


def stretches(regions: Sequence[SpeechRegion]) -> list[SpeechRegion]:
    """Regions of speech as stretches of at most LONGEST: near ones joined, long ones cut into equal parts."""
    joined: list[SpeechRegion] = []
    for region in (part for whole in regions for part in _cut(whole)):
        last = joined[-1] if joined else None
        if last and region.start - last.end <= _PAUSE and region.end - last.start <= LONGEST:
            joined[-1] = SpeechRegion(last.start, region.end)
        else:
            joined.append(region)
    long = [part for part in joined if part.end - part.start >= _SHORTEST]
    return long if seconds_of(long) >= LEAST_SPEECH else joined


def seconds_of(regions: Sequence[SpeechRegion]) -> float:
    """How long they are together."""
    return sum(region.end - region.start for region in regions)


def clipped_share(audio: Audio) -> float:
    """The share of samples at full scale, 0–1."""
    return float(np.mean(np.abs(audio.samples) >= _CLIPPED))


def _cut(region: SpeechRegion) -> list[SpeechRegion]:
    parts = max(1, math.ceil((region.end - region.start) / LONGEST))
    edges = np.linspace(region.start, region.end, parts + 1).tolist()
    return [SpeechRegion(start, end) for start, end in pairwise(edges)]
