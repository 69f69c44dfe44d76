"""Kokoro 82M, 8-bit, on onnxruntime: English text to speech of 24 kHz, sentence by sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime

from pipelines.catalog import Model
from pipelines.errors import PermanentError
from workers.contract import Audio, Device, Progress, Samples, SynthesisRequest
from workers.enginekit import Options, library_errors
from workers.engines.kokoro.phonemes import EnglishPhonemizer, load_tagger
from workers.engines.kokoro.spelling import Speller
from workers.engines.kokoro.text import clauses, sentences

NAME: Final = "Kokoro"
RATE: Final = 24000
#: The model's context is 512, of which two are the marks of beginning and end.
MOST_TOKENS: Final = 510
_MARK: Final = 0
#: A voice is one style of 256 numbers for each number of tokens, 1–510.
_STYLE: Final = (-1, 256)


class Kokoro:
    """Implements Synthesizer."""

    def __init__(self, model: Model, folder: Path, session: onnxruntime.InferenceSession) -> None:
        self._model = model
        self._session: onnxruntime.InferenceSession | None = session
        self._folder = folder
        self._voices = {voice.id: voice for voice in model.family.voices}
        self._tokens: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._tagger = load_tagger()
        self._speller = Speller.load(folder / "g2p.npz")

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        folder = weights or Path()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = device.threads
        options.inter_op_num_threads = 1
        path = str(folder / "kokoro-v1.0.int8.onnx")
        return cls(model, folder, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))

    def close(self) -> None:
        self._session = None
        self.__dict__.pop("_american", None)
        self.__dict__.pop("_british", None)

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """One piece of sound per sentence, or per clause of a sentence that exceeds the model's context."""
        voice = self._voices.get(request.voice or "")
        if voice is None:
            raise PermanentError(f"There is no voice {request.voice!r}.", code="unknown_voice", field="options.voice")
        phonemizer = self._british if voice.language == "en-GB" else self._american
        style = np.fromfile(self._folder / "voices" / f"{voice.id}.bin", "<f4").reshape(_STYLE)
        speed = Options.of(self._model, request.options).number("speed")
        done, spoken = 0, False
        for sentence in sentences(request.text):
            for tokens in self._token_runs(sentence, phonemizer):
                with library_errors(NAME):
                    samples = self._run(tokens, style, speed)
                spoken = True
                yield Audio(samples, RATE)
            done += len(sentence)
            yield Progress(min(1.0, done / len(request.text)))
        if not spoken:
            raise PermanentError(
                "The text holds nothing that can be spoken.", code="text_not_speakable", field="input.text"
            )

    def _token_runs(self, text: str, phonemizer: EnglishPhonemizer) -> Iterator[list[int]]:
        """The text's tokens, in runs that fit the model: cut at clauses, then at words, as often as needed."""
        with library_errors("misaki"):
            phonemes = phonemizer.phonemes(text)
        tokens = [self._tokens[symbol] for symbol in phonemes if symbol in self._tokens]
        if not any(symbol.isalpha() for symbol in phonemes):
            return
        parts = clauses(text) if len(tokens) > MOST_TOKENS else [text]
        if len(parts) == 1:
            yield tokens[:MOST_TOKENS]
            return
        for part in parts:
            yield from self._token_runs(part, phonemizer)

    def _run(self, tokens: list[int], style: Samples, speed: float) -> Samples:
        """Sound for up to 510 tokens: float32 [samples] at 24 kHz."""
        if self._session is None:
            raise RuntimeError("the engine is closed")
        feed = {
            "tokens": np.array([[_MARK, *tokens, _MARK]], np.int64),
            "style": style[None, min(len(tokens), len(style)) - 1],
            "speed": np.array([speed], np.float32),
        }
        samples: Samples = self._session.run(None, feed)[0].ravel()
        return np.clip(samples, -1.0, 1.0)

    @cached_property
    def _american(self) -> EnglishPhonemizer:
        return EnglishPhonemizer(self._tagger, self._speller, british=False)

    @cached_property
    def _british(self) -> EnglishPhonemizer:
        return EnglishPhonemizer(self._tagger, self._speller, british=True)
