"""Masks of valid time, and the stretching of symbols to frames."""

from __future__ import annotations

import torch
from torch import Tensor


def mask_of(lengths: Tensor, longest: int | None = None) -> Tensor:
    """[batch] valid lengths to a float mask [batch, 1, time]."""
    steps = torch.arange(int(lengths.max()) if longest is None else longest, device=lengths.device)
    return (steps[None, :] < lengths[:, None]).to(torch.float32)[:, None, :]


def expanded(values: Tensor, durations: Tensor) -> Tensor:
    """`values` [batch, channels, symbols], each symbol repeated for its frames: [batch, channels, frames].

    `durations` is int64 [batch, symbols]. Rows shorter than the longest are zero at their end.
    """
    ends = durations.cumsum(dim=1)
    # As the original: a text without any length still has one frame.
    frames = max(1, int(ends[:, -1].max()))
    places = torch.arange(frames, device=durations.device).expand(len(durations), -1).contiguous()
    # Frame t belongs to the first symbol that ends after t.
    symbol = torch.searchsorted(ends, places, right=True)
    valid = symbol < durations.shape[1]
    index = symbol.clamp(max=durations.shape[1] - 1)[:, None, :].expand(-1, values.shape[1], -1)
    return values.gather(2, index) * valid[:, None, :]
