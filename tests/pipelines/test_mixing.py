"""Mixtures of voices, and styles that are asked for in words."""

from pathlib import Path

import pytest

from pipelines.catalog import Model, load_catalog
from pipelines.errors import InvalidRequest
from pipelines.mixing import Part, is_mix, mix_of, parse_mix, spelled
from pipelines.planning import Limits, plan
from pipelines.requests import parse_request
from pipelines.styles import style_for

CONFIG = """
models:
  - {name: kokoro, family: kokoro, weights: int8}
  - {name: openvoice, family: openvoice, weights: v1}
  - {name: openvoice-2, family: openvoice, weights: v2}
  - {name: melo, family: melotts, weights: en}
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    config: Path = tmp_path_factory.mktemp("mixing") / "config.yml"
    config.write_text(CONFIG, encoding="utf-8")
    return dict(load_catalog(config).models)


def test_parts_and_weights() -> None:
    assert parse_mix("af_heart(2)+am_adam(1)") == (Part("af_heart", 2.0), Part("am_adam", 1.0))
    assert parse_mix(" af_heart + am_adam ( 0.5 )") == (Part("af_heart"), Part("am_adam", 0.5))
    assert spelled(parse_mix("af_heart+am_adam(0.25)")) == "af_heart(1)+am_adam(0.25)"
    assert [is_mix(voice) for voice in ("af_heart", "af_heart(1)", "a+b", None)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("mix", "sentence"),
    [
        ("af_heart+", "a mixture is written name(weight)+name(weight)"),
        ("af_heart(2", "a mixture is written"),
        ("af_heart(-1)+am_adam", "a mixture is written"),
        ("af_heart(nan)+am_adam", "a mixture is written"),
        ("af_heart(0)+am_adam", "the weight of af_heart must be above 0 and at most 1000"),
        ("af_heart(1001)+am_adam", "the weight of af_heart must be above 0"),
        ("+".join(["af_heart"] * 9), "mixes 9 voices; the limit is 8"),
        ("af_heart(2)+am_nobody(1)", "am_nobody is unknown; kokoro has: af_alloy, "),
        ("af_heart+bm_george", "voices of one language can be mixed; af_heart speaks en-US, bm_george speaks en-GB"),
    ],
)
def test_what_cannot_be_mixed(models: dict[str, Model], mix: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        mix_of(mix, models["kokoro"])
    assert refused.value.fields[0].field == "options.voice"
    assert refused.value.fields[0].message.startswith(sentence)


def test_a_job_speaks_in_a_mixture_in_one_spelling(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    config.write_text(CONFIG, encoding="utf-8")
    body = {"kind": "speech", "input": {"text": "Hello."}, "options": {"voice": "af_heart(2.0) + am_adam"}}
    planned = plan(parse_request(body), load_catalog(config), Limits())
    assert planned.voice == planned.plan.steps[0].options["voice"] == "af_heart(2)+am_adam(1)"
    assert planned.plan.steps[0].options["reads"] == "en-US", "its text would be neither cut nor put into words"


def test_who_does_not_mix_says_so(models: dict[str, Model]) -> None:
    with pytest.raises(InvalidRequest, match="melo does not mix voices"):
        mix_of("EN-US(1)+EN-BR(1)", models["melo"])


@pytest.mark.parametrize(
    ("instructions", "voice"),
    [
        ("Whisper this.", "en-whispering"),
        ("Speak in a cheerful, upbeat tone.", "en-cheerful"),
        ("You are ANGRY.", "en-angry"),
        ("warmly and kindly", "en-friendly"),
    ],
)
def test_a_style_is_known_by_its_words(models: dict[str, Model], instructions: str, voice: str) -> None:
    assert style_for(instructions, models["openvoice"], field="instructions").voice == voice


@pytest.mark.parametrize(
    ("model", "instructions", "sentence"),
    [
        ("openvoice", "Talk like a pirate.", "asks for no style that it has; openvoice speaks in one of: whispering, "),
        ("openvoice", "sad, then angry", "asks for angry and sad; openvoice speaks in one of"),
        ("openvoice-2", "Whisper this.", "openvoice-2 speaks in one way only"),
        ("kokoro", "Whisper this.", "kokoro speaks in one way only"),
    ],
)
def test_a_style_that_is_not_there(models: dict[str, Model], model: str, instructions: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        style_for(instructions, models[model], field="instructions")
    assert refused.value.fields[0].field == "instructions"
    assert refused.value.fields[0].message.startswith(sentence)
