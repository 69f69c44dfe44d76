"""A real engine without weights: every capability, in microseconds, the same output for the same input.

Tests, demos and load tests use it in place of mocks. Its options make a step take a chosen time in a chosen number of
chunks, and fail in a chosen way.
"""

from __future__ import annotations

import math
import os
import signal
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

import numpy as np

from pipelines.catalog import Model, OptionValue
from pipelines.errors import PermanentError, TransientError
from workers.contract import (
    Audio,
    ConversionRequest,
    Device,
    Embedding,
    EmbeddingRequest,
    Mel,
    Progress,
    RecognitionRequest,
    Samples,
    Segment,
    SpeechRegion,
    SynthesisRequest,
    TranscriptionInfo,
    Word,
)
from workers.enginekit import Options, checked, heard
from workers.engines.tone.voices import bands, pitch_of, shifted

RATE: Final = 8000
SECONDS_PER_CHARACTER: Final = 0.05
SHORTEST: Final = 0.2
#: A long delay is slept in slices, with a chunk between them, so that the step can be cancelled in the middle.
SLICE: Final = 0.05

_SPOKEN: Final = ("do", "re", "mi", "fa", "sol", "la", "ti")
_ENGLISH: Final = ("C", "D", "E", "F", "G", "A", "B")
_FRAME: Final = RATE // 50
_LOUD: Final = 0.01

_Piece = TypeVar("_Piece")


class Tone:
    """Implements every protocol of the contract on recordings of 8 kHz.

    Whether a voice is taken on at once, by parts or by conversion is for the family's file to say; so tests have each.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        del weights, device
        return cls(model)

    def close(self) -> None:
        """There is nothing to give back."""

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """A tone of 0.05 s per character, its pitch a hash of the text or the speaker's own, in `chunks` pieces."""
        samples = self._spoken(request)
        options = Options.of(self._model, request.options)
        for piece in _work(options, np.array_split(samples, options.integer("chunks"))):
            yield piece if isinstance(piece, Progress) else Audio(piece, RATE)

    def acoustics(self, request: SynthesisRequest) -> Iterator[Mel | Progress]:
        """The same tone; its spectrogram is its very samples, FRAME to a frame, so that `vocode` makes it sound."""
        samples = self._spoken(request)
        frames = np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME).T
        options = Options.of(self._model, request.options)
        for piece in _work(options, np.array_split(frames, options.integer("chunks"), axis=1)):
            yield piece if isinstance(piece, Progress) else Mel(piece)

    def vocode(self, mel: Mel, options: Mapping[str, OptionValue]) -> Iterator[Audio | Progress]:
        """What `acoustics` has put into frames."""
        wanted = Options.of(self._model, options)
        for piece in _work(wanted, np.array_split(mel.frames.T.reshape(-1), wanted.integer("chunks"))):
            yield piece if isinstance(piece, Progress) else Audio(piece, RATE)

    def convert(self, audio: Audio, request: ConversionRequest) -> Iterator[Audio | Progress]:
        """The recording at the pitch of the target: shifted by as much as lies between the two."""
        samples = checked(audio, RATE).samples
        source = Embedding(bands(samples), self._space) if isinstance(request.source, str) else request.source
        moved = shifted(samples, self._pitch(request.target) / self._pitch(source))
        options = Options.of(self._model, request.options)
        for piece in _work(options, np.array_split(moved, options.integer("chunks"))):
            yield piece if isinstance(piece, Progress) else Audio(piece, RATE)

    def transcribe(self, audio: Audio, request: RecognitionRequest) -> Iterator[TranscriptionInfo | Segment | Progress]:
        """One note per second, chosen by a hash of its samples: solfège, or letters when translated."""
        checked(audio, RATE)
        yield TranscriptionInfo(request.language or "it", 1.0, audio.seconds)
        notes = _ENGLISH if request.translate else _SPOKEN
        options = Options.of(self._model, request.options)
        pieces = np.array_split(np.arange(math.ceil(audio.seconds)), options.integer("chunks"))
        for piece in _work(options, pieces):
            if isinstance(piece, Progress):
                yield piece
                continue
            for second in piece.tolist():
                heard = audio.samples[second * RATE : (second + 1) * RATE]
                note = notes[zlib.crc32(heard.tobytes()) % len(notes)]
                start, end = float(second), second + len(heard) / RATE
                yield Segment(second, start, end, note, (Word(note, start, end, 1.0),))

    def detect(self, audio: Audio, options: Mapping[str, OptionValue]) -> Iterator[SpeechRegion | Progress]:
        """The stretches in which frames of 20 ms are louder than −40 dB."""
        samples = checked(audio, RATE).samples
        frames = np.pad(samples, (0, -len(samples) % _FRAME)).reshape(-1, _FRAME)
        loud = np.concatenate(([False], np.sqrt(np.mean(frames**2, axis=1)) > _LOUD, [False]))
        edges = np.flatnonzero(loud[1:] != loud[:-1]).reshape(-1, 2)
        wanted = Options.of(self._model, options)
        for piece in _work(wanted, np.array_split(edges, wanted.integer("chunks"))):
            if isinstance(piece, Progress):
                yield piece
                continue
            for start, end in piece.tolist():
                yield SpeechRegion(start * _FRAME / RATE, min(end * _FRAME / RATE, audio.seconds))

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]:
        """The energy of 16 bands of the spectrum, as a vector of unit length."""
        samples = heard(checked(audio, RATE), request.segments).samples
        vector = bands(samples)
        wanted = Options.of(self._model, request.options)
        # All chunks but the last only take their time.
        for piece in _work(wanted, [None] * (wanted.integer("chunks") - 1) + [vector]):
            if isinstance(piece, Progress):
                yield piece
            elif piece is not None:
                yield Embedding(piece, self._space)

    @property
    def _space(self) -> str:
        return self._model.space or self._model.family.name

    def _pitch(self, speaker: Embedding) -> float:
        return pitch_of(speaker, self._space, RATE)

    def _spoken(self, request: SynthesisRequest) -> Samples:
        text = request.text
        pitch = 200.0 + zlib.crc32(text.encode()) % 400 if request.speaker is None else self._pitch(request.speaker)
        return _tone(text, pitch, square=request.voice == "square")


def _tone(text: str, pitch: float, *, square: bool) -> Samples:
    """The whole tone: float32 [0.05 s per character, at least 0.2 s], faded in and out over 5 ms."""
    count = int(max(SHORTEST, SECONDS_PER_CHARACTER * len(text)) * RATE)
    phase = np.arange(count, dtype=np.float32) * np.float32(2 * math.pi * pitch / RATE)
    wave = np.sin(phase, dtype=np.float32)
    shaped: Samples = np.sign(wave) * np.float32(0.1) if square else wave * np.float32(0.3)
    fade = np.linspace(0, 1, RATE // 200, dtype=np.float32)
    shaped[: len(fade)] *= fade
    shaped[-len(fade) :] *= fade[::-1]
    return shaped


def _work(options: Options, pieces: list[_Piece]) -> Iterator[_Piece | Progress]:
    """Each of `pieces` after its delay, with the share done; the failure asked for comes before the second half."""
    delay = options.integer("delay_ms") / 1000
    for index, piece in enumerate(pieces):
        if index == len(pieces) // 2:
            _fail(options.text("fail"))
        until = time.monotonic() + delay
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))
            yield Progress(index / len(pieces))
        yield piece
        yield Progress((index + 1) / len(pieces))


def _fail(how: str) -> None:
    if how == "permanent":
        raise PermanentError("The job asked to fail for good.", code="tone_permanent", field="options.fail")
    if how == "transient":
        raise TransientError("The job asked to fail in passing.", code="tone_transient")
    if how == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    while how == "hang":
        time.sleep(SLICE)
