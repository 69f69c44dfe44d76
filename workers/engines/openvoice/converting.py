"""Long recordings to another voice, in chunks that overlap by all that the network sees: there are no seams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from workers.contract import Samples
from workers.engines.openvoice.network import ToneConverter
from workers.vits import flows, posterior
from workers.vits.config import VitsConfig
from workers.vits.hifigan import HifiGan
from workers.vits.noise import NoiseSource
from workers.vits.spectrogram import magnitudes, mirrored

#: Frames that are converted at a time, beside their context: 6 s at the published hop.
CHUNK: Final = 512


#: Frames to either side of a moment that its latent depends on: by the encoder, and by both passes of the flow.
LATENT_CONTEXT: Final = posterior.CONTEXT + 2 * flows.CONTEXT


@torch.inference_mode()
def converted(
    network: ToneConverter,
    config: VitsConfig,
    samples: Samples,
    voices: tuple[Samples, Samples],
    *,
    tau: float,
    noise: NoiseSource,
    chunk: int = CHUNK,
) -> Iterator[Samples]:
    """`samples` in the second of `voices` rather than the first, chunk by chunk: as long, all in all.

    The network works in whole hops: as in the original program nothing is made of what is left of one at the end,
    which is silent here.
    """
    device = next(network.parameters()).device
    source, target = (torch.from_numpy(voice).to(device)[None, :, None] for voice in voices)
    hop, reach = config.data.hop_length, HifiGan.context(config.model)
    sound = mirrored(torch.from_numpy(samples)[None], config.data)
    frames = max(1, len(samples) // hop)
    drawn = _FrameNoise(noise, config.model.inter_channels)
    for start in range(0, frames, chunk):
        stop = min(frames, start + chunk)
        # The generator, which is nearly all of the work, needs far less around a chunk than what makes its latent.
        inner = _Span(max(0, start - reach), min(frames, stop + reach))
        outer = _Span(max(0, inner.first - LATENT_CONTEXT), min(frames, inner.last + LATENT_CONTEXT))
        part = sound[:, outer.first * hop : (outer.last - 1) * hop + config.data.filter_length].to(device)
        numbers = drawn.between(outer).to(device) if tau else None
        mask = torch.ones(1, 1, outer.last - outer.first, device=device)
        latent = network(magnitudes(part, config.data), mask, source, target, noise=numbers, tau=tau).target
        within = slice(inner.first - outer.first, inner.last - outer.first)
        made = network.sound(latent[:, :, within], mask[:, :, within], target)
        piece: Samples = made[0, 0, (start - inner.first) * hop : (stop - inner.first) * hop].float().cpu().numpy()
        piece = piece[: len(samples) - start * hop]
        missing = len(samples) - stop * hop if stop == frames else 0
        yield np.pad(piece, (0, max(0, missing)))


class _Span(NamedTuple):
    """Frames from `first` up to, not including, `last`."""

    first: int
    last: int


class _FrameNoise:
    """Standard normal numbers that belong to frames: the same ones for a frame in whichever chunk it is asked for."""

    _BLOCK: Final = 256

    def __init__(self, source: NoiseSource, channels: int) -> None:
        self._source = source
        self._channels = channels
        self._first = 0
        self._blocks: list[Tensor] = []

    def between(self, span: _Span) -> Tensor:
        """[1, channels, frames]; `first` never goes back, so that blocks before it can be forgotten."""
        first, last = span
        while self._first + self._BLOCK <= first and self._blocks:
            del self._blocks[0]
            self._first += self._BLOCK
        while self._first + len(self._blocks) * self._BLOCK < last:
            self._blocks.append(self._source.normal((1, self._channels, self._BLOCK)))
        return torch.cat(self._blocks, dim=2)[:, :, first - self._first : last - self._first]
