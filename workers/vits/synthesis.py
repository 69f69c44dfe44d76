"""From a Prior to sound: durations, stretching, flow and generator, as every VITS speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from workers.vits.config import VitsConfig
from workers.vits.durations import DurationPredictor, StochasticDurationPredictor
from workers.vits.flows import CouplingFlow
from workers.vits.hifigan import HifiGan
from workers.vits.lengths import expanded, mask_of
from workers.vits.posterior import PosteriorEncoder
from workers.vits.text import Prior, TextEncoder

#: Standard normal numbers in a shape; `NoiseSource(seed).normal` is one.
Draw = Callable[[Sequence[int]], Tensor]

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class Manner:
    """How to speak. `pace` stretches durations: 1 / speed."""

    #: Deviation of the latent, of the drawn durations; 0 = no chance.
    noise_scale: float
    noise_scale_w: float
    #: The share of the drawn durations in the mean with the predicted ones.
    sdp_ratio: float
    pace: float = 1.0


@dataclass(frozen=True)
class Spoken:
    """A sound and what it was made of, [batch, channels, time]."""

    #: [batch, 1, samples]; rows shorter than the longest are unmasked noise after their `frames` · hop_length samples.
    sound: Tensor
    #: int64 [batch, symbols], in frames; and their sum by row, at least 1.
    durations: Tensor
    frames: Tensor
    #: Logarithms of durations, drawn and predicted, [batch, 1, symbols].
    drawn: Tensor
    predicted: Tensor
    prior: Prior
    #: The latent before and after the flow, [batch, inter_channels, frames].
    before_flow: Tensor
    latent: Tensor


class SpeakingNetwork(nn.Module):
    """A VITS synthesizer of many speakers, named as in the published files: enc_p, dec, enc_q, flow, sdp, dp, emb_g."""

    def __init__(self, config: VitsConfig, text_encoder: TextEncoder, flow: CouplingFlow) -> None:
        super().__init__()
        sizes = config.model
        self.enc_p = text_encoder
        self.dec = HifiGan(sizes)
        self.enc_q = PosteriorEncoder(config.bins, sizes.inter_channels, sizes.hidden_channels, sizes.gin_channels)
        self.flow = flow
        self.sdp = StochasticDurationPredictor(sizes.hidden_channels, sizes.gin_channels)
        self.dp = DurationPredictor(sizes.hidden_channels, sizes.gin_channels)
        self.emb_g = nn.Embedding(config.data.n_speakers, sizes.gin_channels)

    def drop_training_parts(self) -> None:
        """Frees what is in the files and not needed to speak; call it once the weights are in."""
        del self.enc_q
        self.sdp.drop_training_parts()

    def speaker(self, ids: Tensor) -> Tensor:
        """Speaker numbers [batch] as vectors [batch, gin_channels, 1]."""
        vectors: Tensor = self.emb_g(ids)[..., None]
        return vectors

    def speak(self, prior: Prior, speaker: Tensor, manner: Manner, draw: Draw) -> Spoken:
        """The sound of `prior`; draws twice, for the durations [batch, 2, symbols] and the latent, as far as needed."""
        drawn, predicted = self._log_durations(prior, speaker, manner, draw)
        logarithms = manner.sdp_ratio * drawn + (1 - manner.sdp_ratio) * predicted
        durations = torch.ceil(torch.exp(logarithms) * prior.mask * manner.pace)[:, 0].long()
        frames = durations.sum(dim=1).clamp(min=1)
        mask = mask_of(frames)
        mean, log_deviation = expanded(prior.mean, durations), expanded(prior.log_deviation, durations)
        before = mean
        if manner.noise_scale:
            before = mean + draw(mean.shape).to(mean.device) * torch.exp(log_deviation) * manner.noise_scale
        latent = self.flow.inverse(before, mask, speaker)
        sound = self.dec(latent * mask, speaker)
        return Spoken(sound, durations, frames, drawn, predicted, prior, before, latent)

    def _log_durations(self, prior: Prior, speaker: Tensor, manner: Manner, draw: Draw) -> tuple[Tensor, Tensor]:
        batch, _, symbols = prior.hidden.shape
        noise = torch.zeros(batch, 2, symbols, device=prior.hidden.device)
        if manner.noise_scale_w:
            noise = draw(noise.shape).to(noise.device) * manner.noise_scale_w
        drawn = self.sdp(prior.hidden, prior.mask, speaker, noise)
        return drawn, self.dp(prior.hidden, prior.mask, speaker)


def unfilled(make: Callable[[], _Network]) -> _Network:
    """The network that `make` builds, with its memory but no values yet: drawing values to overwrite takes seconds."""
    with torch.device("meta"):
        network = make()
    return network.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
