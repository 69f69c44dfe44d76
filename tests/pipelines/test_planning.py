"""plan(): the steps of each kind, and each refusal with its code and field."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import Catalog
from pipelines.errors import InvalidRequest
from pipelines.planning import Limits, Planned, plan
from pipelines.requests import parse_request
from tests.pipelines.catalogs import MODELS, catalog_of

AUDIO = {"audio": {"artifact": "art_1"}}
TEXT = {"text": "Hello."}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return catalog_of(tmp_path, MODELS)


def planned(catalog: Catalog, body: dict[str, Any]) -> Planned:
    return plan(parse_request(body), catalog, Limits(text_characters=20))


@pytest.mark.parametrize(
    ("body", "route", "actions"),
    [
        ({"kind": "speech", "input": TEXT}, "cpu", ["synthesize"]),
        ({"kind": "speech", "input": TEXT, "options": {"format": "wav"}}, "cpu", ["synthesize"]),
        ({"kind": "speech", "input": TEXT, "options": {"format": "mp3"}}, "cpu>io", ["synthesize", "encode"]),
        ({"kind": "speech", "input": TEXT, "options": {"stages": 2}}, "cpu>io", ["synthesize", "stage"]),
        (
            {"kind": "speech", "input": TEXT, "options": {"stages": 4}},
            "cpu>io>cpu>io",
            ["synthesize", "stage", "stage", "stage"],
        ),
        ({"kind": "speech", "model": "pooled", "input": TEXT}, "cpu.fast", ["synthesize"]),
        ({"kind": "transcription", "input": AUDIO}, "io>cpu", ["decode", "transcribe"]),
        ({"kind": "translation", "input": AUDIO}, "io>cpu", ["decode", "transcribe"]),
        ({"kind": "embedding", "input": AUDIO}, "io>cpu", ["decode", "embed"]),
        ({"kind": "vad", "model": "pooled", "input": AUDIO}, "io>cpu.fast", ["decode", "detect"]),
    ],
)
def test_every_kind_has_its_steps(catalog: Catalog, body: dict[str, Any], route: str, actions: list[str]) -> None:
    steps = planned(catalog, body).plan.steps
    assert planned(catalog, body).plan.route() == route
    assert [step.action for step in steps] == actions
    # Steps without a model run on `io`, all others on their model's queue.
    assert all((step.model is None) == (step.queue == "io") for step in steps)


def test_only_a_translation_translates(catalog: Catalog) -> None:
    asked = [
        planned(catalog, {"kind": kind, "input": AUDIO}).plan.steps[1] for kind in ("transcription", "translation")
    ]
    assert [step.options["translate"] for step in asked] == [False, True]


def test_decoding_asks_for_the_rate_of_the_model(catalog: Catalog) -> None:
    assert planned(catalog, {"kind": "vad", "input": AUDIO}).plan.steps[0].options == {"sample_rate": 8000}


def test_defaults_of_options_are_filled_in(catalog: Catalog) -> None:
    step = planned(catalog, {"kind": "speech", "input": TEXT, "options": {"chunks": 3}}).plan.steps[0]
    assert step.options["options"] == {"stages": 1, "chunks": 3, "delay_ms": 0, "fail": ""}
    listening = planned(catalog, {"kind": "vad", "input": AUDIO}).plan.steps[1]
    assert listening.options["options"] == {"chunks": 1, "delay_ms": 0, "fail": ""}


@pytest.mark.parametrize(
    ("options", "voice", "language"),
    [
        ({}, "ann", None),
        ({"language": "french"}, "luc", "fr"),
        ({"language": "fr-FR"}, "luc", "fr-FR"),
        ({"voice": "luc"}, "luc", None),
        ({"voice": "ann", "language": "EN"}, "ann", "en"),
    ],
)
def test_voice_and_language_go_together(
    catalog: Catalog, options: dict[str, str], voice: str, language: str | None
) -> None:
    found = planned(catalog, {"kind": "speech", "model": "polyglot", "input": TEXT, "options": options})
    assert (found.voice, found.plan.steps[0].options["language"]) == (voice, language)


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "missing_field", "kind"),
    ({"kind": "poetry"}, "unknown_kind", "kind"),
    ({"kind": "speech", "input": TEXT, "colour": 1}, "unknown_field", "colour"),
    ({"kind": "speech", "input": {**TEXT, "ssml": "x"}}, "unknown_field", "input.ssml"),
    ({"kind": "speech", "input": {**TEXT, **AUDIO}}, "unknown_field", "input.audio"),
    ({"kind": "speech"}, "missing_field", "input.text"),
    ({"kind": "speech", "input": {"text": " \n\t"}}, "text_empty", "input.text"),
    ({"kind": "speech", "input": {"text": "x" * 21}}, "text_too_long", "input.text"),
    ({"kind": "vad"}, "missing_field", "input.audio"),
    ({"kind": "vad", "input": TEXT}, "unknown_field", "input.text"),
    ({"kind": "vad", "input": {"audio": {}}}, "invalid_request", "input.audio"),
    ({"kind": "vad", "input": {"audio": {"data": "x", "artifact": "y"}}}, "invalid_request", "input.audio"),
    ({"kind": "vad", "input": {"audio": {"url": "https://x"}}}, "field_not_supported", "input.audio.url"),
    ({"kind": "vad", "input": {"audio": {"upload": "up_1"}}}, "field_not_supported", "input.audio.upload"),
    ({"kind": "speech", "input": TEXT, "model": "nobody"}, "unknown_model", "model"),
    ({"kind": "vad", "input": AUDIO, "model": "polyglot"}, "unsupported_kind", "model"),
    ({"kind": "speech", "input": TEXT, "options": {"voice": "bob"}}, "unknown_voice", "options.voice"),
    ({"kind": "speech", "input": TEXT, "options": {"voice": 3}}, "unknown_voice", "options.voice"),
    ({"kind": "speech", "input": TEXT, "options": {"format": "midi"}}, "unsupported_format", "options.format"),
    ({"kind": "speech", "input": TEXT, "options": {"format": 1}}, "unsupported_format", "options.format"),
    ({"kind": "vad", "input": AUDIO, "options": {"format": "mp3"}}, "unknown_field", "options.format"),
    ({"kind": "vad", "input": AUDIO, "options": {"language": "en"}}, "unknown_field", "options.language"),
    ({"kind": "vad", "input": AUDIO, "options": {"stages": 2}}, "unknown_field", "options.stages"),
    ({"kind": "speech", "input": TEXT, "options": {"tempo": 2}}, "unknown_field", "options.tempo"),
    ({"kind": "speech", "input": TEXT, "options": {"chunks": 0}}, "invalid_option", "options.chunks"),
    ({"kind": "speech", "input": TEXT, "options": {"chunks": True}}, "invalid_option", "options.chunks"),
    ({"kind": "speech", "input": TEXT, "options": {"chunks": 1.5}}, "invalid_option", "options.chunks"),
    ({"kind": "speech", "input": TEXT, "options": {"stages": 5}}, "invalid_option", "options.stages"),
    ({"kind": "speech", "input": TEXT, "options": {"fail": "softly"}}, "invalid_option", "options.fail"),
    ({"kind": "speech", "input": TEXT, "options": {"language": "!"}}, "unsupported_language", "options.language"),
    ({"kind": "speech", "input": TEXT, "options": {"language": 5}}, "unsupported_language", "options.language"),
    (
        {"kind": "speech", "model": "polyglot", "input": TEXT, "options": {"language": "de"}},
        "unsupported_language",
        "options.language",
    ),
    (
        {"kind": "speech", "model": "polyglot", "input": TEXT, "options": {"voice": "ann", "language": "fr"}},
        "unsupported_language",
        "options.voice",
    ),
    ({"kind": "speech", "input": TEXT, "priority": "urgent"}, "invalid_request", "priority"),
    ({"kind": "speech", "input": TEXT, "deadline": 5}, "invalid_request", "deadline"),
    ({"kind": "speech", "input": TEXT, "expires_in": 5}, "invalid_request", "expires_in"),
    ({"kind": "speech", "input": TEXT, "post_processing": []}, "invalid_request", "post_processing"),
    ({"kind": "speech", "input": TEXT, "pre_processing": []}, "field_not_supported", "pre_processing"),
    ({"kind": "speech", "input": TEXT, "labels": {"-": "x"}}, "invalid_request", "labels.-"),
    ({"kind": "speech", "input": TEXT, "labels": {"a": "x" * 257}}, "too_long", "labels.a"),
    ({"kind": "speech", "input": TEXT, "labels": {f"k{i}": "" for i in range(33)}}, "too_long", "labels"),
    ({"kind": "speech", "input": TEXT, "webhook": {}}, "missing_field", "webhook.url"),
    (
        {"kind": "speech", "input": TEXT, "webhook": {"url": "https://x", "events": ["job.sneezed"]}},
        "invalid_request",
        "webhook.events.0",
    ),
]


@pytest.mark.parametrize(("body", "code", "field"), REFUSALS, ids=[f"{code}-{field}" for _, code, field in REFUSALS])
def test_what_cannot_be_honoured_is_refused_by_name(
    catalog: Catalog, body: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, body)
    assert refused.value.code == code
    assert [problem.field for problem in refused.value.fields] == [field]
    assert refused.value.status == 422


def test_every_wrong_field_is_named_at_once(catalog: Catalog) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, {"kind": "speech", "input": TEXT, "colour": 1, "priority": "urgent"})
    assert {problem.field for problem in refused.value.fields} == {"colour", "priority"}


@pytest.mark.parametrize("body", [None, [], "speech", 3])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(InvalidRequest, match="JSON object") as refused:
        parse_request(body)
    assert refused.value.code == "invalid_body"


def test_a_kind_that_no_model_does_is_refused(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "models: [{name: polyglot, family: polyglot}]\n")
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, {"kind": "vad", "input": AUDIO})
    assert (refused.value.code, refused.value.fields[0].field) == ("no_model", "kind")


def test_the_longest_text_is_accepted(catalog: Catalog) -> None:
    assert planned(catalog, {"kind": "speech", "input": {"text": "x" * 20}}).plan.steps[0].options["text"] == "x" * 20
