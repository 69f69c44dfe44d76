"""Harmony Speech with made-up weights in the published layout, loaded by the path that a download takes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.catalog import DeviceClass, Model, load_families
from pipelines.errors import PermanentError
from tests.engines.conftest import only
from tests.golden import harmonyspeech as golden
from tests.golden.filled import GOLDEN, component_of, write_harmonyspeech
from workers.contract import (
    AcousticModel,
    Audio,
    Device,
    Embedding,
    EmbeddingRequest,
    Mel,
    Progress,
    Samples,
    SpeakerEncoder,
    SpeechRegion,
    SynthesisRequest,
    Vocoder,
)
from workers.engines.harmonyspeech.engine import HarmonySpeech
from workers.engines.harmonyspeech.frontend import cleaned
from workers.engines.harmonyspeech.parts import CHUNK, Vocoding
from workers.engines.harmonyspeech.pauses import FLOOR, PEAK
from workers.engines.harmonyspeech.text import LONGEST, sentences

TEXT = "Hello world. This is Dr. Smith, and he pays $12.50!"
Recording = Callable[[str], Audio]


def model() -> Model:
    family = load_families()["harmonyspeech"]
    return Model("harmonyspeech", family, "v1", DeviceClass.CPU, None, family.languages, {})


def loaded(folder: Path) -> HarmonySpeech:
    return HarmonySpeech.load(model(), folder, Device())


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_harmonyspeech(tmp_path_factory.mktemp("harmonyspeech"))


@pytest.fixture(scope="module")
def engine(weights: Path) -> HarmonySpeech:
    return loaded(weights)


def speaker(engine: HarmonySpeech, audio: Audio, *segments: SpeechRegion) -> Embedding:
    [embedding] = only(Embedding, engine.embed(audio, EmbeddingRequest(segments=segments)))
    return embedding


def mel(engine: HarmonySpeech, text: str = TEXT, voice: Embedding | None = None, **options: float) -> Samples:
    request = SynthesisRequest(text, None, None, options, voice)
    return np.concatenate([piece.frames for piece in only(Mel, engine.acoustics(request))], axis=1)


def sound(engine: HarmonySpeech, frames: Samples) -> Audio:
    [audio] = only(Audio, engine.vocode(Mel(frames), {}))
    return audio


def code(action: Callable[[], object]) -> str:
    with pytest.raises(PermanentError) as caught:
        action()
    return caught.value.code


@pytest.mark.parametrize("part", ["encoder", "synthesizer", "vocoder"])
def test_networks_give_what_the_original_gives(part: str) -> None:
    outcomes = list(getattr(golden, f"check_{part}")(component_of(f"harmonyspeech/{part}")))
    assert outcomes
    assert [outcome for outcome in outcomes if not outcome.passed] == []


def test_the_front_end_gives_what_the_original_gives() -> None:
    outcomes = list(golden.check_frontend(GOLDEN / "harmonyspeech" / "frontend_en.json"))
    assert [outcome.name for outcome in outcomes if not outcome.passed] == []


def test_a_text_is_spoken_in_the_voice_of_a_recording(engine: HarmonySpeech, recording: Recording) -> None:
    assert all(isinstance(engine, role) for role in (SpeakerEncoder, AcousticModel, Vocoder))
    voice = speaker(engine, recording("librivox-austen-en.flac"))
    assert voice.family == "harmonyspeech"
    assert voice.vector.dtype == np.float32
    assert float(np.linalg.norm(voice.vector)) == pytest.approx(1.0, abs=1e-5)
    frames = mel(engine, voice=voice)
    audio = sound(engine, frames)
    assert (audio.sample_rate, len(audio.samples)) == (16000, frames.shape[1] * 200)
    assert float(np.abs(audio.samples).max()) == pytest.approx(PEAK)
    # Each of the two sentences is followed by 0.15 s of true silence.
    silent = np.all(frames == FLOOR, axis=0)
    assert silent.sum() == 2 * 12
    assert silent[-12:].all()
    assert not audio.samples.reshape(-1, 200)[silent].any()


def test_the_voice_matters_and_the_narrator_speaks_where_none_is_given(
    engine: HarmonySpeech, recording: Recording
) -> None:
    other = speaker(engine, recording("asterisk-conference-es.flac"))
    narrator = speaker(engine, recording("librivox-austen-en.flac"))
    assert np.array_equal(mel(engine), mel(engine, voice=narrator))
    assert not np.allclose(mel(engine), mel(engine, voice=other), atol=1e-3)


def test_the_options_shape_the_spectrogram(engine: HarmonySpeech) -> None:
    plain = mel(engine, speed=0.02)
    assert mel(engine, speed=0.01).shape[1] > 1.5 * plain.shape[1]
    for changed in (mel(engine, speed=0.02, pitch=1.6), mel(engine, speed=0.02, energy=1.6)):
        assert not np.allclose(changed, plain, atol=1e-4)


def test_a_call_leaves_nothing_behind(engine: HarmonySpeech, recording: Recording) -> None:
    first = mel(engine)
    mel(engine, "Something else entirely.", speaker(engine, recording("asterisk-conference-es.flac")), speed=0.02)
    again = mel(engine)
    assert np.array_equal(first, again)
    assert np.array_equal(sound(engine, first).samples, sound(engine, again).samples)


def test_segments_are_what_is_heard(engine: HarmonySpeech, recording: Recording) -> None:
    austen = recording("librivox-austen-en.flac")
    part = Audio(austen.samples[16000:64000], 16000)
    assert np.array_equal(speaker(engine, austen, SpeechRegion(1.0, 4.0)).vector, speaker(engine, part).vector)


@pytest.mark.parametrize("frames", [1, 3, CHUNK - 1, CHUNK + 3, 2 * CHUNK + 37])
def test_a_long_spectrogram_sounds_the_same_in_pieces(frames: int) -> None:
    component = component_of("harmonyspeech/vocoder")
    vocoding = Vocoding.of(component.config, golden.tensors(component))
    noise = np.random.default_rng(5).normal(0, 1.5, (20, frames)).astype(np.float32)
    pieces = list(vocoding.chunks(noise))
    assert len(pieces) == -(-frames // CHUNK)
    assert np.allclose(np.concatenate(pieces), vocoding.wave(noise), atol=2e-6)


def test_a_piece_hears_no_more_around_it_than_it_needs() -> None:
    component = component_of("harmonyspeech/vocoder")
    vocoding = Vocoding.of(component.config, golden.tensors(component))
    noise = np.random.default_rng(6).normal(0, 1.5, (20, 120)).astype(np.float32)
    changed = noise.copy()
    changed[:, 60] += 1.0
    touched = np.abs(vocoding.wave(changed) - vocoding.wave(noise)).reshape(-1, 200).max(axis=1) > 0
    reach = vocoding.config.reach
    assert touched[60]
    assert not touched[: 60 - reach].any()
    assert not touched[61 + reach :].any()
    assert touched[60 - reach + 3] or touched[60 + reach - 3]


def test_progress_is_told_between_the_pieces(engine: HarmonySpeech) -> None:
    told = [chunk.fraction for chunk in only(Progress, engine.acoustics(SynthesisRequest(TEXT, None, None)))]
    assert told == [0.5, 1.0]
    frames = np.zeros((20, 3 * CHUNK), np.float32)
    assert len(only(Progress, engine.vocode(Mel(frames), {}))) == 3


@pytest.mark.parametrize(
    ("seconds", "level", "expected"),
    [(0.3, 0.1, "audio_too_short"), (2, 0.0, "audio_silent"), (2, 0.1, "audio_no_speech")],
)
def test_a_recording_without_enough_voice_is_refused(
    engine: HarmonySpeech, seconds: float, level: float, expected: str
) -> None:
    hum = level * np.sin(2 * np.pi * 50 * np.arange(int(seconds * 16000)) / 16000)
    assert code(lambda: speaker(engine, Audio(hum.astype(np.float32), 16000))) == expected


@pytest.mark.parametrize(("numbers", "space"), [(48, "campplus"), (192, "harmonyspeech")])
def test_an_embedding_of_another_kind_is_refused(engine: HarmonySpeech, numbers: int, space: str) -> None:
    embedding = Embedding(np.ones(numbers, np.float32), space)
    assert code(lambda: mel(engine, voice=embedding)) == "embedding_mismatch"


def test_an_unknown_voice_is_refused(engine: HarmonySpeech) -> None:
    assert code(lambda: list(engine.acoustics(SynthesisRequest(TEXT, "nobody", None)))) == "unknown_voice"
    assert list(engine.acoustics(SynthesisRequest("Hi.", "narrator", None)))


@pytest.mark.parametrize("text", ["...!", "  ", "{HH AH0}", "—"])
def test_a_text_without_a_word_is_refused(engine: HarmonySpeech, text: str) -> None:
    assert code(lambda: mel(engine, text)) == "text_not_speakable"


@pytest.mark.parametrize("shape", [(80, 10), (20, 0), (20,)])
def test_a_spectrogram_of_another_shape_is_refused(engine: HarmonySpeech, shape: tuple[int, ...]) -> None:
    assert code(lambda: sound(engine, np.zeros(shape, np.float32))) == "engine_refused"


def spoil(folder: Path, part: str, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    file = folder / part / f"{part}.pt"
    whole = torch.load(file, weights_only=True)
    state = whole["model_state"] if "model_state" in whole else whole["model"]["generator"]
    change(state)
    torch.save(whole, file)


@pytest.mark.parametrize("part", ["encoder", "synthesizer", "vocoder"])
def test_weights_that_do_not_fit_are_refused(weights: Path, tmp_path: Path, part: str) -> None:
    def use(folder: Path) -> str:
        engine = loaded(folder)
        actions = {
            "encoder": lambda: mel(engine),
            "synthesizer": lambda: mel(engine, voice=Embedding(np.ones(48, np.float32), "harmonyspeech")),
            "vocoder": lambda: sound(engine, np.zeros((20, 9), np.float32)),
        }
        return code(actions[part])

    changes: dict[str, Callable[[dict[str, torch.Tensor]], object]] = {
        "missing": lambda state: state.popitem(),
        "surplus": lambda state: state.update(more=torch.zeros(1)),
    }
    for name, change in changes.items():
        folder = shutil.copytree(weights, tmp_path / name)
        spoil(folder, part, change)
        assert use(folder) == "weights_mismatch"
    folder = shutil.copytree(weights, tmp_path / "config")
    file = folder / part / "config.json"
    config = json.loads(file.read_text())
    key = {"encoder": "model_embedding_size", "synthesizer": "rnn_dims", "vocoder": "channels"}[part]
    file.write_text(json.dumps({**config, key: config[key] * 2}))
    assert use(folder) == "weights_mismatch"
    file.write_text(json.dumps({**config, key: "many"}))
    assert use(folder) == "weights_config"
    cut = shutil.copytree(weights, tmp_path / "cut") / part / f"{part}.pt"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    assert use(tmp_path / "cut") == "weights_corrupt"


def test_closing_gives_the_networks_back(weights: Path) -> None:
    engine = loaded(weights)
    mel(engine)
    assert "_synthesizer" in vars(engine)
    engine.close()
    assert not {"_encoder", "_synthesizer", "_vocoder", "_narrator"} & vars(engine).keys()


def test_numbers_without_a_name_are_read_digit_by_digit() -> None:
    for written in ("7" * 5000, "$" + "7" * 5000, "7" * 40 + "th"):
        assert cleaned(written).startswith("seven, seven")


def test_texts_are_cut_into_sentences() -> None:
    assert list(sentences("Mr. Fox ran.\nHe won! Did he?")) == ["Mr. Fox ran.", "He won!", "Did he?"]
    long = "word " * 300
    assert "".join(sentences(long)).replace(" ", "") == long.replace(" ", "")
    assert max(map(len, sentences(long))) <= LONGEST
