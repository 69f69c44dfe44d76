"""Sound at another sampling rate, in memory."""

from __future__ import annotations

import numpy as np
import soxr

from workers.contract import Audio


def resampled(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at `sample_rate` Hz; itself where that is its rate."""
    if audio.sample_rate == sample_rate:
        return audio
    return Audio(np.asarray(soxr.resample(audio.samples, audio.sample_rate, sample_rate), np.float32), sample_rate)
