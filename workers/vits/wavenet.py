"""The non-causal WaveNet of WaveGlow (arXiv 1811.00002): gated convolutions that hear a speaker."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

_KERNEL: Final = 5


class WaveNet(nn.Module):
    """[batch, hidden, time] and a speaker [batch, speaker_channels, 1] to the same; undilated, kernel 5."""

    def __init__(self, hidden: int, layers: int, speaker_channels: int) -> None:
        super().__init__()
        self._layers = layers
        self.in_layers = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden, _KERNEL, padding=_KERNEL // 2) for _ in range(layers)
        )
        # The last layer goes nowhere but out.
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden if index < layers - 1 else hidden, 1) for index in range(layers)
        )
        self.cond_layer = nn.Conv1d(speaker_channels, 2 * hidden * layers, 1)

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        conditions = self.cond_layer(speaker).chunk(self._layers, dim=1)
        out = torch.zeros_like(x)
        for convolution, condition, res_skip in zip(self.in_layers, conditions, self.res_skip_layers, strict=True):
            content, gate = (convolution(x) + condition).chunk(2, dim=1)
            made = res_skip(torch.tanh(content) * torch.sigmoid(gate))
            if made.shape[1] > x.shape[1]:
                residual, made = made.chunk(2, dim=1)
                x = (x + residual) * mask
            out = out + made
        return out * mask


def context(layers: int) -> int:
    """How many frames to either side of a moment a WaveNet of so many layers sees."""
    return layers * (_KERNEL // 2)
