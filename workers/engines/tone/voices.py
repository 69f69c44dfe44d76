"""How the weightless family tells voices apart: by the energy of sixteen bands of the spectrum."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.errors import PermanentError
from workers.contract import Embedding, Samples

DIMENSIONS: Final = 16
#: A voice is shifted by four octaves at most.
_FARTHEST: Final = 16.0


def bands(samples: Samples) -> Samples:
    """The energy of DIMENSIONS bands of equal width, from 0 Hz up, as a float32 vector of unit length."""
    spectrum = np.abs(np.fft.rfft(samples, n=1024 * DIMENSIONS))[1:]
    # The constant keeps silence from being a vector without a direction.
    energy = np.sqrt(np.sum(spectrum.reshape(DIMENSIONS, -1) ** 2, axis=1)) + 1e-6
    vector: Samples = (energy / np.linalg.norm(energy)).astype(np.float32)
    return vector


def pitch_of(speaker: Embedding, space: str, rate: int) -> float:
    """The middle of the speaker's energy in Hz; PermanentError for a vector of another space or size."""
    if speaker.family != space or speaker.vector.shape != (DIMENSIONS,):
        message = f"The embedding is of {speaker.family} and {len(speaker.vector)} numbers; tone's have {DIMENSIONS}."
        raise PermanentError(message, code="embedding_mismatch")
    energy = speaker.vector.astype(np.float64) ** 2
    width = rate / 2 / DIMENSIONS
    return float(np.sum(energy * (np.arange(DIMENSIONS) + 0.5) * width) / np.sum(energy))


def shifted(samples: Samples, ratio: float) -> Samples:
    """The same number of samples at `ratio` times the pitch: played faster in a circle, or slower to a part."""
    places = np.arange(len(samples)) * float(np.clip(ratio, 1 / _FARTHEST, _FARTHEST))
    moved: Samples = np.interp(places, np.arange(len(samples)), samples, period=len(samples)).astype(np.float32)
    return moved
