"""A reference recording made ready for the speaker encoder: its level, then its long silences."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.errors import PermanentError
from workers.contract import Audio, Samples
from workers.enginekit import is_silent, library_errors
from workers.ge2e.sound import RATE, raised, without_long_pauses

#: Peak of the recording before its level is looked at.
PEAK: Final = 0.9
#: Seconds of voice that are needed at least.
SHORTEST: Final = 0.5


def ready(audio: Audio) -> Samples:
    """The recording as the encoder takes it; PermanentError if it is silent, or holds no or too little voice."""
    if audio.seconds < SHORTEST:
        raise PermanentError(f"A voice needs at least {SHORTEST:g} s of sound.", code="audio_too_short")
    if is_silent(audio):
        raise PermanentError("The recording is silent; there is no voice in it.", code="audio_silent")
    with library_errors("webrtcvad"):
        voice = without_long_pauses(levelled(audio.samples))
    if len(voice) == 0:
        raise PermanentError("There is no voice in the recording.", code="audio_no_speech")
    if len(voice) < SHORTEST * RATE:
        message = f"The recording holds {len(voice) / RATE:.2f} s of voice; at least {SHORTEST:g} s are needed."
        raise PermanentError(message, code="audio_too_short")
    return voice


def levelled(samples: Samples) -> Samples:
    """`samples` with their peak at 0.9, then raised to −30 dBFS if they lie below. They are not silent."""
    peaked: Samples = (samples / np.abs(samples).max() * PEAK).astype(np.float32)
    return raised(peaked)
