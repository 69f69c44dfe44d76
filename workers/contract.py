"""What an engine takes and gives: the only vocabulary that steps and families share.

An engine loads once and runs many times; it keeps nothing of a call (invariant 10). Its methods are generators, so
that the step can store progress and stop between two chunks. What a library raises is turned into `pipelines.errors`
where it is called: PermanentError for input that can never work, ResourceError for memory, TransientError for what
may pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog import DeviceClass, Model, OptionValue

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Audio:
    """Mono sound: `samples` float32 [n] in −1…1, at `sample_rate` Hz."""

    samples: Samples
    sample_rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Device:
    """Where an engine runs. `threads` is what a CPU engine may use; `index` is the GPU's, as the process sees it."""

    kind: DeviceClass = DeviceClass.CPU
    threads: int = 1
    index: int = 0


@dataclass(frozen=True)
class Progress:
    """A chunk without content: how much of the work is done, 0–1. Lets the step check for cancellation."""

    fraction: float


@dataclass(frozen=True)
class Word:
    """One word with its place in seconds and the recogniser's probability, 0–1."""

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Decoding:
    """How a segment's text was found, in Whisper's terms (Radford et al. 2022, section 4.5)."""

    #: Where the window begins that the segment was heard in, in frames of 10 ms.
    seek: int
    #: The text as numbers of the model's vocabulary, with its marks of time.
    tokens: tuple[int, ...]
    temperature: float
    #: Mean natural logarithm of the probabilities of the window's tokens.
    avg_logprob: float
    #: Bytes of the text over its bytes once compressed: what repeats itself is far above 2.
    compression_ratio: float
    #: Probability that nobody speaks in the window.
    no_speech_prob: float


@dataclass(frozen=True)
class Segment:
    """A stretch of recognised speech; times in seconds from the start of the recording."""

    id: int
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    #: None = the engine does not say.
    decoding: Decoding | None = None


@dataclass(frozen=True)
class TranscriptionInfo:
    """What a recogniser knows before its first segment."""

    language: str
    language_probability: float
    #: Seconds of the recording.
    duration: float
    #: What the engine computed in (`int8_float32`, `float16` …); None = it does not say.
    compute_type: str | None = None
    #: Positions that the recording takes at the encoder's end, and tokens of the text that was shown with it (prompt,
    #: hotwords); None = the model does not work in tokens.
    audio_tokens: int | None = None
    text_tokens: int | None = None


@dataclass(frozen=True)
class SpeechRegion:
    """A stretch with speech in it, in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Embedding:
    """A speaker as a vector: float32 [dimensions], in the space that `family` names (`Model.space`)."""

    vector: Samples
    family: str


@dataclass(frozen=True)
class Mel:
    """A spectrogram on its way to a vocoder: `frames` float32 [mels, frames], in the scale of its family."""

    frames: Samples


@dataclass(frozen=True)
class SynthesisRequest:
    """One text to speak. `voice` is None only on models without voices; `options` holds every option of the model.

    `speaker` is whom to sound like, on models that clone by themselves.
    """

    text: str
    voice: str | None
    language: str | None
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    speaker: Embedding | None = None


@dataclass(frozen=True)
class EmbeddingRequest:
    """What to listen to: `segments` in order of time; none = the whole recording."""

    options: Mapping[str, OptionValue] = field(default_factory=dict)
    segments: Sequence[SpeechRegion] = ()


@dataclass(frozen=True)
class ConversionRequest:
    """From whose voice to whose. A source given by name is one of the voices that the model knows as sources."""

    source: Embedding | str
    target: Embedding
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@dataclass(frozen=True)
class RecognitionRequest:
    """How to listen: `translate` gives English text. Without `language` the engine finds it."""

    language: str | None = None
    translate: bool = False
    options: Mapping[str, OptionValue] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """Loads once, runs many times. `weights` is the assembled folder of its weight set, None where it has none."""

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self: ...

    def close(self) -> None:
        """Gives memory back; the engine is not used again."""


@runtime_checkable
class Synthesizer(Engine, Protocol):
    """Text to speech; yields Audio of one sampling rate, clause by clause."""

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]: ...


@runtime_checkable
class Transcriber(Engine, Protocol):
    """Speech to text: first TranscriptionInfo, then segments in order of time."""

    def transcribe(
        self, audio: Audio, request: RecognitionRequest
    ) -> Iterator[TranscriptionInfo | Segment | Progress]: ...


@runtime_checkable
class SpeechDetector(Engine, Protocol):
    """Voice activity: regions in order of time."""

    def detect(self, audio: Audio, options: Mapping[str, OptionValue]) -> Iterator[SpeechRegion | Progress]: ...


@runtime_checkable
class SpeakerEncoder(Engine, Protocol):
    """A recording to one speaker embedding."""

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]: ...


@runtime_checkable
class AcousticModel(Engine, Protocol):
    """Text to spectrograms, sentence by sentence; a Vocoder of the same model makes them sound."""

    def acoustics(self, request: SynthesisRequest) -> Iterator[Mel | Progress]: ...


@runtime_checkable
class Vocoder(Engine, Protocol):
    """One spectrogram to sound; yields Audio of one sampling rate."""

    def vocode(self, mel: Mel, options: Mapping[str, OptionValue]) -> Iterator[Audio | Progress]: ...


@runtime_checkable
class VoiceConverter(Engine, Protocol):
    """Speech to the same words in another voice; yields Audio that is as long as what came in, all in all."""

    def convert(self, audio: Audio, request: ConversionRequest) -> Iterator[Audio | Progress]: ...
