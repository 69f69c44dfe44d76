"""Whisper through CTranslate2 (faster-whisper): transcription, and translation to English."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from faster_whisper import WhisperModel

from pipelines.catalog import DeviceClass, Model
from pipelines.errors import PermanentError
from workers.contract import Audio, Device, Progress, RecognitionRequest, Segment, TranscriptionInfo, Word
from workers.enginekit import Options, checked, is_silent, library_errors

NAME: Final = "faster-whisper"

#: Whisper's own codes where they are not the BCP-47 ones.
_CODES: Final = {"jv": "jw"}
_TAGS: Final = {code: tag for tag, code in _CODES.items()}

#: int8 on a CPU is faster than the library's default (float32) and as accurate on the published test recordings.
_COMPUTE: Final = {DeviceClass.CPU: "int8", DeviceClass.GPU_NVIDIA: "float16"}

#: Temperatures tried in turn when the text of a window repeats itself or is improbable: Whisper's own ladder.
_LADDER: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class FasterWhisper:
    """Implements Transcriber on recordings of 16 kHz."""

    def __init__(self, model: Model, whisper: WhisperModel) -> None:
        self._model = model
        self._whisper = whisper

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """Loads the CTranslate2 model in `weights`; the model's setting `compute_type` overrides our choice."""
        whisper = WhisperModel(
            str(weights),
            device="cpu" if device.kind is DeviceClass.CPU else "cuda",
            device_index=device.index,
            compute_type=str(model.settings.get("compute_type") or _COMPUTE[device.kind]),
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
        if is_silent(audio):
            yield TranscriptionInfo(request.language or "und", 0.0, audio.seconds)
            return
        with library_errors(NAME):
            segments, info = self._whisper.transcribe(audio.samples, **self._arguments(request))
        language = request.language or _TAGS.get(info.language, info.language)
        yield TranscriptionInfo(language, float(info.language_probability), audio.seconds)
        for index, segment in enumerate(_guarded(segments)):
            yield _segment(index, segment, audio.seconds)
            yield Progress(min(1.0, float(segment.end) / audio.seconds))

    def _arguments(self, request: RecognitionRequest) -> dict[str, Any]:
        options = Options.of(self._model, request.options)
        temperature = options.number("temperature")
        return {
            "language": self._code(request.language),
            "task": "translate" if request.translate else "transcribe",
            "beam_size": options.integer("beam_size"),
            "word_timestamps": options.flag("word_timestamps"),
            "vad_filter": options.flag("vad_filter"),
            "initial_prompt": options.text("prompt") or None,
            "hotwords": options.text("hotwords") or None,
            "temperature": temperature if temperature > 0 else _LADDER,
            "condition_on_previous_text": options.flag("condition_on_previous_text"),
        }

    def _code(self, language: str | None) -> str | None:
        """Whisper's code of a BCP-47 tag; None lets it find the language, from the first 30 seconds with speech."""
        if language is None:
            return None if self._whisper.model.is_multilingual else "en"
        primary = language.split("-")[0].lower()
        code = _CODES.get(primary, primary)
        if code not in self._whisper.supported_languages:
            raise PermanentError(f"This model does not know the language {language!r}.", code="unsupported_language")
        return code


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
    return Segment(index, _within(segment.start, limit), _within(segment.end, limit), segment.text.strip(), words)


def _within(seconds: float, limit: float) -> float:
    return round(min(float(seconds), limit), 3) if math.isfinite(seconds) else limit
