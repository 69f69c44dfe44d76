"""Whisper through CTranslate2 (faster-whisper): transcription, and translation to English."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import ctranslate2
from faster_whisper import BatchedInferencePipeline, WhisperModel

from pipelines.catalog import Capability, DeviceClass, Model
from pipelines.errors import PermanentError
from workers.contract import Audio, Decoding, Device, Progress, RecognitionRequest, Segment, TranscriptionInfo, Word
from workers.enginekit import Options, checked, is_silent, library_errors
from workers.engines.faster_whisper.options import arguments

NAME: Final = "faster-whisper"

#: Whisper's own codes where they are not the BCP-47 ones.
_CODES: Final = {"jv": "jw"}
_TAGS: Final = {code: tag for tag, code in _CODES.items()}

#: int8 on a CPU is faster than the library's default (float32) and as accurate on the published test recordings.
_COMPUTE: Final = {DeviceClass.CPU: "int8", DeviceClass.GPU_NVIDIA: "float16"}


class FasterWhisper:
    """Implements Transcriber on recordings of 16 kHz."""

    def __init__(self, model: Model, whisper: WhisperModel) -> None:
        self._model = model
        self._whisper = whisper
        #: What the library computes in, which may be another than was asked for: it takes what the device can.
        self._compute_type = str(whisper.model.compute_type)
        #: English, where it is all that the weights were trained on; distilled ones would still guess a language.
        self._only_language = "en" if not whisper.model.is_multilingual or model.languages == ("en",) else None

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """Loads the CTranslate2 model in `weights`; the model's setting `compute_type` overrides our choice."""
        place = "cpu" if device.kind is DeviceClass.CPU else "cuda"
        whisper = WhisperModel(
            str(weights),
            device=place,
            device_index=device.index,
            compute_type=_compute_type(model, device.kind, place),
            cpu_threads=device.threads,
            num_workers=1,
            local_files_only=True,
        )
        return cls(model, whisper)

    def close(self) -> None:
        """Gives the weights' memory back at once; the library alone would wait for the garbage collector."""
        self._whisper.model.unload_model()

    def transcribe(self, audio: Audio, request: RecognitionRequest) -> Iterator[TranscriptionInfo | Segment | Progress]:
        """The language, then the segments. A silent recording has none, whatever a recogniser would make up for it."""
        checked(audio, self._model.family.sample_rate)
        if request.translate and not self._can_translate:
            raise PermanentError("This model does not translate; it writes what it hears.", code="unsupported_kind")
        asked = self._arguments(request)
        audio_tokens = math.ceil(audio.seconds * self._whisper.tokens_per_second)
        if is_silent(audio):
            # Nothing was shown to the model.
            yield TranscriptionInfo(request.language or "und", 0.0, audio.seconds, self._compute_type, audio_tokens, 0)
            return
        # The library's batches remember a time between their calls: each call has its own.
        listener = BatchedInferencePipeline(self._whisper) if "batch_size" in asked else self._whisper
        with library_errors(NAME):
            segments, info = listener.transcribe(audio.samples, **asked)
        language = request.language or _TAGS.get(info.language, info.language)
        certainty, text_tokens = float(info.language_probability), self._text_tokens(asked)
        yield TranscriptionInfo(language, certainty, audio.seconds, self._compute_type, audio_tokens, text_tokens)
        for index, segment in enumerate(_guarded(segments)):
            yield _segment(index, segment, audio.seconds)
            yield Progress(min(1.0, float(segment.end) / audio.seconds))

    def _arguments(self, request: RecognitionRequest) -> dict[str, Any]:
        asked = arguments(Options.of(self._model, request.options))
        return {
            **asked,
            "language": self._code(request.language),
            "task": "translate" if request.translate else "transcribe",
            "multilingual": asked["multilingual"] and self._whisper.model.is_multilingual,
        }

    def _text_tokens(self, asked: dict[str, Any]) -> int:
        """Tokens of what is shown beside the sound, each text cut as the library cuts it: to half of the context."""
        most = self._whisper.max_length // 2 - 1
        # Before a prefix the library shows no hotwords.
        shown = ("initial_prompt", "prefix") if asked["prefix"] else ("initial_prompt", "hotwords")
        texts = (f" {asked[name].strip()}" for name in shown if asked[name])
        encode = self._whisper.hf_tokenizer.encode
        return sum(min(most, len(encode(text, add_special_tokens=False).ids)) for text in texts)

    @property
    def _can_translate(self) -> bool:
        multilingual: bool = self._whisper.model.is_multilingual
        return multilingual and self._model.supports(Capability.TRANSLATION)

    def _code(self, language: str | None) -> str | None:
        """Whisper's code of a BCP-47 tag; None lets it find the language, from the first 30 seconds with speech."""
        if language is None:
            return self._only_language
        primary = language.split("-")[0].lower()
        code = _CODES.get(primary, primary)
        if code not in self._whisper.supported_languages or not self._model.speaks(language):
            raise PermanentError(f"This model does not know the language {language!r}.", code="unsupported_language")
        return code


def _compute_type(model: Model, kind: DeviceClass, place: str) -> str:
    """The model's setting, else ours; PermanentError `invalid_setting` lists what the device can."""
    asked = model.settings.get("compute_type")
    if asked is None:
        return _COMPUTE[kind]
    able = {*ctranslate2.get_supported_compute_types(place), "default", "auto"}
    if asked not in able:
        message = f"{model.name}: compute_type {asked!r} is not one of {', '.join(sorted(able))}."
        raise PermanentError(message, code="invalid_setting")
    return str(asked)


def _guarded(segments: Iterable[Any]) -> Iterator[Any]:
    """The library's segments; recognition happens while they are asked for, so its errors come from here."""
    iterator = iter(segments)
    while True:
        with library_errors(NAME):
            segment = next(iterator, None)
        if segment is None:
            return
        yield segment


def _segment(index: int, segment: Any, limit: float) -> Segment:  # noqa: ANN401 - the library publishes no types
    """Ours from theirs; the model may place an end a little behind the recording's."""
    words = tuple(
        Word(word.word.strip(), _within(word.start, limit), _within(word.end, limit), float(word.probability))
        for word in segment.words or ()
    )
    start, end = _within(segment.start, limit), _within(segment.end, limit)
    return Segment(index, start, end, segment.text.strip(), words, _decoding(segment))


def _decoding(segment: Any) -> Decoding | None:  # noqa: ANN401 - the library publishes no types
    """What the library says of it; None where a number is none, such as the mean over no tokens."""
    made = Decoding(
        seek=int(segment.seek),
        tokens=tuple(map(int, segment.tokens)),
        temperature=float(segment.temperature or 0.0),
        avg_logprob=float(segment.avg_logprob),
        compression_ratio=float(segment.compression_ratio),
        no_speech_prob=float(segment.no_speech_prob),
    )
    return made if math.isfinite(made.avg_logprob + made.compression_ratio + made.no_speech_prob) else None


def _within(seconds: float, limit: float) -> float:
    return round(min(float(seconds), limit), 3) if math.isfinite(seconds) else limit
