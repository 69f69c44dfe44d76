"""`post_processing` of a request: what it may say, where it may stand, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from media.formats import ENCODINGS
from pipelines.catalog import Catalog
from pipelines.errors import InvalidRequest
from pipelines.formats import WRITTEN_RATES
from pipelines.jobs import Action, Plan
from pipelines.planned import telling
from pipelines.planning import Limits, Planned, plan
from pipelines.postprocessing import refuse_on_stream
from pipelines.requests import parse_request
from pipelines.streams import is_streamed
from pipelines.workflows.finishing import finishing
from tests.pipelines.catalogs import CLONING, catalog_of

EMBEDDING = {"embedding": {"family": "tone", "vector": [1.0] * 16}}
AUDIO = {"data": ""}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("catalog"), CLONING)


def planned(catalog: Catalog, asked: Any, kind: str = "speech", model: str = "tone", **more: Any) -> Planned:
    given = {"text": "Hello."} if kind == "speech" else {"audio": AUDIO}
    body = {"kind": kind, "model": model, "input": {**given, **more.pop("input", {})}, "options": more}
    return plan(parse_request({**body, "post_processing": asked}), catalog, Limits())


def names(made: Plan) -> list[str]:
    return [step.name for step in made.steps]


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_one_step_at_the_end_does_it_and_writes_the_format(catalog: Catalog, form: str) -> None:
    made = planned(catalog, {"loudness": -16, "trim_silence": True}, format=form).plan
    assert names(made) == ["synthesize", "finish"]
    last = made.steps[-1]
    assert (last.action, last.queue, last.model) == (Action.FINISH, "io", None)
    assert last.options == {
        "format": form,
        "asked": {"loudness": -16.0, "trim_silence": {"threshold_db": -50.0, "keep_ms": 50.0}},
    }
    assert not is_streamed(made.steps)


def test_another_rate_alone_is_spoken_at_that_rate_and_streams(catalog: Catalog) -> None:
    asked = {"sample_rate": 24_000}
    for form, expected in (("wav", ["synthesize"]), ("mp3", ["synthesize", "encode"])):
        made = planned(catalog, asked, format=form).plan
        assert names(made) == expected
        assert is_streamed(made.steps)
        assert made.steps[0].options["rate"] == 24_000
    whole = planned(catalog, {**asked, "channels": 2}).plan
    assert names(whole) == ["synthesize", "finish"]
    assert "rate" not in whole.steps[0].options


def test_another_rate_of_sound_that_is_not_made_by_clauses_is_made_at_the_end(catalog: Catalog) -> None:
    asked = {"sample_rate": 24_000}
    vocoding = {"reference": {"embedding": {"family": "vocoding", "vector": [1.0, 0.0, 0.0]}}}
    spoken = planned(catalog, asked, model="vocoding", input=vocoding).plan
    converted = planned(catalog, asked, "voice_conversion", input={"target": EMBEDDING}).plan
    for made in (spoken, converted):
        assert names(made)[-1] == "finish"
        assert not is_streamed(made.steps)


def test_every_way_to_sound_ends_with_it(catalog: Catalog) -> None:
    asked = {"speed": 2}
    reference = {"input": {"reference": EMBEDDING}}
    vocoding = {"input": {"reference": {"embedding": {"family": "vocoding", "vector": [1.0, 0.0, 0.0]}}}}
    target = {"input": {"target": EMBEDDING}}
    for kind, model, more, before in (
        ("speech", "tone", reference, ["synthesize"]),
        ("speech", "vocoding", vocoding, ["synthesize", "vocode"]),
        ("speech", "tone", {"stages": 3}, ["synthesize", "stage-2", "stage-3"]),
        ("voice_conversion", "tone", target, ["decode", "embed-source", "convert"]),
    ):
        for form in ("wav", "opus"):
            assert names(planned(catalog, asked, kind, model, format=form, **more).plan) == [*before, "finish"]


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_what_the_result_says_of_the_voice_is_said_by_the_last_step(catalog: Catalog, form: str) -> None:
    told = telling(planned(catalog, None, format=form).plan, {"voice_used": "ann"})
    first, last = finishing(told, {"loudness": -16}, form).steps
    assert last.options["tell"] == {"voice_used": "ann"}
    assert "tell" not in first.options


@pytest.mark.parametrize("asked", [None, {}, {"trim_silence": False}, {"channels": 1, "speed": 1.0, "fade_in": 0}])
def test_what_asks_for_nothing_changes_nothing(catalog: Catalog, asked: Any) -> None:
    made = planned(catalog, asked, format="mp3").plan
    assert names(made) == ["synthesize", "encode"]
    assert is_streamed(made.steps)


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"loudness": -41}, "loudness", "-40"),
        ({"loudness": -4.9}, "loudness", "-5"),
        ({"loudness": True}, "loudness", "number"),
        ({"loudness": "-16"}, "loudness", "number"),
        ({"loudness": float("nan")}, "loudness", ""),
        ({"peak": 0.1}, "peak", "0"),
        ({"peak": -20.1}, "peak", "-20"),
        ({"trim_silence": 1}, "trim_silence", ""),
        ({"trim_silence": {"threshold_db": 0}}, "trim_silence.threshold_db", "-20"),
        ({"trim_silence": {"keep_ms": -1}}, "trim_silence.keep_ms", "0"),
        ({"trim_silence": {"keep": 1}}, "trim_silence.keep", "not a field"),
        ({"fade_in": -0.1}, "fade_in", "0"),
        ({"fade_out": 31}, "fade_out", "30"),
        ({"sample_rate": 7999}, "sample_rate", "8000"),
        ({"sample_rate": 48001}, "sample_rate", "48000"),
        ({"sample_rate": 16000.5}, "sample_rate", "integer"),
        ({"channels": 3}, "channels", "2"),
        ({"channels": True}, "channels", "integer"),
        ({"speed": 0.2}, "speed", "0.25"),
        ({"speed": 4.1}, "speed", "4"),
        ({"denoise": True}, "denoise", "not a field"),
    ],
)
def test_bad_values_are_refused_by_name_and_bound(catalog: Catalog, asked: Any, field: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, asked)
    [problem] = refused.value.fields
    assert problem.field == f"post_processing.{field}"
    assert said in problem.message


def test_a_rate_that_the_format_cannot_have_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InvalidRequest, match="opus has only: 8000, 12000") as refused:
        planned(catalog, {"sample_rate": 44100}, format="opus")
    assert refused.value.code == "sample_rate_unsupported"
    assert planned(catalog, {"sample_rate": 44100}, format="flac").plan.steps[0].options["rate"] == 44100
    assert {form: made.rates for form, made in ENCODINGS.items() if made.rates} == WRITTEN_RATES


@pytest.mark.parametrize("kind", ["transcription", "translation", "embedding", "vad"])
def test_kinds_without_sound_refuse_it(catalog: Catalog, kind: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{kind} job makes no sound") as refused:
        planned(catalog, {"loudness": -16}, kind)
    assert [problem.field for problem in refused.value.fields] == ["post_processing"]


def test_streams_refuse_what_needs_the_whole_sound() -> None:
    body = {"kind": "speech", "input": {"text": "Hello."}}
    refuse_on_stream(parse_request(body))
    refuse_on_stream(parse_request({**body, "post_processing": {"speed": 1}}))
    refuse_on_stream(parse_request({**body, "post_processing": {"sample_rate": 24_000}}))
    for asked, field in (({"loudness": -16, "peak": -1}, "loudness"), ({"trim_silence": True}, "trim_silence")):
        with pytest.raises(InvalidRequest) as refused:
            refuse_on_stream(parse_request({**body, "post_processing": asked}))
        assert refused.value.code == "not_streamable"
        assert refused.value.status == 422
        assert [problem.field for problem in refused.value.fields] == [f"post_processing.{field}"]
