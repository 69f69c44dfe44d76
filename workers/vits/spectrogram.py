"""Sound to the linear magnitude spectrogram that posterior and reference encoders take."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from workers.vits.config import DataConfig

#: Added to the power, so that silence has a magnitude (0.001) and a slope.
_FLOOR: Final = 1e-6


def spectrogram(sound: Tensor, config: DataConfig) -> Tensor:
    """[batch, samples] to [batch, filter_length / 2 + 1, frames]; frame i is centred on hop i + ½."""
    return magnitudes(mirrored(sound, config), config)


def mirrored(sound: Tensor, config: DataConfig) -> Tensor:
    """`sound` [batch, samples] with both ends mirrored, by half of what a frame exceeds a hop.

    Sound that is too short for that is lengthened by zeros.
    """
    margin = (config.filter_length - config.hop_length) // 2
    shortest = max(margin + 1, config.hop_length)
    if sound.shape[-1] < shortest:
        sound = functional.pad(sound, (0, shortest - sound.shape[-1]))
    return functional.pad(sound[:, None], (margin, margin), mode="reflect")[:, 0]


def magnitudes(sound: Tensor, config: DataConfig) -> Tensor:
    """The frames that lie wholly in `sound` [batch, samples], the first of which begins with it."""
    transform = torch.stft(
        sound,
        config.filter_length,
        config.hop_length,
        config.win_length,
        _window(config.win_length, sound.device),
        center=False,
        onesided=True,
        return_complex=True,
    )
    return torch.sqrt(transform.real.square() + transform.imag.square() + _FLOOR)


@lru_cache(maxsize=8)
def _window(length: int, device: torch.device) -> Tensor:
    return torch.hann_window(length, device=device)
