"""A recording to its tone color, the embedding that a converter takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch

from pipelines.errors import PermanentError
from workers.contract import Audio, Samples
from workers.enginekit import is_silent
from workers.engines.openvoice.network import ToneConverter
from workers.vits.config import DataConfig
from workers.vits.spectrogram import spectrogram

SHORTEST: Final = 0.5
#: The original cuts what is said in a reference into equal parts of about this many seconds, and averages over them.
PART: Final = 10.0


def parts_of(audio: Audio) -> list[Samples]:
    """Equal parts of about ten seconds; PermanentError for a recording without enough to know a voice by."""
    if audio.seconds < SHORTEST:
        raise PermanentError(f"A voice needs at least {SHORTEST:g} s of sound.", code="reference_too_short")
    if is_silent(audio):
        raise PermanentError("The recording is silent; there is no voice in it.", code="reference_silent")
    return np.array_split(audio.samples, max(1, round(audio.seconds / PART)))


@torch.inference_mode()
def embeddings(network: ToneConverter, config: DataConfig, parts: list[Samples]) -> Iterator[Samples]:
    """One vector per part, float32 [gin_channels]."""
    device = next(network.parameters()).device
    for part in parts:
        frames = spectrogram(torch.from_numpy(part)[None].to(device), config)
        vector: Samples = network.embedding(frames)[0, :, 0].float().cpu().numpy()
        yield vector
