from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog import DeviceClass, Model, load_families
from pipelines.errors import PermanentError
from tests.engines.conftest import only
from tests.golden.filled import OPENVOICE_V2_VOICES, write_openvoice
from workers.contract import (
    Audio,
    ConversionRequest,
    Device,
    Embedding,
    EmbeddingRequest,
    Progress,
    Samples,
    SpeakerEncoder,
    SpeechRegion,
    SynthesisRequest,
    VoiceConverter,
)
from workers.engines.openvoice import converting
from workers.engines.openvoice.engine import OpenVoice
from workers.vits.hifigan import HifiGan
from workers.vits.noise import NoiseSource

RATE = 22050


def model(version: str) -> Model:
    family = load_families()["openvoice"]
    languages = family.weights[version].languages or family.languages
    return Model(f"openvoice-{version}", family, version, DeviceClass.CPU, None, languages, {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice(tmp_path_factory.mktemp("openvoice"), "v2")


@pytest.fixture(scope="module")
def openvoice(folder: Path) -> OpenVoice:
    return OpenVoice.load(model("v2"), folder, Device(threads=1))


def speech(seconds: float, seed: int = 1) -> Samples:
    """Noise that swells and fades like syllables: with made-up weights no voice is needed."""
    count = round(seconds * RATE)
    swell = 0.6 + 0.4 * np.sin(np.arange(count) * 2 * np.pi * 4 / RATE)
    return (np.random.default_rng(seed).normal(0, 0.1, count) * swell).astype(np.float32)


def embedded(engine: OpenVoice, samples: Samples, *segments: SpeechRegion) -> Embedding:
    [embedding] = only(Embedding, engine.embed(Audio(samples, RATE), EmbeddingRequest(segments=segments)))
    return embedding


def converted(
    engine: OpenVoice, samples: Samples, source: Embedding | str, target: Embedding, **options: Any
) -> Samples:
    pieces = only(Audio, engine.convert(Audio(samples, RATE), ConversionRequest(source, target, options)))
    assert {piece.sample_rate for piece in pieces} == {RATE}
    return np.concatenate([piece.samples for piece in pieces])


def refused(call: Callable[[], Any]) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        call()
    return caught.value


@pytest.fixture(scope="module")
def voices(openvoice: OpenVoice) -> tuple[Embedding, Embedding]:
    return embedded(openvoice, speech(1.0)), embedded(openvoice, speech(1.3, seed=2) * np.float32(0.2))


def test_it_keeps_its_contract(openvoice: OpenVoice) -> None:
    assert isinstance(openvoice, SpeakerEncoder)
    assert isinstance(openvoice, VoiceConverter)


def test_an_embedding_is_the_mean_over_ten_seconds_each(openvoice: OpenVoice) -> None:
    long = speech(21.0)
    chunks = list(openvoice.embed(Audio(long, RATE), EmbeddingRequest()))
    assert [chunk.fraction for chunk in only(Progress, iter(chunks))] == pytest.approx([0.5, 1.0])
    [whole] = only(Embedding, iter(chunks))
    halves = [embedded(openvoice, half).vector for half in np.array_split(long, 2)]
    assert whole.family == "openvoice_v2"
    assert whole.vector.dtype == np.float32
    assert np.allclose(whole.vector, np.mean(halves, axis=0), atol=1e-6)
    assert not np.allclose(halves[0], halves[1], atol=1e-4)


def test_only_segments_are_heard(openvoice: OpenVoice) -> None:
    samples = speech(3.0)
    parts = SpeechRegion(0.5, 1.0), SpeechRegion(2.0, 2.5)
    heard = np.concatenate([samples[round(part.start * RATE) : round(part.end * RATE)] for part in parts])
    assert np.array_equal(embedded(openvoice, samples, *parts).vector, embedded(openvoice, heard).vector)


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (speech(0.49), "reference_too_short"),
        (np.zeros(2 * RATE, np.float32), "reference_silent"),
        (np.zeros(0, np.float32), "audio_empty"),
    ],
)
def test_what_holds_no_voice_is_refused(openvoice: OpenVoice, samples: Samples, code: str) -> None:
    assert refused(lambda: embedded(openvoice, samples)).code == code


@pytest.mark.parametrize("count", [1, 63, 64, 200, 6272, 6300, 40_001])
def test_a_conversion_is_as_long_as_what_came_in(
    openvoice: OpenVoice, voices: tuple[Embedding, Embedding], count: int
) -> None:
    made = converted(openvoice, speech(2.0)[:count], *voices)
    assert made.shape == (count,)
    assert made.dtype == np.float32
    assert np.abs(made).max() <= 1


@pytest.mark.parametrize("tau", [0.0, 0.5])
def test_chunks_have_no_seams(openvoice: OpenVoice, voices: tuple[Embedding, Embedding], tau: float) -> None:
    samples = speech(2.0)
    config, network = openvoice._config, openvoice._loaded

    def made(chunk: int) -> Samples:
        vectors = (voices[0].vector, voices[1].vector)
        noise = NoiseSource(3)
        pieces = converting.converted(network, config, samples, vectors, tau=tau, noise=noise, chunk=chunk)
        return np.concatenate(list(pieces))

    whole = made(10_000)
    assert np.abs(whole).max() > 0.1
    assert np.abs(made(97) - whole).max() < 1e-5


def test_too_little_context_would_make_seams(
    openvoice: OpenVoice, voices: tuple[Embedding, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = speech(1.0)
    whole = converted(openvoice, samples, *voices, tau=0.0)
    monkeypatch.setattr(converting, "LATENT_CONTEXT", 0)
    monkeypatch.setattr(HifiGan, "context", lambda _: 2)
    vectors = (voices[0].vector, voices[1].vector)
    pieces = converting.converted(
        openvoice._loaded, openvoice._config, samples, vectors, tau=0.0, noise=NoiseSource(1), chunk=50
    )
    assert np.abs(np.concatenate(list(pieces)) - whole).max() > 1e-3


def test_long_sound_comes_in_chunks(openvoice: OpenVoice, voices: tuple[Embedding, Embedding]) -> None:
    samples = speech(4.0)
    pieces = only(Audio, openvoice.convert(Audio(samples, RATE), ConversionRequest(*voices)))
    assert len(pieces) > 1
    assert sum(len(piece.samples) for piece in pieces) == len(samples)


def test_a_seed_gives_the_same_sound_and_calls_do_not_mix(
    openvoice: OpenVoice, voices: tuple[Embedding, Embedding]
) -> None:
    samples = speech(4.0)
    once = converted(openvoice, samples, *voices, seed=5)
    request = ConversionRequest(*voices, {"seed": 5})
    both = [openvoice.convert(Audio(samples, RATE), request) for _ in range(2)]
    pairs = list(zip(*both, strict=True))
    for index in range(2):
        assert np.array_equal(np.concatenate([pair[index].samples for pair in pairs]), once)
    assert not np.array_equal(once, converted(openvoice, samples, *voices, seed=6))
    assert not np.array_equal(once, converted(openvoice, samples, *voices, seed=5, tau=0.9))


def test_without_a_seed_the_noise_is_fresh(openvoice: OpenVoice, voices: tuple[Embedding, Embedding]) -> None:
    first, second = (converted(openvoice, speech(0.5), *voices) for _ in range(2))
    assert not np.array_equal(first, second)
    still = [converted(openvoice, speech(0.5), *voices, tau=0.0) for _ in range(2)]
    assert np.array_equal(still[0], still[1])


def test_the_target_and_the_pitch_are_heard(openvoice: OpenVoice, voices: tuple[Embedding, Embedding]) -> None:
    first, second = voices
    plain = converted(openvoice, speech(0.5), first, second, tau=0.0)
    assert not np.allclose(plain, converted(openvoice, speech(0.5), first, first, tau=0.0), atol=1e-3)
    higher = converted(openvoice, speech(0.5), first, second, tau=0.0, pitch=3.0)
    assert higher.shape == plain.shape
    assert not np.allclose(plain, higher, atol=1e-3)


@pytest.mark.parametrize("name", ["EN-US", "EN_INDIA", "KR", "en-newest"])
def test_a_source_is_known_by_the_name_of_its_base_voice(
    openvoice: OpenVoice, voices: tuple[Embedding, Embedding], folder: Path, name: str
) -> None:
    file = folder / "base_speakers" / "ses" / f"{name.lower().replace('_', '-')}.pth"
    vector = torch.load(file, weights_only=True).reshape(-1).numpy()
    by_name = converted(openvoice, speech(0.3), name, voices[1], seed=1)
    assert np.array_equal(
        by_name, converted(openvoice, speech(0.3), Embedding(vector, "openvoice_v2"), voices[1], seed=1)
    )


def test_an_unknown_base_voice_is_refused(openvoice: OpenVoice, voices: tuple[Embedding, Embedding]) -> None:
    assert refused(lambda: converted(openvoice, speech(0.3), "EN-MARS", voices[1])).code == "unknown_voice"


@pytest.mark.parametrize(
    "target",
    [
        Embedding(np.ones(32, np.float32), "openvoice_v1"),
        Embedding(np.ones(31, np.float32), "openvoice_v2"),
        Embedding(np.ones((1, 32), np.float32), "openvoice_v2"),
        Embedding(np.full(32, np.nan, np.float32), "openvoice_v2"),
    ],
)
def test_embeddings_of_another_kind_are_refused_and_the_engine_lives_on(
    openvoice: OpenVoice, voices: tuple[Embedding, Embedding], target: Embedding
) -> None:
    assert refused(lambda: converted(openvoice, speech(0.3), voices[0], target)).code == "embedding_mismatch"
    assert refused(lambda: converted(openvoice, speech(0.3), target, voices[0])).code == "embedding_mismatch"
    assert np.isfinite(converted(openvoice, speech(0.3), *voices)).all()


def test_v2_speaks_through_another_family(openvoice: OpenVoice) -> None:
    family = load_families()["openvoice"]
    cloning = model("v2").cloning
    assert cloning is not None
    assert (cloning.recipe, cloning.base) == ("convert", "melotts")
    assert model("v2").voices == ()
    assert {Path(file.path).stem for file in family.weights["v2"].files} >= set(OPENVOICE_V2_VOICES)
    request = SynthesisRequest("Hello.", "EN-US", None)
    assert refused(lambda: list(openvoice.synthesize(request))).code == "unknown_voice"
