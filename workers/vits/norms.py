"""Layer norm over channels, as VITS's checkpoints name its parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ChannelNorm(nn.Module):
    """Normalises the channels of each moment: [batch, channels, time] to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta).transpose(1, 2)
