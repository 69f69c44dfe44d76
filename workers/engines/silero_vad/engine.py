"""Silero's voice activity detector on onnxruntime; where speech begins and ends is decided in `regions`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime

from pipelines.catalog import Model, OptionValue
from pipelines.errors import PermanentError
from workers.contract import Audio, Device, Progress, SpeechRegion
from workers.enginekit import Options, checked, library_errors
from workers.engines.silero_vad.regions import Rules, regions

NAME: Final = "silero-vad"
RATE: Final = 16000
#: By sampling rate: how many new samples a frame has, and how many of the frame before the network hears with them.
FRAMES: Final = {16000: (512, 64), 8000: (256, 32)}
#: Speech that has begun goes on until the probability falls this far below the threshold, if no other is asked for.
HYSTERESIS: Final = 0.15
_LOWEST: Final = 0.01
_STATE: Final = (2, 1, 128)
#: About 16 seconds of sound: a check for cancellation every 50 ms or so.
_FRAMES_PER_CHUNK: Final = 500


class SileroVad:
    """Implements SpeechDetector on recordings of 16 or 8 kHz."""

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
        checked(audio, audio.sample_rate if audio.sample_rate in FRAMES else RATE)
        wanted = Options.of(self._model, options)
        rules = _rules(wanted, audio.sample_rate)
        frame, _ = FRAMES[audio.sample_rate]
        probabilities: list[float] = []
        count = -(-len(audio.samples) // frame)
        for heard in self._probabilities(audio):
            probabilities.extend(heard)
            yield Progress(len(probabilities) / count)
        digits = wanted.integer("time_resolution") if wanted.flag("return_seconds") else None
        for start, end in regions(probabilities, frame, len(audio.samples), rules):
            yield _region(start, end, audio, digits)

    def _probabilities(self, audio: Audio) -> Iterator[list[float]]:
        """The probability of speech in each frame, some hundred at a time."""
        frame, context = FRAMES[audio.sample_rate]
        padded = np.pad(audio.samples, (context, -len(audio.samples) % frame))
        windows = np.lib.stride_tricks.sliding_window_view(padded, context + frame)[::frame]
        state = np.zeros(_STATE, np.float32)
        rate = np.array(audio.sample_rate, np.int64)
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


def _rules(wanted: Options, rate: int) -> Rules:
    """The rules in samples; PermanentError where speech would have to end before it begins."""
    threshold = wanted.number("threshold")
    neg_threshold = wanted.number_or_none("neg_threshold")
    if neg_threshold is not None and neg_threshold > threshold:
        raise PermanentError(
            f"neg_threshold must not be above threshold ({threshold:g}).",
            code="invalid_option",
            field="options.neg_threshold",
        )
    frame, _ = FRAMES[rate]
    pad = rate * wanted.integer("speech_pad_ms") / 1000
    most = wanted.number_or_none("max_speech_duration_s")
    return Rules(
        threshold,
        max(threshold - HYSTERESIS, _LOWEST) if neg_threshold is None else neg_threshold,
        rate * wanted.integer("min_speech_duration_ms") / 1000,
        math.inf if most is None else rate * most - frame - 2 * pad,
        rate * wanted.integer("min_silence_duration_ms") / 1000,
        rate * wanted.integer("min_silence_at_max_speech") / 1000,
        wanted.flag("use_max_poss_sil_at_max_speech"),
        pad,
    )


def _region(start: int, end: int, audio: Audio, digits: int | None) -> SpeechRegion:
    """Samples as seconds, rounded to `digits`; None = as exact as they are."""
    if digits is None:
        return SpeechRegion(start / audio.sample_rate, end / audio.sample_rate)
    return SpeechRegion(
        round(start / audio.sample_rate, digits), min(round(end / audio.sample_rate, digits), audio.seconds)
    )
