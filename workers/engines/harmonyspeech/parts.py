"""The three networks with what belongs to running them; each is loaded from its own folder of the weight set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from torch import Tensor

from workers.checkpoints import load_config, load_state, load_strictly
from workers.contract import Samples
from workers.engines.harmonyspeech import synthesizer, vocoder
from workers.engines.harmonyspeech.pauses import FLOOR
from workers.ge2e.network import TRAINING_ONLY, Ge2eConfig, Ge2eNetwork
from workers.ge2e.parts import part_embeddings, part_starts

#: Frames from one part of a recording to the next.
PART_STEP: Final = 80
#: The vocoder takes the spectrogram, which lies in −4…4, divided by this.
MEL_DIVISOR: Final = 4.0
#: Frames that are vocoded at once: 5 s.
CHUNK: Final = 400


@dataclass(frozen=True)
class Encoding:
    """The speaker encoder: parts of 1.6 s that overlap by half, and their mean."""

    network: Ge2eNetwork

    @classmethod
    def of(cls, config: Mapping[str, Any], state: Mapping[str, Tensor], device: str = "cpu") -> Self:
        return cls._made(Ge2eConfig.model_validate(config), state, device)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        config = load_config(folder / "config.json", Ge2eConfig)
        return cls._made(config, load_state(folder / "encoder.pt", ["model_state"]), device)

    @classmethod
    def _made(cls, config: Ge2eConfig, state: Mapping[str, Tensor], device: str) -> Self:
        network = Ge2eNetwork(config)
        load_strictly(network, state, "encoder.pt", unused=TRAINING_ONLY)
        return cls(network.eval().to(device))

    def partials(self, samples: Samples) -> Iterator[Samples]:
        """The embeddings of the parts of a recording that was made ready, some at a time: float32 [n, dimensions]."""
        yield from part_embeddings(self.network, samples, part_starts(len(samples), PART_STEP))


@dataclass(frozen=True)
class Synthesis:
    """The synthesizer."""

    config: synthesizer.SynthesizerConfig
    network: synthesizer.Synthesizer
    device: str = "cpu"

    @classmethod
    def of(cls, config: Mapping[str, Any], state: Mapping[str, Tensor], device: str = "cpu") -> Self:
        return cls._made(synthesizer.SynthesizerConfig.model_validate(config), state, device)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        config = load_config(folder / "config.json", synthesizer.SynthesizerConfig)
        return cls._made(config, load_state(folder / "synthesizer.pt", ["model_state"]), device)

    @classmethod
    def _made(cls, config: synthesizer.SynthesizerConfig, state: Mapping[str, Tensor], device: str) -> Self:
        network = synthesizer.Synthesizer(config)
        load_strictly(network, state, "synthesizer.pt", unused=synthesizer.UNUSED)
        return cls(config, network.eval().to(device), device)

    @torch.inference_mode()
    def spoken(
        self, ids: Sequence[int], speaker: Samples, *, speed: float, pitch: float = 1.0, energy: float = 1.0
    ) -> synthesizer.Spoken:
        """What the network makes of one sentence in the voice of `speaker` [dimensions]."""
        text = torch.as_tensor(np.asarray(ids, np.int64), device=self.device)[None]
        voice = torch.as_tensor(speaker, device=self.device)[None]
        spoken: synthesizer.Spoken = self.network(text, voice, speed=speed, pitch=pitch, energy=energy)
        return spoken


@dataclass(frozen=True)
class Vocoding:
    """The vocoder."""

    config: vocoder.VocoderConfig
    network: vocoder.Generator
    bank: vocoder.FilterBank
    device: str = "cpu"

    @classmethod
    def of(cls, config: Mapping[str, Any], state: Mapping[str, Tensor], device: str = "cpu") -> Self:
        return cls._made(vocoder.VocoderConfig.model_validate(config), state, device)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        config = load_config(folder / "config.json", vocoder.VocoderConfig)
        return cls._made(config, load_state(folder / "vocoder.pt", ["model", "generator"]), device)

    @classmethod
    def _made(cls, config: vocoder.VocoderConfig, state: Mapping[str, Tensor], device: str) -> Self:
        network = vocoder.Generator(config)
        load_strictly(network, state, "vocoder.pt")
        bank = vocoder.FilterBank(config.out_channels)
        return cls(config, network.eval().to(device), bank.to(device), device)

    @torch.inference_mode()
    def bands(self, mel: Samples) -> Tensor:
        """The sub-bands of a spectrogram [mels, frames]: float32 [1, bands, frames · hop / bands]."""
        made: Tensor = self.network(torch.from_numpy(mel / np.float32(MEL_DIVISOR))[None].to(self.device))
        return made

    @torch.inference_mode()
    def wave(self, mel: Samples) -> Samples:
        """The sound of a spectrogram [mels, frames], all at once: float32 [frames · hop]."""
        missing = self.config.least - mel.shape[1]
        whole = np.pad(mel, ((0, 0), (0, max(0, missing))), constant_values=FLOOR)
        wave: Samples = self.bank(self.bands(whole))[0, 0].cpu().numpy()
        return wave[: mel.shape[1] * self.config.hop]

    def chunks(self, mel: Samples) -> Iterator[Samples]:
        """The same sound piece by piece: each is made with so many frames around it that no seam is left."""
        frames, reach, hop = mel.shape[1], self.config.reach, self.config.hop
        for first in range(0, frames, CHUNK):
            last = min(frames, first + CHUNK)
            before = max(0, first - reach)
            wave = self.wave(mel[:, before : last + reach])
            yield wave[(first - before) * hop : (last - before) * hop]
