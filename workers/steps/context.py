"""What every action works with: its inputs, its engine, its pulse; and what it gives back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from media.client import MediaHelper
from pipelines.catalog import OptionValue
from pipelines.errors import PermanentError
from pipelines.jobs import ArtifactRef
from storage.artifacts import ArtifactStore, Stored
from storage.claims import Work
from storage.jobs import JobStore
from workers.contract import Audio, Embedding, Engine, Progress, Segment, SpeechRegion
from workers.heartbeat import Pulse
from workers.patience import patiently
from workers.residency import Residency
from workers.steps.scratch import Scratch
from workers.wav import read_wav, write_wav

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


@dataclass(frozen=True)
class StepContext:
    """Everything an action may use."""

    work: Work
    store: ArtifactStore
    residency: Residency
    media: MediaHelper
    scratch: Scratch
    pulse: Pulse
    #: Where what is made is shown while the step runs; None = nowhere.
    jobs: JobStore | None = None

    def check(self, progress: float) -> None:
        """Notes progress, 0–1, and raises when the step should stop."""
        self.pulse.check(progress)

    def should_stop(self) -> bool:
        """The same as a question, for what cannot raise."""
        return self.pulse.reason_to_stop() is not None

    @property
    def input(self) -> ArtifactRef:
        """The first input of the step, in most steps the only one."""
        return self.work.inputs[0]

    def inputs(self, role: str) -> list[ArtifactRef]:
        """The inputs of that role, in the order in which the step takes them."""
        return [ref for ref in self.work.inputs if ref.role == role]

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
        patiently(self.pulse, lambda: self.store.fetch(self.input.key, path, self.input.sha256))
        return path

    def read(self, ref: ArtifactRef) -> bytes:
        """An input's bytes."""
        return patiently(self.pulse, lambda: self.store.read(ref.key, ref.sha256))

    def audio(self) -> Audio:
        """The input as sound."""
        return read_wav(self.read(self.input))

    def embeddings(self, *options: str) -> list[Embedding]:
        """The speakers that these options of the step say: a vector, or the name of the step whose artifact is one."""
        made = iter(self.inputs("embedding"))
        found = []
        for option in options:
            source = self.work.options[option]
            given = json.loads(self.read(next(made)))["embedding"] if isinstance(source, str) else source
            found.append(Embedding(np.array(given["vector"], np.float32), given["family"]))
        return found


@dataclass(frozen=True)
class Result:
    """What a step made: bytes to store and, if the job's document should say it too, plain JSON.

    An input among the outputs is handed on as it is: the same bytes become an artifact of this step, too.
    """

    outputs: Sequence[Output | ArtifactRef]
    document: Mapping[str, Any] | None = None
    #: What the job's document says in the end, whichever step is the last.
    said: Mapping[str, Any] | None = None


def contents(context: StepContext, chunks: Iterable[object], kind: type[_T], seconds: float = 0.0) -> Iterator[_T]:
    """The chunks of `kind`, with a check for cancellation after each chunk of any kind."""
    for chunk in chunks:
        check(context, chunk, seconds)
        if isinstance(chunk, kind):
            yield chunk


def check(context: StepContext, chunk: object, seconds: float) -> None:
    """Reports how far the work is: as the engine says, or by the place of the chunk in a recording of `seconds`."""
    if isinstance(chunk, Progress):
        context.check(chunk.fraction)
    elif isinstance(chunk, (Segment, SpeechRegion)) and seconds > 0:
        context.check(min(1.0, chunk.end / seconds))
    else:
        context.check(0.0)


def sound(audio: Audio) -> Result:
    return Result([Output("audio", "audio/wav", "wav", write_wav(audio), audio.seconds, audio.sample_rate)])


def as_json(role: str, document: Mapping[str, Any]) -> Result:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Result([Output(role, "application/json", "json", content)], document)
