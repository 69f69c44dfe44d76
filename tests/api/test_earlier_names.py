"""Names, voices, styles, embeddings and stretches of speech as earlier clients send them, over every family."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from api.earlier import activity, embeddings
from api.earlier.lists import model_list
from api.earlier.names import find
from api.earlier.schemas import EarlierGenerationOptions, EarlierOutputOptions
from api.earlier.sound import finishing_of, options_of
from api.earlier.voices import voice_for
from pipelines.catalog import Capability, Catalog, load_catalog
from pipelines.errors import InvalidRequest

SPEECH, EMBEDDING, CONVERSION = Capability.SPEECH, Capability.EMBEDDING, Capability.VOICE_CONVERSION


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(Path(__file__).parents[2] / "config" / "cpu.yml")


@pytest.mark.parametrize(
    ("name", "kind", "model", "language"),
    [
        ("harmonyspeech", SPEECH, "harmonyspeech", None),
        ("openvoice_v1", SPEECH, "openvoice-v1", None),
        ("openvoice_v2", CONVERSION, "openvoice-v2", None),
        ("openvoice-v2", SPEECH, "openvoice-v2", None),
        ("kokoro", SPEECH, "kokoro", None),
        ("hs1-encoder", EMBEDDING, "harmonyspeech", None),
        ("ov1-synthesizer-zh", SPEECH, "openvoice-v1", "zh"),
        ("ov1-tone-converter", CONVERSION, "openvoice-v1", None),
        ("ov2-synthesizer-en", SPEECH, "melotts-en-newest", "en"),
        ("ov2-synthesizer-jp", SPEECH, "melotts-jp", "ja"),
        ("faster-whisper-medium", Capability.TRANSCRIPTION, "whisper-medium", None),
        ("silero-vad", Capability.VAD, "silero-vad", None),
    ],
)
def test_names_of_toolchains_of_this_config_and_of_the_earlier_one(
    catalog: Catalog, name: str, kind: Capability, model: str, language: str | None
) -> None:
    named = find(name, kind, catalog)
    assert (named.model.name, named.name, named.language) == (model, name, language)


def test_of_several_models_the_first_of_config_yml_serves(tmp_path: Path) -> None:
    config = tmp_path / "config.yml"
    entries = ("{name: second, family: openvoice, weights: v2}", "{name: first, family: openvoice, weights: v1}")
    more = "{name: another, family: openvoice, weights: v1}"
    config.write_text(f"models: [{', '.join((*entries, more))}]\n", encoding="utf-8")
    catalog = load_catalog(config)
    assert find("openvoice_v1", SPEECH, catalog).model.name == "first"
    assert find("openvoice_v2", SPEECH, catalog).model.name == "second"


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("voicefixer", SPEECH, "unknown_model"),
        ("chatterbox", SPEECH, "unknown_model"),
        ("nobody", SPEECH, "unknown_model"),
        ("faster-whisper-huge", Capability.TRANSCRIPTION, "unknown_model"),
        # A step of a chain is nothing by itself, and a synthesizer embeds nobody.
        ("hs1-vocoder", SPEECH, "unknown_model"),
        ("ov1-synthesizer-en", EMBEDDING, "unknown_model"),
        ("kokoro", EMBEDDING, "unsupported_kind"),
    ],
)
def test_names_that_nothing_serves(catalog: Catalog, name: str, kind: Capability, code: str) -> None:
    with pytest.raises(InvalidRequest, match=r"there are|these do") as refused:
        find(name, kind, catalog)
    assert (refused.value.code, refused.value.fields[0].field) == (code, "model")


@pytest.mark.parametrize(
    ("model", "asked", "voice"),
    [
        ("openvoice-v1", (None, None, None), None),
        ("openvoice-v1", ("default", None, "EN"), "en-default"),
        ("openvoice-v1", ("cheerful", None, "english"), "en-cheerful"),
        ("openvoice-v1", ("en-cheerful", None, None), "en-cheerful"),
        ("openvoice-v1", ("default", None, "ZH"), "zh-default"),
        ("openvoice-v1", ("default", "sad", "EN"), "en-sad"),
        ("openvoice-v1", (None, 1, None), "en-whispering"),
        ("openvoice-v1", ("nobody", None, "EN"), "nobody"),
        ("openvoice-v2", ("EN-Newest", None, "EN"), "EN-Newest"),
        ("openvoice-v2", ("default", None, "JP"), None),
        ("melotts-en", ("EN-BR", None, "EN"), "EN-BR"),
        ("kokoro", ("af_heart", None, None), "af_heart"),
        ("harmonyspeech", ("default", None, None), None),
    ],
)
def test_voices_and_styles(catalog: Catalog, model: str, asked: tuple[Any, Any, Any], voice: str | None) -> None:
    name, style, language = asked
    assert voice_for(catalog.models[model], catalog, name, style, language) == voice


@pytest.mark.parametrize(
    ("model", "asked", "style"),
    [
        ("kokoro", "af_heart", 0),
        ("openvoice-v1", "default", 9),
        ("openvoice-v1", "sad", "angry"),
        ("openvoice-v1", "", "dull"),
    ],
)
def test_styles_that_there_are_not(catalog: Catalog, model: str, asked: str, style: int | str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        voice_for(catalog.models[model], catalog, asked or None, style, "EN")
    assert refused.value.fields[0].field == "generation_options.style"


def test_the_lists_say_what_a_request_may_name(catalog: Catalog) -> None:
    cards = {card["id"]: card for card in model_list(catalog, SPEECH)["data"]}
    # The model of this name and the toolchain of this name are one.
    assert [card for card in cards if card.startswith("harmony")] == ["harmonyspeech"]
    assert {cards[name]["object"] for name in ("harmonyspeech", "openvoice_v1", "openvoice_v2")} == {"toolchain"}
    assert cards["openvoice-v1"]["object"] == cards["kokoro"]["object"] == "model"
    first = {each["language"]: each["voices"] for each in cards["openvoice_v1"]["languages"]}
    assert [voice["voice"] for voice in first["EN"]][:2] == ["default", "whispering"]
    assert first["EN"][0]["styles"] == [voice["voice"] for voice in first["EN"]]
    assert first["ZH"] == [{"voice": "default", "styles": ["default"]}]
    second = {
        each["language"]: [voice["voice"] for voice in each["voices"]] for each in cards["openvoice_v2"]["languages"]
    }
    assert set(second) == {"EN", "ES", "FR", "ZH", "JP", "KR"}
    assert "EN-Newest" in second["EN"]
    assert second["JP"] == ["JP"]
    assert model_list(catalog, None) == {"object": "list", "data": []}
    for card in (card for card in cards.values() if card["id"].startswith("openvoice")):
        for language in card["languages"]:
            for voice in language["voices"]:
                named = find(card["id"], SPEECH, catalog)
                spoken = voice_for(named.model, catalog, voice["voice"], None, language["language"])
                assert spoken is not None


def test_embeddings_of_harmony_speech_are_raw_and_others_are_json(catalog: Catalog) -> None:
    vector = [float(number) / 256 for number in range(256)]
    raw = embeddings.encoded({"family": "harmonyspeech", "dimensions": 256, "vector": vector})
    assert base64.b64decode(raw) == struct.pack("<256f", *vector)
    model = catalog.models["harmonyspeech"]
    assert embeddings.decoded(raw, model, "f") == {"family": "harmonyspeech", "vector": vector}
    tagged = {"family": "openvoice_v2", "dimensions": 3, "vector": [0.5, 0.25, 1.0]}
    text = embeddings.encoded(tagged)
    assert json.loads(base64.b64decode(text)) == tagged
    assert embeddings.decoded(text, catalog.models["openvoice-v2"], "f") == tagged
    # Raw numbers may begin like anything, a pickle included.
    begins = base64.b64encode(b"\x80\x04" + bytes(1022)).decode()
    assert len(embeddings.decoded(begins, model, "f")["vector"]) == 256


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\x80\x02", b"\x80\x05"])
@pytest.mark.parametrize("model", ["openvoice-v1", "harmonyspeech"])
def test_pickles_are_refused(catalog: Catalog, begin: bytes, model: str) -> None:
    given = base64.b64encode(begin + bytes(500)).decode()
    with pytest.raises(InvalidRequest, match="pickle") as refused:
        embeddings.decoded(given, catalog.models[model], "input_embedding")
    assert (refused.value.code, refused.value.fields[0].field) == ("embedding_mismatch", "input_embedding")


@pytest.mark.parametrize(
    ("given", "code"), [("?", "invalid_base64"), ("AAAA", "embedding_mismatch"), ("W10=", "embedding_mismatch")]
)
def test_what_is_no_embedding_is_refused(catalog: Catalog, given: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        embeddings.decoded(given, catalog.models["openvoice-v1"], "target_embedding")
    assert (refused.value.code, refused.value.fields[0].field) == (code, "target_embedding")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"timestamps": [{"start": 0.5, "end": 2}]}, [(0.5, 2.0)]),
        ({"segments": [{"start": 0, "end": 3, "text": "hi"}], "info": {}}, [(0.0, 3.0)]),
        ([{"start": 3, "end": 4}, {"start": 0, "end": 1}, {"start": 0.5, "end": 2}], [(0.0, 2.0), (3.0, 4.0)]),
        # Without return_seconds the detector counts samples.
        ({"timestamps": [{"start": 8000, "end": 40000}]}, [(0.5, 2.5)]),
    ],
)
def test_stretches_of_speech(given: Any, expected: list[tuple[float, float]]) -> None:
    assert [(each["start"], each["end"]) for each in activity.stretches(json.dumps(given))] == expected


@pytest.mark.parametrize(
    "given", ["", "nonsense", "{}", "[]", "3", '{"timestamps": [{"start": 2, "end": 1}]}', '[{"start": -1, "end": 2}]']
)
def test_what_tells_of_no_speech_is_refused(given: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        activity.stretches(given)
    assert refused.value.fields[0].field == "input_vad_data"


def test_options_keep_their_names_and_what_changes_nothing_is_left_out(catalog: Catalog) -> None:
    asked = EarlierGenerationOptions(seed=1, speed=1.0, pitch=2.0, energy=1, top_k=5, norm_loudness=True)
    assert options_of(asked, catalog.models["harmonyspeech"], SPEECH) == {"seed": 1, "pitch": 2.0, "top_k": 5}
    # OpenVoice moves the melody by semitones.
    assert options_of(asked, catalog.models["openvoice-v1"], CONVERSION)["pitch"] == 12
    filters = [{"fade_in": 0.1}]
    output = EarlierOutputOptions(sample_rate=16000)
    finishing = finishing_of(asked, output, filters, SPEECH)
    assert finishing.values == {"fade_in": 0.1, "loudness": -16.0, "sample_rate": 16000}
    assert list(finishing.words.values()) == [
        "post_generation_filters.0.fade_in",
        "generation_options.norm_loudness",
        "output_options.sample_rate",
    ]
    with pytest.raises(InvalidRequest, match="post_generation_filters") as twice:
        finishing_of(asked, output, [{"loudness": -20}], SPEECH)
    assert twice.value.fields[0].field == "generation_options.norm_loudness"
    with pytest.raises(InvalidRequest) as refused:
        finishing_of(None, None, [{"model": "openvoice_v1", "target_audio": ""}], SPEECH)
    assert refused.value.fields[0].field == "post_generation_filters.0.model"
