"""OpenVoice's two networks: the base speakers of V1, and the tone converter of V1 and V2 (arXiv 2312.01479)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from workers.vits.config import VitsConfig
from workers.vits.flows import ResidualCouplingFlow
from workers.vits.hifigan import HifiGan
from workers.vits.posterior import PosteriorEncoder
from workers.vits.reference import ReferenceEncoder
from workers.vits.synthesis import SpeakingNetwork
from workers.vits.text import TextEncoder


def base_speaker(config: VitsConfig) -> SpeakingNetwork:
    """A base speaker of V1: a VITS whose text encoder does not hear the speaker, who is a style here."""
    return SpeakingNetwork(config, TextEncoder(config.vocabulary, config.model), ResidualCouplingFlow(config.model))


class Converted(NamedTuple):
    """Latents [batch, inter_channels, frames]: of the recording; without its speaker; with the other one."""

    source: Tensor
    neutral: Tensor
    target: Tensor


class ToneConverter(nn.Module):
    """A spectrogram to its speaker's embedding, and, with two of them, to the second speaker's latent and sound."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        sizes = config.model
        self._flow_alone_hears_speakers = sizes.zero_g
        self.dec = HifiGan(sizes)
        self.enc_q = PosteriorEncoder(config.bins, sizes.inter_channels, sizes.hidden_channels, sizes.gin_channels)
        self.flow = ResidualCouplingFlow(sizes)
        self.ref_enc = ReferenceEncoder(config.bins, sizes.gin_channels)

    def embedding(self, spectrogram: Tensor) -> Tensor:
        """[batch, bins, frames] to [batch, gin_channels, 1]."""
        vector: Tensor = self.ref_enc(spectrogram)[..., None]
        return vector

    def forward(
        self, spectrogram: Tensor, mask: Tensor, source: Tensor, target: Tensor, *, noise: Tensor | None, tau: float
    ) -> Converted:
        """From the voice `source` to `target`, [batch, gin_channels, 1] each.

        `tau` scales the `noise` (in the shape of a latent) that keeps the result from sounding flat.
        """
        latent = self.enc_q(spectrogram, mask, self._outer(source)).drawn(noise, tau)
        neutral = self.flow(latent, mask, source)
        return Converted(latent, neutral, self.flow.inverse(neutral, mask, target))

    def sound(self, latent: Tensor, mask: Tensor, target: Tensor) -> Tensor:
        """The last of `Converted` as sound, [batch, 1, samples]."""
        made: Tensor = self.dec(latent * mask, self._outer(target))
        return made

    def _outer(self, speaker: Tensor) -> Tensor:
        """Whom encoder and generator hear."""
        return torch.zeros_like(speaker) if self._flow_alone_hears_speakers else speaker
