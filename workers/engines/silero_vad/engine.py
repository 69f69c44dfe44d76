"""Silero's voice activity detector on onnxruntime; where speech begins and ends is decided in `regions`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime

from pipelines.catalog import Model, OptionValue
from workers.contract import Audio, Device, Progress, SpeechRegion
from workers.enginekit import Options, checked, library_errors
from workers.engines.silero_vad.regions import Rules, regions

NAME: Final = "silero-vad"
RATE: Final = 16000
#: The network takes 512 new samples, behind the last 64 of the frame before.
FRAME: Final = 512
CONTEXT: Final = 64
_STATE: Final = (2, 1, 128)
#: About 16 seconds of sound: a check for cancellation every 50 ms or so.
_FRAMES_PER_CHUNK: Final = 500


class SileroVad:
    """Implements SpeechDetector on recordings of 16 kHz."""

    def __init__(self, model: Model, session: onnxruntime.InferenceSession) -> None:
        self._model = model
        self._session: onnxruntime.InferenceSession | None = session

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """One thread whatever the device offers: the network is too small to share out."""
        del device
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str((weights or Path()) / "silero_vad.onnx")
        return cls(model, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))

    def close(self) -> None:
        self._session = None

    def detect(self, audio: Audio, options: Mapping[str, OptionValue]) -> Iterator[SpeechRegion | Progress]:
        """The stretches of speech, after the whole recording has been heard."""
        checked(audio, RATE)
        wanted = Options.of(self._model, options)
        rules = Rules(
            wanted.number("threshold"),
            wanted.integer("min_speech_duration_ms") / 1000,
            wanted.integer("min_silence_duration_ms") / 1000,
            wanted.integer("speech_pad_ms") / 1000,
        )
        probabilities: list[float] = []
        count = -(-len(audio.samples) // FRAME)
        for heard in self._probabilities(audio):
            probabilities.extend(heard)
            yield Progress(len(probabilities) / count)
        for start, end in regions(probabilities, FRAME / RATE, audio.seconds, rules):
            yield SpeechRegion(round(start, 3), round(end, 3))

    def _probabilities(self, audio: Audio) -> Iterator[list[float]]:
        """The probability of speech in each frame of 512 samples, some hundred at a time."""
        padded = np.pad(audio.samples, (CONTEXT, -len(audio.samples) % FRAME))
        windows = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + FRAME)[::FRAME]
        state = np.zeros(_STATE, np.float32)
        rate = np.array(RATE, np.int64)
        for first in range(0, len(windows), _FRAMES_PER_CHUNK):
            heard: list[float] = []
            with library_errors(NAME):
                for window in windows[first : first + _FRAMES_PER_CHUNK]:
                    feed = {"input": np.ascontiguousarray(window)[None], "state": state, "sr": rate}
                    output, state = self._running().run(None, feed)
                    heard.append(float(output[0, 0]))
            yield heard

    def _running(self) -> onnxruntime.InferenceSession:
        if self._session is None:
            raise RuntimeError("the engine is closed")
        return self._session
