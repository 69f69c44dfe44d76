"""How long each symbol lasts: a regression, and a flow that draws it (VITS, section 2.2.2 and appendix A)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.vits.norms import ChannelNorm
from workers.vits.splines import inverse_spline

#: Sizes that the published models have and their config.json does not say.
_REGRESSION_FILTERS: Final = 256
_KERNEL: Final = 3
_FLOWS: Final = 4
_BINS: Final = 10
_BOUND: Final = 5.0
_DEPTH: Final = 3


class DurationPredictor(nn.Module):
    """Hidden states and the speaker to the logarithm of durations, [batch, 1, symbols]."""

    def __init__(self, hidden: int, speaker_channels: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(hidden, _REGRESSION_FILTERS, _KERNEL, padding=_KERNEL // 2)
        self.norm_1 = ChannelNorm(_REGRESSION_FILTERS)
        self.conv_2 = nn.Conv1d(_REGRESSION_FILTERS, _REGRESSION_FILTERS, _KERNEL, padding=_KERNEL // 2)
        self.norm_2 = ChannelNorm(_REGRESSION_FILTERS)
        self.proj = nn.Conv1d(_REGRESSION_FILTERS, 1, 1)
        self.cond = nn.Conv1d(speaker_channels, hidden, 1)

    def forward(self, hidden: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        x = (hidden + self.cond(speaker)) * mask
        x = self.norm_1(functional.relu(self.conv_1(x)))
        x = self.norm_2(functional.relu(self.conv_2(x * mask)))
        out: Tensor = self.proj(x * mask)
        return out * mask


class StochasticDurationPredictor(nn.Module):
    """Noise [batch, 2, symbols], through a flow that the text conditions, to the logarithm of durations."""

    def __init__(self, hidden: int, speaker_channels: int) -> None:
        super().__init__()
        self.flows = _spline_flow(hidden)
        # The posterior half is for training; the published files hold it, and strict loading wants it to have a place.
        self.post_pre = nn.Conv1d(1, hidden, 1)
        self.post_proj = nn.Conv1d(hidden, hidden, 1)
        self.post_convs = _SeparableConvolutions(hidden)
        self.post_flows = _spline_flow(hidden)
        self.pre = nn.Conv1d(hidden, hidden, 1)
        self.proj = nn.Conv1d(hidden, hidden, 1)
        self.convs = _SeparableConvolutions(hidden)
        self.cond = nn.Conv1d(speaker_channels, hidden, 1)

    def forward(self, hidden: Tensor, mask: Tensor, speaker: Tensor, noise: Tensor) -> Tensor:
        """`noise` is already scaled; the result is [batch, 1, symbols]."""
        text = self.pre(hidden) + self.cond(speaker)
        text = self.proj(self.convs(text, mask)) * mask
        affine, *splines = self.flows
        z = noise
        # The published models leave the spline next to the affine step out when they speak, but not the flip after it.
        for spline in reversed(splines[2::2]):
            z = spline(z.flip(1), mask, text)
        out: Tensor = affine(z.flip(1), mask)
        return out[:, :1]

    def drop_training_parts(self) -> None:
        """Frees what only training needs."""
        del self.post_pre, self.post_proj, self.post_convs, self.post_flows


def _spline_flow(hidden: int) -> nn.ModuleList:
    """An affine step, then splines with a flip after each; flips have no weights, only their places in the list."""
    steps: list[nn.Module] = [_Affine()]
    for _ in range(_FLOWS):
        steps += [_SplineCoupling(hidden), nn.Identity()]
    return nn.ModuleList(steps)


class _Affine(nn.Module):
    """Shift and scale of the two channels, backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(2, 1))
        self.logs = nn.Parameter(torch.zeros(2, 1))

    def forward(self, z: Tensor, mask: Tensor) -> Tensor:
        return (z - self.m) * torch.exp(-self.logs) * mask


class _SplineCoupling(nn.Module):
    """The first channel bends the second by a spline, backwards."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self._scale = math.sqrt(hidden)
        self.pre = nn.Conv1d(1, hidden, 1)
        self.convs = _SeparableConvolutions(hidden)
        self.proj = nn.Conv1d(hidden, 3 * _BINS - 1, 1)

    def forward(self, z: Tensor, mask: Tensor, text: Tensor) -> Tensor:
        kept, bent = z.chunk(2, dim=1)
        shape = self.proj(self.convs(self.pre(kept) + text, mask)) * mask
        widths, heights, slopes = shape.transpose(1, 2)[:, None].split((_BINS, _BINS, _BINS - 1), dim=-1)
        bent = inverse_spline(bent, widths / self._scale, heights / self._scale, slopes, _BOUND)
        return torch.cat((kept, bent), dim=1) * mask


class _SeparableConvolutions(nn.Module):
    """Residual depthwise convolutions of growing dilation, each with a pointwise one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs_sep = nn.ModuleList(
            nn.Conv1d(channels, channels, _KERNEL, groups=channels, dilation=dilation, padding=_KERNEL // 2 * dilation)
            for dilation in (_KERNEL**index for index in range(_DEPTH))
        )
        self.convs_1x1 = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(_DEPTH))
        self.norms_1 = nn.ModuleList(ChannelNorm(channels) for _ in range(_DEPTH))
        self.norms_2 = nn.ModuleList(ChannelNorm(channels) for _ in range(_DEPTH))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        for depthwise, pointwise, norm_1, norm_2 in zip(
            self.convs_sep, self.convs_1x1, self.norms_1, self.norms_2, strict=True
        ):
            inner = functional.gelu(norm_1(depthwise(x * mask)))
            x = x + functional.gelu(norm_2(pointwise(inner)))
        return x * mask
