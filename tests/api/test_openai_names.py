"""OpenAI's fields and names in words of native requests."""

from typing import Any

import pytest

from api.openai.names import VOICES, own_voice
from api.openai.speech import native_speech, parse_speech
from api.openai.usage import speech_usage, text_tokens
from pipelines.catalog import Catalog, load_catalog
from pipelines.errors import InvalidRequest

CONFIG = """
models:
  - {name: kokoro, family: kokoro, weights: int8}
  - {name: openvoice, family: openvoice, weights: v1}
  - {name: piper, family: piper, weights: joe}
  - {name: tone, family: tone}
aliases: {tts-1-hd: openvoice}
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    config = tmp_path_factory.mktemp("names") / "config.yml"
    config.write_text(CONFIG, encoding="utf-8")
    return load_catalog(config)


def native(catalog: Catalog, **body: Any) -> dict[str, Any]:
    return native_speech(parse_speech({"model": "tts-1", "input": "Hello.", "voice": "alloy", **body}, 100), catalog)


@pytest.mark.parametrize(
    ("model", "voice", "language", "own"),
    [
        ("kokoro", "nova", None, "af_nova"),
        ("kokoro", "fable", "en-GB", "bm_fable"),
        ("kokoro", "nova", "en-GB", "bf_alice"),
        ("kokoro", "af_heart", None, "af_heart"),
        ("kokoro", "nova(2)+echo(1)", None, "af_nova(2)+am_echo(1)"),
        ("openvoice", "onyx", None, "en-default"),
        ("openvoice", "onyx", "zh", "zh-default"),
        ("tone", "alloy", None, "sine"),
        ("tone", "ash", None, "square"),
        ("tone", "nobody", None, "nobody"),
    ],
)
def test_voices(catalog: Catalog, model: str, voice: str, language: str | None, own: str) -> None:
    assert own_voice(catalog.models[model], voice, language) == own


def test_every_name_serves_on_every_model(catalog: Catalog) -> None:
    for model in catalog:
        voices = [own_voice(model, name, None) for name in VOICES]
        assert all(voice is not None and model.voice(voice) for voice in voices)
    # No voice of Kokoro's stands in for two of OpenAI's.
    assert len({own_voice(catalog.models["kokoro"], name, None) for name in VOICES}) == len(VOICES)


def test_a_request(catalog: Catalog) -> None:
    assert native(catalog) == {
        "kind": "speech",
        "model": "tts-1",
        "input": {"text": "Hello."},
        "options": {"format": "mp3", "voice": "af_alloy"},
    }
    full = native(catalog, response_format="pcm", speed=2, language="en", voice={"id": "af_heart"})
    assert full["options"] == {"format": "pcm", "voice": "af_heart", "speed": 2, "language": "en"}
    assert "post_processing" not in full


def test_pcm_has_the_rate_that_openai_documents(catalog: Catalog) -> None:
    assert native(catalog, model="tone", response_format="pcm")["post_processing"] == {"sample_rate": 24_000}
    assert "post_processing" not in native(catalog, model="tone", response_format="pcm", sample_rate=8000)
    assert native(catalog, response_format="wav", sample_rate=16_000)["post_processing"] == {"sample_rate": 16_000}
    with pytest.raises(InvalidRequest, match="opus cannot have 44100 Hz"):
        native(catalog, response_format="opus", sample_rate=44_100)


def test_instructions_choose_the_voice_that_speaks_so(catalog: Catalog) -> None:
    assert native(catalog, model="tts-1-hd", instructions="Whisper.")["options"]["voice"] == "en-whispering"
    saved = native(catalog, model="tts-1-hd", instructions="Whisper.", voice="voice_1")
    assert saved["options"]["voice"] == "en-whispering"
    assert saved["input"]["reference"] == {"voice": "voice_1"}
    recorded = native(catalog, model="tts-1-hd", instructions="Be sad.", voice=None, reference="QUJD")
    assert recorded["options"]["voice"] == "en-sad"
    assert recorded["input"]["reference"] == {"audio": {"data": "QUJD"}}
    with pytest.raises(InvalidRequest, match="zh-default speaks in one way only; en-default speaks in styles"):
        native(catalog, model="tts-1-hd", instructions="Whisper.", voice="zh-default")
    assert native(catalog, instructions="")["options"]["voice"] == "af_alloy"


def test_a_reference_goes_as_it_is(catalog: Catalog) -> None:
    given = {"voice": "voice_1"}
    body = native(catalog, model="tone", voice=None, reference=given)
    assert body["input"]["reference"] == given
    assert "voice" not in body["options"]


def test_what_is_counted() -> None:
    assert text_tokens("Hello, world! 你好 co-op") == 4 + 2 + 3
    assert speech_usage("Hello.", 1.01) == {"input_tokens": 2, "output_tokens": 21, "total_tokens": 23}
