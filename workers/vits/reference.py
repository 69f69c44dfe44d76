"""The reference encoder (global style tokens, arXiv 1803.09017): a spectrogram to one vector that names its speaker."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn
from torch.nn import functional

_FILTERS: Final = (32, 32, 64, 64, 128, 128)
_STATE: Final = 128


class ReferenceEncoder(nn.Module):
    """A magnitude spectrogram [batch, bins, frames] to an embedding [batch, speaker_channels]."""

    def __init__(self, bins: int, speaker_channels: int) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(bins)
        sizes = zip((1, *_FILTERS), _FILTERS, strict=False)
        self.convs = nn.ModuleList(nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in sizes)
        for _ in _FILTERS:
            bins = (bins + 1) // 2
        self.gru = nn.GRU(_FILTERS[-1] * bins, _STATE, batch_first=True)
        self.proj = nn.Linear(_STATE, speaker_channels)

    def forward(self, spectrogram: Tensor) -> Tensor:
        x = self.layernorm(spectrogram.transpose(1, 2))[:, None]
        for convolution in self.convs:
            x = functional.relu(convolution(x))
        # [batch, filters, frames, bins] to one vector per frame; the state after the last one is kept.
        _, state = self.gru(x.transpose(1, 2).flatten(2))
        embedding: Tensor = self.proj(state[0])
        return embedding
