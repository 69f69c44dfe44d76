"""The vocoder: multi-band MelGAN (arXiv 2005.05106), whose sub-bands a pseudo-QMF bank joins to one signal."""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

#: Of the filter bank, which has no weights: taps, cut-off in half the sampling rate, and the shape of its window.
TAPS: Final = 62
CUTOFF: Final = 0.142
BETA: Final = 9.0


class _Slope(BaseModel):
    negative_slope: float = 0.01


class VocoderConfig(BaseModel):
    """`vocoder/config.json`. What only other shapes of the network use has one permitted value."""

    model_config = ConfigDict(extra="ignore")

    in_channels: int = Field(gt=0)
    out_channels: int = Field(gt=0)
    kernel_size: int = Field(gt=0)
    channels: int = Field(gt=0)
    bias: bool = True
    upsample_scales: tuple[int, ...] = Field(min_length=1)
    stack_kernel_size: int = Field(gt=0)
    stacks: int = Field(gt=0)
    nonlinear_activation: Literal["LeakyReLU"] = "LeakyReLU"
    nonlinear_activation_params: _Slope = _Slope()
    pad: Literal["ReflectionPad1d"] = "ReflectionPad1d"
    use_final_nonlinear_activation: bool = True
    use_causal_conv: Literal[False] = False

    @property
    def hop(self) -> int:
        """Samples of one mel frame."""
        samples: int = self.out_channels * math.prod(self.upsample_scales)
        return samples

    @property
    def reach(self) -> int:
        """How many frames before and after itself a frame's samples can depend on."""
        frames = (self.kernel_size - 1) / 2
        dilations = sum(self.stack_kernel_size**level for level in range(self.stacks))
        rate = 1
        for scale in self.upsample_scales:
            frames += 1 / rate
            rate *= scale
            frames += dilations * (self.stack_kernel_size - 1) / 2 / rate
        frames += (self.kernel_size - 1) / 2 / rate + TAPS / 2 / self.hop
        return math.ceil(frames) + 1

    @property
    def least(self) -> int:
        """The fewest frames that the network can take: its padding mirrors at most all but one sample."""
        widest = self.stack_kernel_size ** (self.stacks - 1) * (self.stack_kernel_size - 1) // 2
        least: int = max((self.kernel_size - 1) // 2, widest // self.upsample_scales[0]) + 1
        return least


class Generator(nn.Module):
    """Mel [1, mels, frames] to sub-bands [1, bands, frames · hop / bands], in −1…1."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        slope = config.nonlinear_activation_params.negative_slope
        edge = (config.kernel_size - 1) // 2
        channels = config.channels
        layers: list[nn.Module] = [
            nn.ReflectionPad1d(edge),
            nn.Conv1d(config.in_channels, channels, config.kernel_size, bias=config.bias),
        ]
        for scale in config.upsample_scales:
            layers += [nn.LeakyReLU(slope), _upsampling(channels, channels // 2, scale, bias=config.bias)]
            channels //= 2
            layers += [_ResidualStack(config, channels, level) for level in range(config.stacks)]
        layers += [
            nn.LeakyReLU(slope),
            nn.ReflectionPad1d(edge),
            nn.Conv1d(channels, config.out_channels, config.kernel_size, bias=config.bias),
        ]
        if config.use_final_nonlinear_activation:
            layers.append(nn.Tanh())
        self.melgan = nn.Sequential(*layers)

    def forward(self, mel: Tensor) -> Tensor:
        bands: Tensor = self.melgan(mel)
        return bands


class _ResidualStack(nn.Module):
    """A dilated convolution and one of width 1, beside a shortcut of width 1."""

    def __init__(self, config: VocoderConfig, channels: int, level: int) -> None:
        super().__init__()
        width, slope = config.stack_kernel_size, config.nonlinear_activation_params.negative_slope
        dilation = width**level
        self.stack = nn.Sequential(
            nn.LeakyReLU(slope),
            nn.ReflectionPad1d((width - 1) // 2 * dilation),
            nn.Conv1d(channels, channels, width, dilation=dilation, bias=config.bias),
            nn.LeakyReLU(slope),
            nn.Conv1d(channels, channels, 1, bias=config.bias),
        )
        self.skip_layer = nn.Conv1d(channels, channels, 1, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stack(x) + self.skip_layer(x)
        return out


def _upsampling(channels: int, out: int, scale: int, *, bias: bool) -> nn.ConvTranspose1d:
    return nn.ConvTranspose1d(
        channels,
        out,
        2 * scale,
        stride=scale,
        padding=scale // 2 + scale % 2,
        output_padding=scale % 2,
        bias=bias,
    )


class FilterBank(nn.Module):
    """Pseudo-QMF synthesis: sub-bands [1, bands, n] to one signal [1, 1, bands · n].

    Each band is shifted from a low-pass prototype by a cosine; zeros between its samples are never multiplied, as the
    filter is applied as a transposed convolution.
    """

    filters: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands
        time = np.arange(TAPS + 1) - TAPS / 2
        prototype = CUTOFF * np.sinc(CUTOFF * time) * np.kaiser(TAPS + 1, BETA)
        band = np.arange(bands)[:, None]
        phase = (2 * band + 1) * np.pi / (2 * bands) * time - (-1.0) ** band * np.pi / 4
        filters = bands * 2 * prototype * np.cos(phase)
        # A transposed convolution runs its filter backwards.
        flipped = np.ascontiguousarray(filters[:, None, ::-1]).astype(np.float32)
        self.register_buffer("filters", torch.from_numpy(flipped), persistent=False)

    def forward(self, bands: Tensor) -> Tensor:
        return functional.conv_transpose1d(
            bands, self.filters, stride=self.bands, padding=TAPS // 2, output_padding=self.bands - 1
        )
