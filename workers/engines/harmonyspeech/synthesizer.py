"""The synthesizer: a non-autoregressive Tacotron that predicts durations, pitch and energy, then the spectrogram.

Layers are those of Tacotron (arXiv 1703.10135): banks of convolutions, highways and recurrent layers. A speaker
embedding joins each predictor and the decoder. Names of modules follow the published checkpoint. Shapes are
[batch, time, channels] unless said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from pydantic import BaseModel, Field
from torch import Tensor, nn

#: Entries of the checkpoint that only training uses: how many steps it has run.
UNUSED: Final = ("step",)
#: Frames of each symbol if the predicted durations come to nothing.
FALLBACK_FRAMES: Final = 2.0


class SynthesizerConfig(BaseModel):
    """`synthesizer/config.json`, without what only training uses."""

    embed_dims: int = Field(gt=0)
    series_embed_dims: int = Field(gt=0)
    num_chars: int = Field(gt=0)
    durpred_conv_dims: int = Field(gt=0)
    durpred_rnn_dims: int = Field(gt=0)
    pitch_conv_dims: int = Field(gt=0)
    pitch_rnn_dims: int = Field(gt=0)
    pitch_strength: float
    energy_conv_dims: int = Field(gt=0)
    energy_rnn_dims: int = Field(gt=0)
    energy_strength: float
    rnn_dims: int = Field(gt=0)
    prenet_dims: int = Field(gt=0)
    prenet_k: int = Field(gt=0)
    prenet_num_highways: int = Field(ge=0)
    postnet_dims: int = Field(gt=0)
    postnet_k: int = Field(gt=0)
    postnet_num_highways: int = Field(ge=0)
    n_mels: int = Field(gt=0)
    speaker_embed_dims: int = Field(gt=0)


@dataclass(frozen=True)
class Spoken:
    """What the network makes of one text; `mel` is what the vocoder takes."""

    #: Predicted frames per symbol, by speed, before any clean-up [1, symbols].
    predicted: Tensor
    #: Frames per symbol as used, before rounding [1, symbols].
    durations: Tensor
    #: The curves after their factors [1, 1, symbols].
    pitch: Tensor
    energy: Tensor
    #: The spectrogram before and after the postnet [1, mels, frames].
    rough: Tensor
    mel: Tensor


class Synthesizer(nn.Module):
    """Symbol ids [1, symbols] and a speaker [1, dimensions] to a spectrogram."""

    def __init__(self, config: SynthesizerConfig) -> None:
        super().__init__()
        self._pitch_strength = config.pitch_strength
        self._energy_strength = config.energy_strength
        self.embedding = nn.Embedding(config.num_chars, config.embed_dims)
        self.dur_pred = _Predictor(config, config.durpred_conv_dims, config.durpred_rnn_dims)
        self.pitch_pred = _Predictor(config, config.pitch_conv_dims, config.pitch_rnn_dims)
        self.energy_pred = _Predictor(config, config.energy_conv_dims, config.energy_rnn_dims)
        self.prenet = _Cbhg(config.prenet_k, config.embed_dims, config.prenet_dims, config.prenet_num_highways)
        self.lstm = nn.LSTM(
            2 * config.prenet_dims + config.speaker_embed_dims, config.rnn_dims, batch_first=True, bidirectional=True
        )
        self.lin = nn.Linear(2 * config.rnn_dims, config.n_mels)
        self.postnet = _Cbhg(config.postnet_k, config.n_mels, config.postnet_dims, config.postnet_num_highways)
        self.post_proj = nn.Linear(2 * config.postnet_dims, config.n_mels, bias=False)
        self.pitch_proj = nn.Conv1d(1, 2 * config.prenet_dims, 3, padding=1)
        self.energy_proj = nn.Conv1d(1, 2 * config.prenet_dims, 3, padding=1)

    def forward(self, ids: Tensor, speaker: Tensor, *, speed: float, pitch: float, energy: float) -> Spoken:
        predicted = self.dur_pred(ids, speaker) / speed
        durations = usable(predicted)
        pitch_curve = self.pitch_pred(ids, speaker)[:, None] * pitch
        energy_curve = self.energy_pred(ids, speaker)[:, None] * energy
        x = self.prenet(self.embedding(ids).transpose(1, 2))
        x = x + self.pitch_proj(pitch_curve).transpose(1, 2) * self._pitch_strength
        x = x + self.energy_proj(energy_curve).transpose(1, 2) * self._energy_strength
        x = torch.repeat_interleave(x, (durations[0] + 0.5).long(), dim=1)
        x, _ = self.lstm(_joined(x, speaker))
        rough = self.lin(x).transpose(1, 2)
        mel = self.post_proj(self.postnet(rough)).transpose(1, 2)
        return Spoken(predicted, durations, pitch_curve, energy_curve, rough, mel)


def usable(durations: Tensor) -> Tensor:
    """`durations` without negative ones; two frames each if their whole parts add up to nothing."""
    if int(durations.long().sum()) <= 0:
        return torch.full_like(durations, FALLBACK_FRAMES)
    return durations.clamp_min(0.0)


class _Predictor(nn.Module):
    """One number per symbol: ids [1, symbols] and a speaker to [1, symbols]."""

    def __init__(self, config: SynthesizerConfig, channels: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.num_chars, config.series_embed_dims)
        first = config.series_embed_dims + config.speaker_embed_dims
        self.convs = nn.Sequential(*(_NormedConv(size, channels, 5) for size in (first, channels, channels)))
        self.rnn = nn.GRU(channels, hidden, batch_first=True, bidirectional=True)
        self.lin = nn.Linear(2 * hidden, 1)

    def forward(self, ids: Tensor, speaker: Tensor) -> Tensor:
        x = self.convs(_joined(self.embedding(ids), speaker).transpose(1, 2))
        x, _ = self.rnn(x.transpose(1, 2))
        out: Tensor = self.lin(x)[..., 0]
        return out


class _NormedConv(nn.Module):
    """A convolution, cut off at 0 unless `linear`, then batch norm: [batch, channels, time] to the same."""

    def __init__(self, channels: int, out: int, width: int, *, linear: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, width, padding=width // 2, bias=False)
        self.bnorm = nn.BatchNorm1d(out)
        self._linear = linear

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        out: Tensor = self.bnorm(x if self._linear else torch.relu(x))
        return out


class _Cbhg(nn.Module):
    """Convolutions of widths 1 to `widest`, highways, a recurrent layer.

    From [batch, size, time] to [batch, time, 2 · channels].
    """

    def __init__(self, widest: int, size: int, channels: int, highways: int) -> None:
        super().__init__()
        self.conv1d_bank = nn.ModuleList(_NormedConv(size, channels, width) for width in range(1, widest + 1))
        self.maxpool = nn.MaxPool1d(2, stride=1, padding=1)
        self.conv_project1 = _NormedConv(widest * channels, channels, 3)
        self.conv_project2 = _NormedConv(channels, size, 3, linear=True)
        self.pre_highway = nn.Linear(size, channels, bias=False)
        self.highways = nn.ModuleList(_Highway(channels) for _ in range(highways))
        self.rnn = nn.GRU(channels, channels, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        time = x.shape[-1]
        # Even widths and the pooling give one step too many.
        bank = torch.cat([conv(x)[..., :time] for conv in self.conv1d_bank], dim=1)
        local = self.conv_project2(self.conv_project1(self.maxpool(bank)[..., :time])) + x
        deep = self.pre_highway(local.transpose(1, 2))
        for highway in self.highways:
            deep = highway(deep)
        out: Tensor = self.rnn(deep)[0]
        return out


class _Highway(nn.Module):
    """A gate between a layer's output and its input (arXiv 1505.00387)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.W1 = nn.Linear(channels, channels)
        self.W2 = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.W2(x))
        return gate * torch.relu(self.W1(x)) + (1.0 - gate) * x


def _joined(x: Tensor, speaker: Tensor) -> Tensor:
    """Each step of `x` beside the speaker."""
    return torch.cat((x, speaker[:, None].expand(-1, x.shape[1], -1)), dim=2)
