"""Kokoro 82M, 8-bit, on onnxruntime: text to speech of 24 kHz, sentence by sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime

from pipelines.catalog import Model, Voice
from pipelines.errors import PermanentError
from pipelines.mixing import Part, is_mix, parse_mix
from workers.contract import Audio, Device, Progress, Samples, SynthesisRequest
from workers.enginekit import Options, library_errors
from workers.engines.kokoro.chinese import MandarinPhonemizer
from workers.engines.kokoro.espeak import EspeakPhonemizer
from workers.engines.kokoro.japanese import JapanesePhonemizer
from workers.engines.kokoro.phonemes import EnglishPhonemizer, load_tagger
from workers.engines.kokoro.reading import Halves, Phonemizer, Reading, foreign_reading
from workers.engines.kokoro.text import sentences
from workers.text.sentences import clauses
from workers.text.spelling import Speller

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
        # A thread that waits by spinning takes the processor from all else on the machine, and from the threads that it
        # waits for where they have to share one: no faster on an idle machine, slower beside a single busy process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = str(folder / "kokoro-v1.0.int8.onnx")
        return cls(model, folder, onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))

    def close(self) -> None:
        self._session = None
        for reader in ("_american", "_british", "_japanese", "_mandarin"):
            self.__dict__.pop(reader, None)

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """One piece of sound per sentence, or per clause of a sentence that exceeds the model's context."""
        voices = self._mixed(request.voice or "")
        reading = self._reading(voices[0][0].language)
        style = self._style(voices)
        speed = Options.of(self._model, request.options).number("speed")
        done, spoken = 0, False
        for sentence in reading.sentences(request.text):
            for tokens in self._token_runs(sentence, reading.phonemizer, reading.halves):
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

    def _mixed(self, asked: str) -> list[tuple[Voice, float]]:
        """The voices that are asked for, with their weights: one, or those of a mixture."""
        parts = parse_mix(asked) if is_mix(asked) else (Part(asked),)
        unknown = [part.voice for part in parts if part.voice not in self._voices]
        if unknown:
            raise PermanentError(f"There is no voice {unknown[0]!r}.", code="unknown_voice", field="options.voice")
        return [(self._voices[part.voice], part.weight) for part in parts]

    def _style(self, voices: list[tuple[Voice, float]]) -> Samples:
        """The mean of the voices' styles by their weights: float32 [510, 256]."""
        files = [self._folder / "voices" / f"{voice.id}.bin" for voice, _ in voices]
        styles = [np.fromfile(file, "<f4").reshape(_STYLE) for file in files]
        if len(styles) == 1:
            return styles[0]
        mean: Samples = np.average(styles, axis=0, weights=[weight for _, weight in voices]).astype(np.float32)
        return mean

    def _token_runs(self, text: str, phonemizer: Phonemizer, halves: Halves = clauses) -> Iterator[list[int]]:
        """The text's tokens, in runs that fit the model: cut at clauses, then at words, as often as needed."""
        with library_errors(type(phonemizer).__name__):
            phonemes = phonemizer.phonemes(text)
        tokens = [self._tokens[symbol] for symbol in phonemes if symbol in self._tokens]
        if not any(symbol.isalpha() for symbol in phonemes):
            return
        parts = halves(text) if len(tokens) > MOST_TOKENS else [text]
        if len(parts) == 1:
            yield tokens[:MOST_TOKENS]
            return
        for part in parts:
            yield from self._token_runs(part, phonemizer, halves)

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

    def _reading(self, language: str) -> Reading:
        """How texts of `language` are read; PermanentError `missing_dependency` names what to install for it."""
        if language == "en-GB":
            return Reading(self._british, sentences, clauses)
        if language == "en-US":
            return Reading(self._american, sentences, clauses)
        return foreign_reading(language, self._foreign(language))

    def _foreign(self, language: str) -> Phonemizer:
        if language == "ja":
            return self._japanese
        return self._mandarin if language == "zh" else EspeakPhonemizer(language)

    @cached_property
    def _japanese(self) -> JapanesePhonemizer:
        return JapanesePhonemizer(self._folder / "ja_words.txt")

    @cached_property
    def _mandarin(self) -> MandarinPhonemizer:
        return MandarinPhonemizer(self._american)

    @cached_property
    def _american(self) -> EnglishPhonemizer:
        return EnglishPhonemizer(self._tagger, self._speller, british=False)

    @cached_property
    def _british(self) -> EnglishPhonemizer:
        return EnglishPhonemizer(self._tagger, self._speller, british=True)
