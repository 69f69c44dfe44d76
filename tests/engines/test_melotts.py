"""MeloTTS with made-up weights in the published layout: loaded like a download, spoken, and refused when wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.catalog import DeviceClass, Model, load_families
from pipelines.errors import PermanentError
from tests.engines.conftest import only, spoken
from tests.golden.filled_melotts import write_language_model, write_melotts
from workers.contract import Audio, Device, Progress, SynthesisRequest, Synthesizer
from workers.engines.melotts.engine import MeloTTS
from workers.engines.melotts.features import TextFeatures

FAMILY = load_families()["melotts"]
TEXT = "Hola, ¿cómo estás?"


def model(weights: str) -> Model:
    return Model("melo", FAMILY, weights, DeviceClass.CPU, None, FAMILY.weights[weights].languages, {})


def request(
    text: str = TEXT, voice: str | None = "ES", language: str | None = None, **options: float
) -> SynthesisRequest:
    return SynthesisRequest(text, voice, language, options)


def copied(folder: Path, place: Path) -> Path:
    return shutil.copytree(folder, place / "weights")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_melotts(tmp_path_factory.mktemp("melotts"), "es")


@pytest.fixture(scope="session")
def engine(folder: Path) -> Iterator[MeloTTS]:
    engine = MeloTTS.load(model("es"), folder, Device())
    yield engine
    engine.close()


def test_it_speaks(engine: MeloTTS) -> None:
    assert isinstance(engine, Synthesizer)
    chunks = list(engine.synthesize(request(seed=1)))
    (sound,) = only(Audio, iter(chunks))
    assert sound.sample_rate == 44100
    assert np.abs(sound.samples).max() > 0.01
    assert np.abs(sound.samples).max() <= 1
    # 0.05 s of silence stand behind each piece.
    assert not sound.samples[-2205:].any()
    assert sound.samples[-2206] != 0
    assert chunks[-1] == Progress(1.0)


def test_a_seed_gives_the_same_sound_and_leaves_nothing_behind(engine: MeloTTS) -> None:
    state = torch.random.get_rng_state()
    first = spoken(engine, request(seed=7))
    spoken(engine, request("Otra cosa.", seed=8))
    again = spoken(engine, request(seed=7))
    other = spoken(engine, request(seed=9))
    assert np.array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples[:2000], other.samples[:2000])
    assert torch.equal(state, torch.random.get_rng_state())


def test_calls_that_overlap_do_not_mix(engine: MeloTTS) -> None:
    text = " ".join(["Hola, buenos días a todos."] * 11)
    alone = [piece.samples for piece in only(Audio, engine.synthesize(request(text, seed=3)))]
    first, second = engine.synthesize(request(text, seed=3)), engine.synthesize(request(text, seed=4))
    woven: list[Audio] = []
    for one, _ in zip(first, second, strict=True):
        if isinstance(one, Audio):
            woven.append(one)
    assert len(alone) > 1
    assert all(np.array_equal(one, two.samples) for one, two in zip(alone, woven, strict=True))


def test_twice_the_speed_is_about_half_as_long(engine: MeloTTS) -> None:
    text = " ".join([TEXT] * 5)
    plain, fast = (spoken(engine, request(text, speed=speed, noise_scale=0, noise_scale_w=0)) for speed in (0.5, 2.0))
    assert plain.seconds / fast.seconds > 2


@pytest.mark.parametrize("option", ["sdp_ratio", "noise_scale", "noise_scale_w"])
def test_each_option_changes_the_sound(engine: MeloTTS, option: str) -> None:
    base = {"sdp_ratio": 0.5, "noise_scale": 0.6, "noise_scale_w": 0.8, "seed": 1}
    first, second = (
        spoken(engine, SynthesisRequest(TEXT, "ES", None, {**base, option: value})) for value in (base[option], 0.0)
    )
    assert first.samples.shape != second.samples.shape or not np.array_equal(first.samples, second.samples)


def test_a_piece_too_long_for_the_language_model_is_cut(folder: Path, tmp_path: Path) -> None:
    small = copied(folder, tmp_path)
    shutil.rmtree(small / "bert")
    write_language_model(small / "bert", "es", positions=100)
    engine = MeloTTS.load(model("es"), small, Device())
    long = "a b " * 64
    pieces = only(Audio, engine.synthesize(request(long, seed=1)))
    assert len(pieces) == 2


@pytest.mark.parametrize("text", ["...", " ?! ", "«»", ""])
def test_a_text_without_anything_to_say_is_refused(engine: MeloTTS, text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        list(engine.synthesize(request(text)))
    assert (caught.value.code, caught.value.field) == ("text_not_speakable", "input.text")


def test_an_unknown_voice_is_refused_with_those_there_are(engine: MeloTTS) -> None:
    with pytest.raises(PermanentError, match="it has: ES") as caught:
        list(engine.synthesize(request(voice="EN-US")))
    assert (caught.value.code, caught.value.field) == ("unknown_voice", "options.voice")


def test_a_language_that_the_model_lacks_is_refused(engine: MeloTTS) -> None:
    with pytest.raises(PermanentError) as caught:
        list(engine.synthesize(request(language="fr")))
    assert caught.value.code == "unsupported_language"
    assert list(engine.synthesize(request(language="es-MX", seed=1)))


@pytest.mark.parametrize("missing", ["config.json", "checkpoint.pth", "bert/config.json", "bert/pytorch_model.bin"])
def test_a_file_that_is_not_there_is_named(folder: Path, tmp_path: Path, missing: str) -> None:
    broken = copied(folder, tmp_path)
    (broken / missing).unlink()
    with pytest.raises(PermanentError, match=missing.rpartition("/")[2].partition(".")[0]) as caught:
        MeloTTS.load(model("es"), broken, Device())
    assert caught.value.code == "weights_missing"


def test_a_config_that_disagrees_with_its_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = copied(folder, tmp_path)
    _edit(broken / "config.json", num_tones=12)
    with pytest.raises(PermanentError, match=r"tone_emb.weight \[16, 24\], not \[12, 24\]") as caught:
        MeloTTS.load(model("es"), broken, Device())
    assert caught.value.code == "weights_mismatch"


def test_a_language_model_with_missing_entries_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = copied(folder, tmp_path)
    _edit(broken / "bert" / "config.json", num_hidden_layers=9)
    with pytest.raises(PermanentError, match="lacks") as caught:
        MeloTTS.load(model("es"), broken, Device())
    assert caught.value.code == "weights_mismatch"


def test_features_are_the_third_hidden_state_from_the_end(folder: Path) -> None:
    from transformers import BertModel

    features = TextFeatures.load(folder / "bert", torch.device("cpu"))
    tokens = features.tokens("hola")
    counts = [3, *range(1, len(tokens) + 1), 2]
    whole = BertModel.from_pretrained(folder / "bert", add_pooling_layer=False)  # comes in eval mode
    ids = features._tokenizer.convert_tokens_to_ids(["[CLS]", *tokens, "[SEP]"])
    with torch.inference_mode():
        states = whole(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
        made = features("hola", counts)
    expected = torch.cat([states[-3][0, i].repeat(count, 1) for i, count in enumerate(counts)]).T
    assert len(states) == 5
    assert torch.allclose(made, expected, atol=1e-6)


def test_every_weight_set_speaks_one_language_and_has_voices() -> None:
    for name, weights in FAMILY.weights.items():
        assert len(weights.languages) == 1
        assert model(name).voices, name


def _edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **changes}), encoding="utf-8")
