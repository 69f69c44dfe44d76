"""Pauses between sentences, and the level of the whole.

A spectrogram says a pause by frames at the floor of its scale, which speech never is in every band. The vocoder hears
the sentences one right behind the other, as the original has it, and the pauses are put between them as true silence.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.contract import Samples

#: Behind each sentence, in seconds.
PAUSE: Final = 0.15
#: The floor of the spectrogram's scale.
FLOOR: Final = -4.0
#: Peak of what is spoken.
PEAK: Final = 0.97
RATE: Final = 16000


def with_pause(mel: Samples, hop: int) -> Samples:
    """A sentence [mels, frames] with the frames of its pause behind it."""
    return np.pad(mel, ((0, 0), (0, round(PAUSE * RATE / hop))), constant_values=FLOOR)


def spoken_frames(mel: Samples) -> NDArray[np.bool_]:
    """Which frames of a spectrogram are no pause: bool [frames]."""
    spoken: NDArray[np.bool_] = np.any(mel != FLOOR, axis=0)
    return spoken


def spread(wave: Samples, spoken: NDArray[np.bool_], hop: int) -> Samples:
    """`wave` of the spoken frames, with silence where a pause was, and its peak at 0.97: float32 [frames · hop]."""
    sound = np.zeros((len(spoken), hop), np.float32)
    sound[spoken] = wave.reshape(-1, hop)
    peak = float(np.abs(wave).max(initial=0.0))
    levelled: Samples = sound.ravel() if peak == 0.0 else (sound.ravel() / peak * PEAK).astype(np.float32)
    return levelled
