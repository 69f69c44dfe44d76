"""The text encoder: symbols to the mean and spread of the latent that each of them stands for."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor, nn

from workers.vits.config import ModelConfig
from workers.vits.transformer import Transformer


class Prior(NamedTuple):
    """What a text encoder makes: hidden states, means and logarithms of deviations, each [batch, channels, symbols]."""

    hidden: Tensor
    mean: Tensor
    log_deviation: Tensor
    mask: Tensor


class TextEncoder(nn.Module):
    """Symbol ids [batch, symbols] to a Prior.

    Families whose symbols have more features than their id add those by overriding `embedded`.
    """

    def __init__(self, vocabulary: int, config: ModelConfig, speaker_channels: int = 0) -> None:
        super().__init__()
        self._scale = math.sqrt(config.hidden_channels)
        self.emb = nn.Embedding(vocabulary, config.hidden_channels)
        self.encoder = Transformer(
            config.hidden_channels,
            config.filter_channels,
            config.n_heads,
            layers=config.n_layers,
            kernel=config.kernel_size,
            speaker_channels=speaker_channels,
        )
        self.proj = nn.Conv1d(config.hidden_channels, 2 * config.inter_channels, 1)

    def embedded(self, ids: Tensor) -> Tensor:
        """[batch, symbols] to [batch, symbols, hidden]."""
        vectors: Tensor = self.emb(ids)
        return vectors

    def forward(self, ids: Tensor, mask: Tensor, speaker: Tensor | None = None) -> Prior:
        return self.encoded(self.embedded(ids), mask, speaker)

    def encoded(self, vectors: Tensor, mask: Tensor, speaker: Tensor | None = None) -> Prior:
        """The Prior of embedded symbols, [batch, symbols, hidden]."""
        hidden = self.encoder((vectors * self._scale).transpose(1, 2), mask, speaker)
        mean, log_deviation = (self.proj(hidden) * mask).chunk(2, dim=1)
        return Prior(hidden, mean, log_deviation, mask)
