"""Resemblyzer's speaker encoder: a recording to a vector of 256 numbers (GE2E, arXiv 1710.10467)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import torch

from pipelines.catalog import Model
from pipelines.errors import PermanentError
from workers.checkpoints import load_state, load_strictly
from workers.contract import Audio, Device, Embedding, EmbeddingRequest, Progress, Samples
from workers.devices import torch_device
from workers.enginekit import checked, heard, is_silent, library_errors
from workers.ge2e.network import TRAINING_ONLY, Ge2eConfig, Ge2eNetwork
from workers.ge2e.parts import mean_embedding, part_embeddings, part_starts
from workers.ge2e.sound import HOP, RATE, raised, without_long_pauses

NAME: Final = "resemblyzer"
CHECKPOINT: Final = "pretrained.pt"
SHORTEST: Final = 0.5
#: Parts begin 1.3 times a second.
_STEP: Final = round(RATE / 1.3 / HOP)


class Resemblyzer:
    """Implements SpeakerEncoder on recordings of 16 kHz."""

    def __init__(self, model: Model, network: Ge2eNetwork) -> None:
        self._model = model
        self._network: Ge2eNetwork | None = network

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        place = torch_device(device)
        if place == "cpu":
            torch.set_num_threads(device.threads)
        network = Ge2eNetwork(Ge2eConfig())
        state = load_state((weights or Path()) / CHECKPOINT, ["model_state"])
        load_strictly(network, state, CHECKPOINT, unused=TRAINING_ONLY)
        return cls(model, network.eval().to(place))

    def close(self) -> None:
        on_gpu = self._network is not None and next(self._network.parameters()).is_cuda
        self._network = None
        if on_gpu:
            torch.cuda.empty_cache()

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]:
        """One embedding of what was asked for; PermanentError if that is too short, silent, or holds no voice."""
        audio = heard(checked(audio, RATE), request.segments)
        if audio.seconds < SHORTEST:
            raise PermanentError(f"A voice needs at least {SHORTEST:g} s of sound.", code="audio_too_short")
        if is_silent(audio):
            raise PermanentError("The recording is silent; there is no voice in it.", code="audio_silent")
        with library_errors(NAME):
            voice = without_long_pauses(raised(audio.samples))
        if not len(voice):
            raise PermanentError("There is no voice in the recording.", code="audio_no_speech")
        starts = part_starts(len(voice), _STEP)
        parts: list[Samples] = []
        batches = part_embeddings(self._running(), voice, starts)
        done = 0
        while done < len(starts):
            with library_errors(NAME):
                parts.append(next(batches))
            done += len(parts[-1])
            yield Progress(done / len(starts))
        yield Embedding(mean_embedding(parts), self._model.space or NAME)

    def _running(self) -> Ge2eNetwork:
        if self._network is None:
            raise RuntimeError("the engine is closed")
        return self._network
