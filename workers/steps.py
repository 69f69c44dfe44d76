"""The work of each action: inputs in, an engine or the media helper, outputs out. Nothing here knows of leases."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from pipelines.catalog import OptionValue
from pipelines.errors import PermanentError
from pipelines.jobs import Action, ArtifactRef
from storage.artifacts import ArtifactStore, Stored
from storage.claims import Work
from workers.contract import (
    Audio,
    Embedding,
    Engine,
    Progress,
    RecognitionRequest,
    Segment,
    SpeakerEncoder,
    SpeechDetector,
    SpeechRegion,
    SynthesisRequest,
    Synthesizer,
    Transcriber,
    TranscriptionInfo,
)
from workers.heartbeat import Pulse
from workers.media.client import MediaHelper
from workers.media.formats import MEDIA_TYPES, AudioFormat
from workers.media.wav import read_wav, write_wav
from workers.residency import Residency

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Engine)


@dataclass(frozen=True)
class Output:
    """What a step made, not stored yet: bytes, or a file."""

    role: str
    media_type: str
    extension: str
    content: bytes | Path
    seconds: float | None = None
    sample_rate: int | None = None

    def put(self, store: ArtifactStore, key: str) -> Stored:
        """Stores it; durable when this returns."""
        if isinstance(self.content, bytes):
            return store.put_bytes(key, self.content, media_type=self.media_type)
        with self.content.open("rb") as file:
            return store.put(key, file, media_type=self.media_type)


class Scratch:
    """A folder for files of one step; made when first asked for, gone when the block ends."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def path(self, name: str) -> Path:
        """A file's place in the folder."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="harmony-")
        return Path(self._folder.name) / name


@dataclass(frozen=True)
class StepContext:
    """Everything an action may use."""

    work: Work
    store: ArtifactStore
    residency: Residency
    media: MediaHelper
    scratch: Scratch
    pulse: Pulse

    def check(self, progress: float) -> None:
        """Notes progress, 0–1, and raises when the step should stop."""
        self.pulse.check(progress)

    def should_stop(self) -> bool:
        """The same as a question, for what cannot raise."""
        return self.pulse.reason_to_stop() is not None

    @property
    def input(self) -> ArtifactRef:
        """The one input of the step."""
        return self.work.inputs[0]

    @property
    def options(self) -> Mapping[str, OptionValue]:
        """The model's options."""
        options: Mapping[str, OptionValue] = self.work.options["options"]
        return options

    @contextmanager
    def engine(self, kind: type[_E]) -> Iterator[_E]:
        """The step's model, loaded; `kind` is the protocol that its capability promises."""
        if self.work.model is None:
            msg = f"the step {self.work.action} has no model"
            raise PermanentError(msg, code="internal_error")
        with self.residency.use(self.work.model) as engine:
            if not isinstance(engine, kind):
                msg = f"{self.work.model} cannot {self.work.action}"
                raise PermanentError(msg, code="internal_error")
            yield engine

    def fetched(self) -> Path:
        """The input as a local file."""
        path = self.scratch.path("input")
        self.store.fetch(self.input.key, path, self.input.sha256)
        return path

    def audio(self) -> Audio:
        """The input as sound."""
        return read_wav(self.store.read(self.input.key, self.input.sha256))


@dataclass(frozen=True)
class Result:
    """What a step made: bytes to store and, if the job's document should say it too, plain JSON.

    An input among the outputs is handed on as it is: the same bytes become an artifact of this step, too.
    """

    outputs: Sequence[Output | ArtifactRef]
    document: Mapping[str, Any] | None = None


def perform(context: StepContext) -> Result:
    """Runs the step's action."""
    context.check(0.0)
    return _ACTIONS[context.work.action](context)


def _decode(context: StepContext) -> Result:
    target = context.scratch.path("audio.wav")
    info = context.media.decode(
        context.fetched(), target, sample_rate=context.work.options["sample_rate"], should_stop=context.should_stop
    )
    return Result([Output("audio", "audio/wav", "wav", target, info.seconds, info.sample_rate)])


def _encode(context: StepContext) -> Result:
    form: AudioFormat = context.work.options["format"]
    media_type, extension = MEDIA_TYPES[form]
    target = context.scratch.path(f"audio.{extension}")
    info = context.media.encode(context.fetched(), target, form, should_stop=context.should_stop)
    return Result([Output("audio", media_type, extension, target, info.seconds, info.sample_rate)])


def _synthesize(context: StepContext) -> Result:
    asked = context.work.options
    request = SynthesisRequest(asked["text"], asked["voice"], asked["language"], context.options)
    with context.engine(Synthesizer) as engine:
        pieces = list(_contents(context, engine.synthesize(request), Audio))
    if not pieces:
        msg = "The text holds nothing that can be spoken."
        raise PermanentError(msg, code="text_not_speakable", field="input.text")
    return _sound(Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate))


def _transcribe(context: StepContext) -> Result:
    asked = context.work.options
    request = RecognitionRequest(asked["language"], translate=asked["translate"], options=context.options)
    audio = context.audio()
    info: TranscriptionInfo | None = None
    segments: list[Segment] = []
    with context.engine(Transcriber) as engine:
        for item in engine.transcribe(audio, request):
            if isinstance(item, TranscriptionInfo):
                info = item
            elif isinstance(item, Segment):
                segments.append(item)
            _check(context, item, audio.seconds)
    document = {
        "text": " ".join(segment.text.strip() for segment in segments),
        "language": info.language if info else request.language,
        "language_probability": info.language_probability if info else None,
        "duration": info.duration if info else audio.seconds,
        "segments": [asdict(segment) for segment in segments],
    }
    return _json("transcript", document)


def _embed(context: StepContext) -> Result:
    audio = context.audio()
    with context.engine(SpeakerEncoder) as engine:
        (embedding,) = _contents(context, engine.embed(audio, context.options), Embedding)
    vector = [float(value) for value in embedding.vector]
    return _json("embedding", {"embedding": {"family": embedding.family, "dimensions": len(vector), "vector": vector}})


def _detect(context: StepContext) -> Result:
    audio = context.audio()
    with context.engine(SpeechDetector) as engine:
        regions = list(_contents(context, engine.detect(audio, context.options), SpeechRegion, audio.seconds))
    document = {
        "segments": [asdict(region) for region in regions],
        "speech_seconds": round(sum(region.end - region.start for region in regions), 3),
        "duration": round(audio.seconds, 3),
    }
    return _json("vad", document)


def _stage(context: StepContext) -> Result:
    """A hop for load tests: the sound goes on as it came, after the pause that was asked for."""
    end = time.monotonic() + float(context.work.options["delay_ms"]) / 1000
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
        context.check(0.0)
    return Result([context.input])


_ACTIONS: Mapping[Action, Callable[[StepContext], Result]] = {
    Action.DECODE: _decode,
    Action.ENCODE: _encode,
    Action.SYNTHESIZE: _synthesize,
    Action.TRANSCRIBE: _transcribe,
    Action.EMBED: _embed,
    Action.DETECT: _detect,
    Action.STAGE: _stage,
}


def _contents(context: StepContext, chunks: Iterable[object], kind: type[_T], seconds: float = 0.0) -> Iterator[_T]:
    """The chunks of `kind`, with a check for cancellation after each chunk of any kind."""
    for chunk in chunks:
        _check(context, chunk, seconds)
        if isinstance(chunk, kind):
            yield chunk


def _check(context: StepContext, chunk: object, seconds: float) -> None:
    """Reports how far the work is: as the engine says, or by the place of the chunk in a recording of `seconds`."""
    if isinstance(chunk, Progress):
        context.check(chunk.fraction)
    elif isinstance(chunk, (Segment, SpeechRegion)) and seconds > 0:
        context.check(min(1.0, chunk.end / seconds))
    else:
        context.check(0.0)


def _sound(audio: Audio) -> Result:
    return Result([Output("audio", "audio/wav", "wav", write_wav(audio), audio.seconds, audio.sample_rate)])


def _json(role: str, document: Mapping[str, Any]) -> Result:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Result([Output(role, "application/json", "json", content)], document)
