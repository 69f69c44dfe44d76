"""CAM++ in torch, from the paper (arXiv 2303.00332): context-aware masking in a densely connected TDNN.

Names of modules follow the layout of the published checkpoint, so that its state dict loads strictly. Shapes below are
[batch, channels, frames] unless said; the input is [batch, frames, 80], the output [batch, 192].
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

FEATURES: Final = 80
DIMENSIONS: Final = 192

_FRONT_CHANNELS: Final = 32
_FIRST_CHANNELS: Final = 128
_GROWTH: Final = 32
_BOTTLENECK: Final = 4 * _GROWTH
#: Per dense block: its layers and the dilation of their convolutions.
_BLOCKS: Final = ((12, 1), (24, 2), (16, 2))
#: Frames whose mean is the local context of a mask.
_CONTEXT: Final = 100


class CamPlusPlusNetwork(nn.Module):
    """A front end of 2-D convolutions, three dense blocks with masks, statistics over time, one projection."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _FrontEnd()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["tdnn"] = _Tdnn(_FRONT_CHANNELS * FEATURES // 8, _FIRST_CHANNELS)
        channels = _FIRST_CHANNELS
        for number, (count, dilation) in enumerate(_BLOCKS, start=1):
            layers[f"block{number}"] = _DenseBlock(channels, count, dilation)
            channels += count * _GROWTH
            layers[f"transit{number}"] = _Transit(channels, channels // 2)
            channels //= 2
        layers["out_nonlinear"] = _norm_relu(channels)
        layers["stats"] = _Statistics()
        layers["dense"] = _Projection(2 * channels, DIMENSIONS)
        self.xvector = nn.Sequential(layers)

    def forward(self, features: Tensor) -> Tensor:
        embedding: Tensor = self.xvector(self.head(features.transpose(1, 2)))
        return embedding


class _FrontEnd(nn.Module):
    """2-D convolutions that shrink the 80 bands to 10 and keep the frames: [batch, 80, n] to [batch, 320, n]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _conv2d(1)
        self.bn1 = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.layer1 = nn.Sequential(_Residual(stride=2), _Residual(stride=1))
        self.layer2 = nn.Sequential(_Residual(stride=2), _Residual(stride=1))
        self.conv2 = _conv2d(_FRONT_CHANNELS, stride=2)
        self.bn2 = nn.BatchNorm2d(_FRONT_CHANNELS)

    def forward(self, bands: Tensor) -> Tensor:
        first = functional.relu(self.bn1(self.conv1(bands[:, None])))
        deep = self.layer2(self.layer1(first))
        return functional.relu(self.bn2(self.conv2(deep))).flatten(1, 2)


class _Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut; `stride` counts bands, never frames."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv2d(_FRONT_CHANNELS, stride=stride)
        self.bn1 = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.conv2 = _conv2d(_FRONT_CHANNELS)
        self.bn2 = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.shortcut = nn.Sequential()
        if stride > 1:
            narrow = nn.Conv2d(_FRONT_CHANNELS, _FRONT_CHANNELS, 1, stride=(stride, 1), bias=False)
            self.shortcut = nn.Sequential(narrow, nn.BatchNorm2d(_FRONT_CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(inner + self.shortcut(x))


class _Tdnn(nn.Module):
    """The first convolution over time; it halves the number of frames."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, out, kernel_size=5, stride=2, padding=2, bias=False)
        self.nonlinear = _norm_relu(out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x))
        return out


class _DenseBlock(nn.Module):
    """Each layer sees what all before it made, and adds 32 channels."""

    def __init__(self, channels: int, count: int, dilation: int) -> None:
        super().__init__()
        for index in range(count):
            self.add_module(f"tdnnd{index + 1}", _DenseLayer(channels + index * _GROWTH, dilation))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = torch.cat((x, layer(x)), dim=1)
        return x


class _DenseLayer(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _norm_relu(channels)
        self.linear1 = nn.Conv1d(channels, _BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _norm_relu(_BOTTLENECK)
        self.cam_layer = _ContextMask(dilation)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return out


class _ContextMask(nn.Module):
    """A convolution, each of whose outputs is weighted by what the whole and the nearby 100 frames hold."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(_BOTTLENECK, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(_BOTTLENECK, _BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK // 2, _GROWTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        context = x.mean(dim=-1, keepdim=True) + _segment_means(x)
        mask = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        masked: Tensor = self.linear_local(x) * mask
        return masked


class _Transit(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.nonlinear = _norm_relu(channels)
        self.linear = nn.Conv1d(channels, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.nonlinear(x))
        return out


class _Statistics(nn.Module):
    """Mean and standard deviation over time: [batch, channels, n] to [batch, 2 · channels]."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x.mean(dim=-1), x.std(dim=-1, unbiased=True)), dim=-1)


class _Projection(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, out, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(out, affine=False)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x[..., None])[..., 0])
        return out


def _segment_means(x: Tensor) -> Tensor:
    """The mean of the 100 frames around each frame, in segments that begin at multiples of 100."""
    means = functional.avg_pool1d(x, _CONTEXT, stride=_CONTEXT, ceil_mode=True)
    return means.repeat_interleave(_CONTEXT, dim=-1)[..., : x.shape[-1]]


def _conv2d(channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, _FRONT_CHANNELS, 3, stride=(stride, 1), padding=1, bias=False)


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU()))
