"""The posterior encoder: a spectrogram to the latent that the generator makes sound of."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from workers.vits.wavenet import WaveNet, context

_LAYERS: Final = 16
#: How many frames to either side of a moment it sees.
CONTEXT: Final = context(_LAYERS)


class Posterior(NamedTuple):
    """Means and logarithms of deviations, [batch, inter_channels, frames]."""

    mean: Tensor
    log_deviation: Tensor
    mask: Tensor

    def drawn(self, noise: Tensor | None, temperature: float) -> Tensor:
        """A latent; `noise` holds standard normal numbers in its shape, None (or a temperature of 0) gives the mean."""
        if noise is None or temperature == 0:
            return self.mean * self.mask
        return (self.mean + noise * temperature * torch.exp(self.log_deviation)) * self.mask


class PosteriorEncoder(nn.Module):
    """A magnitude spectrogram [batch, bins, frames] to a Posterior."""

    def __init__(self, bins: int, latent: int, hidden: int, speaker_channels: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(bins, hidden, 1)
        self.enc = WaveNet(hidden, _LAYERS, speaker_channels)
        self.proj = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(self, spectrogram: Tensor, mask: Tensor, speaker: Tensor) -> Posterior:
        hidden = self.enc(self.pre(spectrogram) * mask, mask, speaker)
        mean, log_deviation = (self.proj(hidden) * mask).chunk(2, dim=1)
        return Posterior(mean, log_deviation, mask)
