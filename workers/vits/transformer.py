"""A transformer over time with relative positions in a window (arXiv 1803.02155, as in Glow-TTS, arXiv 2005.11129)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.vits.norms import ChannelNorm

#: How far relative positions are told apart, to either side.
WINDOW: Final = 4
#: Before which layer the speaker is added (VITS2, arXiv 2307.16430: the third).
SPEAKER_LAYER: Final = 2
#: What a forbidden place scores; finite, so that a row without any valid place stays a number.
_FORBIDDEN: Final = -1e4


class Transformer(nn.Module):
    """Layers of attention and convolutions, each followed by a norm: [batch, hidden, time] to the same.

    With `speaker_channels`, the speaker [batch, speaker_channels, 1] is added before the third layer.
    """

    def __init__(
        self, hidden: int, filters: int, heads: int, *, layers: int, kernel: int, speaker_channels: int = 0
    ) -> None:
        super().__init__()
        if speaker_channels:
            self.spk_emb_linear = nn.Linear(speaker_channels, hidden)
        self._hears_speaker = speaker_channels > 0
        self.attn_layers = nn.ModuleList(RelativeAttention(hidden, heads) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(hidden) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(_FeedForward(hidden, filters, kernel) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(hidden) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor | None = None) -> Tensor:
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for index, (attention, norm_1, feed_forward, norm_2) in enumerate(layers):
            if index == SPEAKER_LAYER and self._hears_speaker and speaker is not None:
                x = (x + self.spk_emb_linear(speaker.transpose(1, 2)).transpose(1, 2)) * mask
            x = norm_1(x + attention(x, mask))
            x = norm_2(x + feed_forward(x, mask))
        return x * mask


class RelativeAttention(nn.Module):
    """Self-attention whose keys and values also know how far apart two places are, up to WINDOW."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        width = channels // heads
        self.emb_rel_k = nn.Parameter(torch.empty(1, 2 * WINDOW + 1, width))
        self.emb_rel_v = nn.Parameter(torch.empty(1, 2 * WINDOW + 1, width))
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = (self._split(conv(x)) for conv in (self.conv_q, self.conv_k, self.conv_v))
        query = query / math.sqrt(query.shape[-1])
        places, inside = _neighbours(x.shape[2], x.device)
        index = places.expand(*query.shape[:2], -1, -1)
        near = (query @ self.emb_rel_k.transpose(1, 2)) * inside
        scores = (query @ key.transpose(2, 3)).scatter_add(3, index, near)
        allowed = mask[:, :, :, None] * mask[:, :, None, :]
        weights = functional.softmax(scores.masked_fill(allowed == 0, _FORBIDDEN), dim=-1)
        out = weights @ value + (weights.gather(3, index) * inside) @ self.emb_rel_v
        joined: Tensor = self.conv_o(out.transpose(2, 3).flatten(1, 2))
        return joined

    def _split(self, x: Tensor) -> Tensor:
        """[batch, channels, time] to [batch, heads, time, width]."""
        batch, channels, time = x.shape
        return x.view(batch, self._heads, channels // self._heads, time).transpose(2, 3)


def _neighbours(length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The places around each place, WINDOW to either side, and which of them exist: both [time, 2 · WINDOW + 1]."""
    places = torch.arange(length, device=device)[:, None] + torch.arange(-WINDOW, WINDOW + 1, device=device)
    return places.clamp(0, length - 1), ((places >= 0) & (places < length)).to(torch.float32)


class _FeedForward(nn.Module):
    """Two convolutions over time."""

    def __init__(self, hidden: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(hidden, filters, kernel)
        self.conv_2 = nn.Conv1d(filters, hidden, kernel)
        # Even kernels look one further ahead than back.
        self._padding = ((kernel - 1) // 2, kernel // 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        inner = functional.relu(self.conv_1(functional.pad(x * mask, self._padding)))
        out: Tensor = self.conv_2(functional.pad(inner * mask, self._padding))
        return out * mask
