import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import DeviceClass, Model, load_families
from pipelines.errors import PermanentError
from tests.engines.conftest import only
from tests.golden.filled import write_openvoice
from workers.contract import Audio, ConversionRequest, Device, Embedding, Samples, SynthesisRequest, Synthesizer
from workers.engines.openvoice.engine import OpenVoice
from workers.engines.openvoice.speaking import LONGEST

pytest.importorskip("eng_to_ipa", reason="the extra openvoice is not installed")

TEXT = "Hello world, this is a test."


def model(*languages: str) -> Model:
    return Model("openvoice-v1", load_families()["openvoice"], "v1", DeviceClass.CPU, None, languages, {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice(tmp_path_factory.mktemp("openvoice"), "v1")


@pytest.fixture(scope="module")
def english(folder: Path) -> OpenVoice:
    return OpenVoice.load(model("en"), folder, Device(threads=1))


def spoken(engine: OpenVoice, voice: str, text: str = TEXT, **options: Any) -> Samples:
    request = SynthesisRequest(text, voice, None, {"seed": 1, **options})
    pieces = only(Audio, engine.synthesize(request))
    assert {piece.sample_rate for piece in pieces} == {22050}
    return np.concatenate([piece.samples for piece in pieces])


def refused(engine: OpenVoice, voice: str, text: str = TEXT, language: str | None = None) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        list(engine.synthesize(SynthesisRequest(text, voice, language)))
    return caught.value


def test_each_style_sounds_different_and_a_seed_gives_the_same(english: OpenVoice) -> None:
    assert isinstance(english, Synthesizer)
    styles = [voice.id for voice in model("en").voices]
    assert len(styles) == 9
    sounds = [spoken(english, style) for style in styles]
    assert len({sound.tobytes() for sound in sounds}) == 9
    assert np.array_equal(sounds[0], spoken(english, styles[0]))
    assert not np.array_equal(sounds[0], spoken(english, styles[0], seed=2))


def test_speed_shortens_and_a_pause_follows(english: OpenVoice) -> None:
    slow, fast = (spoken(english, "en-default", speed=speed, noise_scale_w=0.0) for speed in (0.5, 2.0))
    assert len(fast) < 0.6 * len(slow)
    assert not fast[-int(0.025 * 22050) :].any()
    assert slow[-int(0.1 * 22050) - 200 : -int(0.1 * 22050)].any()


def test_long_texts_come_in_pieces(english: OpenVoice) -> None:
    text = " ".join(["Nobody knows, and nobody will ever tell, because the night is dark and full of words."] * 3)
    assert len(only(Audio, english.synthesize(SynthesisRequest(text, "en-sad", "en-US")))) == 3


@pytest.mark.parametrize("text", ["nobody knows " * 300, "ab" * 2500])
def test_a_text_without_a_mark_is_cut_before_it_takes_all_memory(english: OpenVoice, text: str) -> None:
    speaker = english._speakers["en"]
    runs = list(speaker._runs(text))
    assert len(runs) > 2
    assert max(map(len, runs)) <= LONGEST
    assert len(list(speaker._runs("nobody knows " * 10))) == 1


def test_chinese_is_spoken_by_its_own_network(folder: Path) -> None:
    pytest.importorskip("pypinyin", reason="the extra openvoice is not installed")
    chinese = OpenVoice.load(model("zh"), folder, Device(threads=1))
    assert len(spoken(chinese, "zh-default", "今天天气很好.")) > 2000
    assert refused(chinese, "en-default").code == "unknown_voice"


def test_what_cannot_be_spoken_is_refused_by_name(english: OpenVoice) -> None:
    assert refused(english, "en-bored").code == "unknown_voice"
    assert refused(english, "en-default", language="zh").code == "unsupported_language"
    assert refused(english, "en-default", "... !").code == "text_not_speakable"
    assert len(spoken(english, "en-default")) > 0


def test_a_style_that_the_weights_lack_is_refused(folder: Path, tmp_path: Path) -> None:
    write_openvoice(tmp_path, "v1")
    file = tmp_path / "checkpoints" / "base_speakers" / "EN" / "config.json"
    config = json.loads(file.read_text())
    del config["speakers"]["whispering"]
    file.write_text(json.dumps(config))
    assert refused(OpenVoice.load(model("en"), tmp_path, Device()), "en-whispering").code == "unknown_style"
    config["speakers"]["whispering"] = 99
    file.write_text(json.dumps(config))
    with pytest.raises(PermanentError, match="whispering") as caught:
        OpenVoice.load(model("en"), tmp_path, Device())
    assert caught.value.code == "weights_config"


def test_every_style_has_a_source_embedding(english: OpenVoice) -> None:
    rng = np.random.default_rng(1)
    sound = Audio(rng.normal(0, 0.1, 4000).astype(np.float32), 22050)
    target = Embedding(rng.normal(0, 1, 32).astype(np.float32), "openvoice_v1")

    def converted(voice: str) -> bytes:
        pieces = english.convert(sound, ConversionRequest(voice, target, {"tau": 0.0}))
        return b"".join(piece.samples.tobytes() for piece in only(Audio, pieces))

    assert converted("en-angry") == converted("en-cheerful")
    assert len({converted(voice) for voice in ("en-default", "en-angry", "zh-default")}) == 3
