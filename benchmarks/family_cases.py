"""The first-party families as the families part runs them: weights, one call of each, and where its network is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.catalog import DeviceClass, Model, OptionValue, load_families
from workers.contract import (
    AcousticModel,
    Audio,
    ConversionRequest,
    Embedding,
    EmbeddingRequest,
    Engine,
    Mel,
    SpeakerEncoder,
    SpeechDetector,
    SynthesisRequest,
    Synthesizer,
    Vocoder,
    VoiceConverter,
)
from workers.weights import WeightStore, default_cache

#: What a call gives: its chunks, as the engine yields them.
Work = Callable[[], Iterator[object]]


@dataclass(frozen=True)
class Case:
    """One kind of work of one model."""

    name: str
    family: str
    weights: str
    #: `embed`, `detect`, `convert`, `speak`, `acoustics` or `vocode`.
    work: str
    #: `module:Class.method` or `module:function`, each of which is the network at work. Spectral analysis is its first
    #: layer: a bare network has to have it too.
    networks: tuple[str, ...]
    options: Mapping[str, OptionValue]
    voice: str | None = None

    @property
    def model(self) -> Model:
        family = load_families()[self.family]
        languages = family.weights[self.weights].languages or family.languages
        return Model(self.name, family, self.weights, DeviceClass.CPU, None, languages, {})


_VITS = "workers.vits.synthesis:SpeakingNetwork.speak"
_TEXT = "workers.vits.text:TextEncoder.forward"
_CONVERTER = tuple(
    f"workers.engines.openvoice.{name}"
    for name in (
        "network:ToneConverter.forward",
        "network:ToneConverter.sound",
        "network:ToneConverter.embedding",
        "converting:magnitudes",
        "listening:spectrogram",
    )
)
_MELO = ("workers.engines.melotts.network:MeloSynthesizer.forward", "transformers:BertModel.forward")
_GE2E = ("workers.ge2e.network:Ge2eNetwork.forward", "workers.ge2e.parts:mel_frames")
_CAMPPLUS = (
    "workers.engines.campplus.network:CamPlusPlusNetwork.forward",
    "workers.engines.campplus.engine:features",
)
_HARMONY = "workers.engines.harmonyspeech"

#: Made-up weights say how long symbols last as they like. As drawn, those of OpenVoice and MeloTTS speak the sentences
#: at 15 to 20 characters a second, as people read aloud; `speed` brings Harmony's there.
CASES = (
    Case("openvoice_v1_speech", "openvoice", "v1", "speak", (_VITS, _TEXT), {"seed": 7}, "en-default"),
    Case("openvoice_v1_convert", "openvoice", "v1", "convert", _CONVERTER, {"seed": 7}),
    Case("openvoice_v2_convert", "openvoice", "v2", "convert", _CONVERTER, {"seed": 7}),
    Case("openvoice_v2_embed", "openvoice", "v2", "embed", _CONVERTER, {}),
    Case("melotts_en_speech", "melotts", "en", "speak", _MELO, {"seed": 7}),
    Case("harmonyspeech_embed", "harmonyspeech", "v1", "embed", _GE2E, {}),
    Case(
        "harmonyspeech_synthesize",
        "harmonyspeech",
        "v1",
        "acoustics",
        (f"{_HARMONY}.synthesizer:Synthesizer.forward",),
        {"speed": 0.5},
    ),
    Case(
        "harmonyspeech_vocode",
        "harmonyspeech",
        "v1",
        "vocode",
        (f"{_HARMONY}.vocoder:Generator.forward", f"{_HARMONY}.vocoder:FilterBank.forward"),
        {},
    ),
    Case("resemblyzer_embed", "resemblyzer", "pretrained", "embed", _GE2E, {}),
    Case("campplus_embed", "campplus", "zh-en", "embed", _CAMPPLUS, {}),
    Case("silero_vad_detect", "silero_vad", "v6", "detect", ("onnxruntime:InferenceSession.run",), {}),
)


def weights_of(case: Case, folder: Path) -> Path:
    """The case's weights: from a package, or made up at the published size and written to `folder`."""
    model = case.model
    if model.weights is None:
        raise LookupError(f"{case.name} has no weights")
    if case.family in {"campplus", "resemblyzer", "silero_vad"}:
        return WeightStore(default_cache()).ensure(model.weights, case.name)
    from tests.golden.filled import write_harmonyspeech, write_openvoice
    from tests.golden.filled_melotts import write_melotts

    writers: Mapping[str, Callable[[Path], Path]] = {
        "openvoice": partial(write_openvoice, version=case.weights, full=True),
        "melotts": partial(write_melotts, weights=case.weights, full=True),
        "harmonyspeech": partial(write_harmonyspeech, full=True),
    }
    target = folder / f"{case.family}-{case.weights}"
    if not target.is_dir():
        writers[case.family](target)
    return target


def work(case: Case, engine: Engine, text: str, audio: Audio, frames: Mel) -> Work:
    """One call, with what of the three inputs the case takes; it runs the engine when it is drained."""
    made: Work
    match engine, case.work:
        case SpeakerEncoder(), "embed":
            made = partial(engine.embed, audio, EmbeddingRequest())
        case SpeechDetector(), "detect":
            made = partial(engine.detect, audio, case.options)
        case VoiceConverter(), "convert":
            made = partial(engine.convert, audio, _conversion(case, engine, audio))
        case Synthesizer(), "speak":
            made = partial(engine.synthesize, _speech(case, text))
        case AcousticModel(), "acoustics":
            made = partial(engine.acoustics, _speech(case, text))
        case Vocoder(), "vocode":
            made = partial(engine.vocode, frames, case.options)
        case _:
            raise TypeError(f"{type(engine).__name__} cannot {case.work}")
    return made


def _speech(case: Case, text: str) -> SynthesisRequest:
    return SynthesisRequest(text, case.voice, "en", case.options)


def _conversion(case: Case, engine: Engine, audio: Audio) -> ConversionRequest:
    """From the recording's own voice to that of its second half."""
    half = Audio(audio.samples[len(audio.samples) // 2 :], audio.sample_rate)
    return ConversionRequest(_embedding(engine, audio), _embedding(engine, half), case.options)


def _embedding(engine: Engine, audio: Audio) -> Embedding:
    if not isinstance(engine, SpeakerEncoder):
        raise TypeError(f"{type(engine).__name__} makes no embeddings")
    return next(chunk for chunk in engine.embed(audio, EmbeddingRequest()) if isinstance(chunk, Embedding))
