"""CAM++ speaker embeddings: a recording to a vector of 192 numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import kaldi_native_fbank
import numpy as np
import torch

from pipelines.catalog import Model
from pipelines.errors import PermanentError
from workers.contract import Audio, Device, Embedding, EmbeddingRequest, Progress, Samples
from workers.devices import torch_device
from workers.enginekit import checked, heard, is_silent, library_errors
from workers.engines.campplus.network import FEATURES, CamPlusPlusNetwork

NAME: Final = "CAM++"
RATE: Final = 16000
SHORTEST: Final = 0.5
#: Longer recordings are heard in windows of about this many seconds, whose embeddings are averaged.
WINDOW: Final = 10.0


class CamPlusPlus:
    """Implements SpeakerEncoder on recordings of 16 kHz."""

    def __init__(self, model: Model, network: CamPlusPlusNetwork, device: str) -> None:
        self._model = model
        self._network: CamPlusPlusNetwork | None = network
        self._device = device

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        place = torch_device(device)
        if place == "cpu":
            torch.set_num_threads(device.threads)
        network = CamPlusPlusNetwork()
        state = torch.load((weights or Path()) / "campplus.pt", map_location="cpu", weights_only=True)
        network.load_state_dict(state, strict=True)
        return cls(model, network.eval().to(place), place)

    def close(self) -> None:
        self._network = None
        if self._device != "cpu":
            torch.cuda.empty_cache()

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]:
        """One embedding of what was asked for; PermanentError if that is shorter than half a second, or silent."""
        audio = heard(checked(audio, RATE), request.segments)
        if audio.seconds < SHORTEST:
            raise PermanentError(f"A voice needs at least {SHORTEST:g} s of sound.", code="audio_too_short")
        if is_silent(audio):
            raise PermanentError("The recording is silent; there is no voice in it.", code="audio_silent")
        windows = np.array_split(audio.samples, max(1, round(audio.seconds / WINDOW)))
        vectors: list[Samples] = []
        for window in windows:
            with library_errors(NAME):
                vectors.append(_unit(self._run(features(window))))
            yield Progress(len(vectors) / len(windows))
        yield Embedding(_unit(np.mean(vectors, axis=0, dtype=np.float32)), self._model.space or NAME)

    @torch.inference_mode()
    def _run(self, frames: Samples) -> Samples:
        if self._network is None:
            raise RuntimeError("the engine is closed")
        batch = torch.from_numpy(frames)[None].to(self._device)
        vector: Samples = self._network(batch)[0].float().cpu().numpy()
        return vector


def features(samples: Samples) -> Samples:
    """Kaldi's log mel energies, less their mean over time: float32 [frames, 80], one frame per 10 ms.

    Samples stay in −1…1: the scale is a constant in the logarithm, which the mean takes away.
    """
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.dither = 0.0
    options.mel_opts.num_bins = FEATURES
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(RATE, samples)
    bank.input_finished()
    frames = np.stack([bank.get_frame(index) for index in range(bank.num_frames_ready)])
    centred: Samples = frames - frames.mean(axis=0, keepdims=True)
    return centred.astype(np.float32)


def _unit(vector: Samples) -> Samples:
    scaled: Samples = vector / np.linalg.norm(vector)
    return scaled.astype(np.float32)
