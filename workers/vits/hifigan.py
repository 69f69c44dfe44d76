"""The generator of HiFi-GAN (arXiv 2010.05646): a latent to a waveform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.vits.config import ModelConfig

_LEAK: Final = 0.1
#: Before the last convolution; the published models have torch's default here.
_LAST_LEAK: Final = 0.01
_KERNEL: Final = 7


class HifiGan(nn.Module):
    """[batch, inter_channels, frames] and a speaker to sound in −1…1, [batch, 1, frames · hop_length]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        channels = config.upsample_initial_channel
        self.conv_pre = _Convolution(config.inter_channels, channels, _KERNEL, padding=_KERNEL // 2)
        self.cond = nn.Conv1d(config.gin_channels, channels, 1)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        self._kinds = len(config.resblock_kernel_sizes)
        block = _TwofoldBlock if config.resblock == "1" else _SimpleBlock
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(_Upsampling(channels, channels // 2, kernel, stride=rate, padding=padding))
            channels //= 2
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(channels, size, dilations))
        self.conv_post = _Convolution(channels, 1, _KERNEL, padding=_KERNEL // 2, bias=False)

    @staticmethod
    def context(config: ModelConfig) -> int:
        """How many frames to either side of a moment its sound may depend on, at most."""
        reach = Fraction(_KERNEL // 2)
        scale = 1
        # A stage reaches as far as the widest of its blocks; each sample of it is 1 / scale of a frame.
        kinds = list(zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True))
        plain = 1 if config.resblock == "1" else 0
        widest = max((kernel - 1) // 2 * sum(dilation + plain for dilation in dilations) for kernel, dilations in kinds)
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            reach += Fraction(kernel, rate * scale)
            scale *= rate
            reach += Fraction(widest, scale)
        return math.ceil(reach + Fraction(_KERNEL // 2, scale))

    def forward(self, latent: Tensor, speaker: Tensor) -> Tensor:
        x = self.conv_pre(latent[:, :, None].contiguous(memory_format=torch.channels_last))
        x = x + self.cond(speaker)[:, :, None]
        for index, upsample in enumerate(self.ups):
            x = upsample(functional.leaky_relu_(x, _LEAK))
            first, *others = self.resblocks[index * self._kinds : (index + 1) * self._kinds]
            # The receptive fields are fused by their mean. What nobody reads again is overwritten: here memory, not
            # arithmetic, is what a sample costs.
            x = reduce(lambda sum_, block: sum_.add_(block(x)), others, first(x)).div_(self._kinds)
        return torch.tanh_(self.conv_post(functional.leaky_relu_(x, _LAST_LEAK)))[:, :, 0]


class _Convolution(nn.Conv1d):
    """Over [batch, channels, 1, time] with the channels of a moment side by side in memory.

    That is how the processor's kernels want it (up to eight times as fast where channels are few); weights lie so from
    the start, and loading fills them where they lie.
    """

    def __init__(
        self, before: int, after: int, kernel: int, *, padding: int, dilation: int = 1, bias: bool = True
    ) -> None:
        super().__init__(before, after, kernel, padding=padding, dilation=dilation, bias=bias)
        self.weight = _channels_last(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        weight, padding, dilation = self.weight[:, :, None], (0, int(self.padding[0])), (1, self.dilation[0])
        return functional.conv2d(x, weight, self.bias, padding=padding, dilation=dilation)


class _Upsampling(nn.ConvTranspose1d):
    """The same for a transposed convolution."""

    def __init__(self, before: int, after: int, kernel: int, *, stride: int, padding: int) -> None:
        super().__init__(before, after, kernel, stride=stride, padding=padding)
        self.weight = _channels_last(self.weight)

    def forward(self, x: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        del output_size
        stride, padding = (1, self.stride[0]), (0, int(self.padding[0]))
        return functional.conv_transpose2d(x, self.weight[:, :, None], self.bias, stride, padding)


def _channels_last(weight: Tensor) -> nn.Parameter:
    """[after, before, kernel], of which `before` follows most closely in memory."""
    return nn.Parameter(weight.detach().transpose(1, 2).contiguous().transpose(1, 2))


class _TwofoldBlock(nn.Module):
    """HiFi-GAN's first kind: each residual is a dilated and a plain convolution."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            inner = dilated(functional.leaky_relu(x, _LEAK))
            x = plain(functional.leaky_relu_(inner, _LEAK)).add_(x)
        return x


class _SimpleBlock(nn.Module):
    """HiFi-GAN's second kind: each residual is one dilated convolution."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convs:
            x = convolution(functional.leaky_relu(x, _LEAK)).add_(x)
        return x


def _same(channels: int, kernel: int, dilation: int) -> _Convolution:
    return _Convolution(channels, channels, kernel, dilation=dilation, padding=(kernel - 1) * dilation // 2)
