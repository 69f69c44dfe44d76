"""plan() for speech in somebody's voice and for conversion: the steps, what they take, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.jobs import INPUTS, Plan, Step
from pipelines.planning import Limits, Planned, plan
from pipelines.requests import parse_request
from pipelines.speakers import saved_names
from pipelines.voices import Known, Nearest, Recording, SavedVoice, Space, VoiceStatus
from tests.pipelines.catalogs import CLONING, catalog_of

TEXT = {"text": "Hello."}
AUDIO = {"audio": {"artifact": "art_1"}}
VECTOR = (0.5, -0.25, 1.0)
RECORDING = Recording("voices/voice_1/audio", "audio/wav", 44, "00" * 32, 4.0, 16000)


def given(space: str, vector: tuple[float, ...] = VECTOR) -> dict[str, Any]:
    return {"embedding": {"family": space, "dimensions": len(vector), "vector": list(vector)}}


def saved(name: str = "voice_1", status: VoiceStatus = VoiceStatus.READY, **more: Any) -> Known:
    voice = SavedVoice(name, status, **{"recording": RECORDING, **more})
    return Known({name: voice}, lambda one, model, language: Nearest(f"{one.id}-{model.name}-{language}", 0.5))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("catalog"), CLONING)


def speech(model: str | None = None, reference: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    asked = {**TEXT, "reference": reference} if reference is not None else TEXT
    return {"kind": "speech", "model": model, "input": asked, "options": options}


def conversion(target: dict[str, Any] | None, model: str = "tone", **options: Any) -> dict[str, Any]:
    asked = {**AUDIO, "target": target} if target is not None else AUDIO
    return {"kind": "voice_conversion", "model": model, "input": asked, "options": options}


def planned(catalog: Catalog, body: dict[str, Any], known: Known | None = None) -> Planned:
    return plan(parse_request(body), catalog, Limits(), known)


def shown(plan: Plan) -> list[str]:
    """`name:model(what it takes)` of each step; what comes from the step before it goes without saying."""

    def one(number: int, step: Step) -> str:
        sources = plan.sources(number)
        names = ["input" if index == INPUTS else plan.steps[index].name for index, _ in sources or ()]
        return step.name + (f":{step.model}" if step.model else "") + (f"({','.join(names)})" if names else "")

    return [one(number, step) for number, step in enumerate(plan.steps)]


LISTENS = ["decode-reference(input)", "segment:tone(decode-reference)", "embed:{0}(decode-reference,segment)"]
PARTS = {"segments": [{"start": 0.5, "end": 2}, {"start": 2, "end": 3.5}]}


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        (speech("vocoding"), ["synthesize:vocoding", "vocode:vocoding"]),
        (speech("converting"), ["synthesize:converting"]),
        (speech("through"), ["synthesize:polyglot"]),
        (speech("through", language="fr"), ["synthesize:polyglot-fr"]),
        (speech("through", voice="luc"), ["synthesize:polyglot-fr"]),
        (speech("tone", AUDIO), [*LISTENS, "synthesize:tone(embed)"]),
        (speech("tone", AUDIO, format="mp3"), [*LISTENS, "synthesize:tone(embed)", "encode"]),
        (speech("vocoding", AUDIO), [*LISTENS, "synthesize:vocoding(embed)", "vocode:vocoding"]),
        (
            speech("converting", AUDIO, voice="square"),
            [*LISTENS, "synthesize:converting", "convert:converting(synthesize,embed)"],
        ),
        (
            speech("through", AUDIO, language="fr", format="opus"),
            [*LISTENS, "synthesize:polyglot-fr", "convert:through(synthesize,embed)", "encode"],
        ),
        # What is known is not found out again.
        (
            speech("tone", AUDIO | PARTS),
            ["decode-reference(input)", "embed:tone(decode-reference)", "synthesize:tone(embed)"],
        ),
        (speech("vocoding", given("vocoding")), ["synthesize:vocoding", "vocode:vocoding"]),
        (speech("converting", given("converting")), ["synthesize:converting", "convert:converting(synthesize)"]),
        (speech("through", given("converting")), ["synthesize:polyglot", "convert:through(synthesize)"]),
        (
            conversion(AUDIO, format="flac"),
            [
                "decode(input)",
                "decode-target(input)",
                "segment:tone(decode-target)",
                "embed-source:tone(decode)",
                "embed:tone(decode-target,segment)",
                "convert:tone(decode,embed-source,embed)",
                "encode",
            ],
        ),
        (
            conversion(AUDIO | PARTS, "through"),
            [
                "decode(input)",
                "decode-target(input)",
                "embed-source:through(decode)",
                "embed:through(decode-target)",
                "convert:through(decode,embed-source,embed)",
            ],
        ),
        (
            conversion(given("tone", (1.0,) * 16)),
            ["decode(input)", "embed-source:tone(decode)", "convert:tone(decode,embed-source)"],
        ),
    ],
)
def test_every_recipe_has_its_steps(catalog: Catalog, body: dict[str, Any], steps: list[str]) -> None:
    plan = planned(catalog, body).plan
    assert shown(plan) == [step.format(body["model"]) for step in steps]
    assert all((step.model is None) == (step.queue == "io") for step in plan.steps)


def step(catalog: Catalog, body: dict[str, Any], name: str, known: Known | None = None) -> dict[str, Any]:
    return dict(next(step.options for step in planned(catalog, body, known).plan.steps if step.name == name))


def test_each_step_is_told_what_it_needs(catalog: Catalog) -> None:
    body = speech("through", AUDIO, language="fr")
    assert step(catalog, body, "decode-reference") == {"sample_rate": 8000}
    bounds = {"min_seconds": 2.0, "max_seconds": 600.0, "field": "input.reference"}
    assert bounds.items() <= step(catalog, body, "segment").items()
    assert bounds.items() <= step(catalog, body, "embed").items()
    converting = step(catalog, body, "convert")
    assert (converting["source"], converting["target"]) == ({"voice": "luc"}, "embed")
    # Whatever the rate of the model that speaks first.
    assert converting["sample_rate"] == 8000
    assert step(catalog, conversion(AUDIO), "convert")["source"] == "embed-source"
    assert step(catalog, conversion(AUDIO), "segment")["field"] == "input.target"
    assert step(catalog, speech("tone", AUDIO | PARTS), "embed")["segments"] == [[0.5, 2.0], [2.0, 3.5]]
    assert step(catalog, speech("vocoding", AUDIO), "synthesize")["acoustics"] is True
    known = {"family": "vocoding", "vector": list(VECTOR)}
    assert step(catalog, speech("vocoding", given("vocoding")), "synthesize")["speaker"] == known
    assert step(catalog, speech("converting", AUDIO), "segment")["max_seconds"] == 60


def test_an_option_goes_to_each_model_that_has_it(catalog: Catalog) -> None:
    body = speech("through", AUDIO, delay_ms=5)
    assert step(catalog, body, "convert")["options"]["delay_ms"] == 5
    assert step(catalog, body, "embed")["options"]["delay_ms"] == 5
    # The base has no options at all, the detector has its defaults.
    assert step(catalog, body, "synthesize")["options"] == {}
    assert step(catalog, body, "segment")["options"]["delay_ms"] == 0


@pytest.mark.parametrize(
    ("body", "model"),
    [
        # Not the first that could, which was made for tests.
        (speech(None, AUDIO), "vocoding"),
        (speech(None, given("converting")), "converting"),
        (speech(None, AUDIO, language="de"), "vocoding"),
        (speech(None), "polyglot"),
    ],
)
def test_without_a_name_a_model_that_can_is_taken(catalog: Catalog, body: dict[str, Any], model: str) -> None:
    assert planned(catalog, body).model.name == model


def test_a_model_made_for_tests_serves_who_names_it_or_has_made_it_the_default(tmp_path: Path) -> None:
    models = "models: [{name: polyglot, family: polyglot}, {name: tone, family: tone}]\n"
    catalog = catalog_of(tmp_path, models)
    assert planned(catalog, speech("tone", AUDIO)).model.name == "tone"
    assert planned(catalog, speech(None)).model.name == "polyglot"
    for body in (speech(None, AUDIO), speech(None, voice="voice_1")):
        with pytest.raises(InvalidRequest, match=r"where `model` names them: tone") as refused:
            planned(catalog, body, saved())
        assert refused.value.code == "cannot_clone"
    assert planned(catalog_of(tmp_path, models + "defaults: {speech: tone}"), speech(None, AUDIO)).model.name == "tone"
    assert planned(catalog_of(tmp_path, "models: [{name: tone, family: tone}]"), speech(None)).model.name == "tone"


def test_a_saved_voice_is_a_reference(catalog: Catalog) -> None:
    for body in (speech("tone", voice="voice_1"), speech("tone", {"voice": "voice_1"})):
        assert saved_names(parse_request(body)) == {"voice_1"}
        found = planned(catalog, body, saved())
        assert shown(found.plan) == [one.format("tone") for one in [*LISTENS, "synthesize:tone(embed)"]]
        assert (found.voice, found.saved_voice, found.recordings) == ("voice_1", "voice_1", {"reference": RECORDING})
        remember = step(catalog, body, "embed", saved())["remember"]
        model = catalog.get("tone")
        assert model is not None
        assert Space(remember["space"], remember["revision"]) == Space.of(model)
        assert remember["voice"] == "voice_1"
    found = planned(catalog, conversion({"voice": "voice_1"}), saved(segments=((0.0, 3.0),)))
    assert found.recordings == {"target": RECORDING}
    assert "segment" not in [step.name for step in found.plan.steps]


def space_of(catalog: Catalog, name: str) -> Space:
    model = catalog.get(name)
    assert isinstance(model, Model)
    return Space.of(model)


def test_a_saved_voice_that_was_embedded_before_needs_no_recording(catalog: Catalog) -> None:
    known = saved(embeddings={space_of(catalog, "vocoding"): VECTOR}, recording=None)
    found = planned(catalog, speech("vocoding", voice="voice_1"), known)
    assert shown(found.plan) == ["synthesize:vocoding", "vocode:vocoding"]
    assert found.plan.steps[0].options["speaker"]["vector"] == list(VECTOR)
    assert (found.voice, found.saved_voice, found.recordings) == ("voice_1", "voice_1", None)
    other = saved(embeddings={Space("vocoding", "other weights"): VECTOR})
    assert len(planned(catalog, speech("vocoding", voice="voice_1"), other).plan.steps) == 5


def test_the_nearest_voice_speaks_where_the_model_cannot_clone(catalog: Catalog, tmp_path: Path) -> None:
    known = saved()
    nearest = Known(known.voices, lambda _voice, _model, language: Nearest("luc" if language else "ann", 0.75))
    body = speech("polyglot", voice="voice_1", voice_match="nearest", format="mp3")
    found = planned(catalog, body, nearest)
    assert [step.name for step in found.plan.steps] == ["synthesize", "encode"]
    assert found.plan.steps[0].options["voice"] == "ann"
    assert "tell" not in found.plan.steps[0].options
    assert found.plan.steps[1].options["tell"] == {"voice_used": "ann", "similarity": 0.75}
    assert (found.voice, found.saved_voice) == ("voice_1", "voice_1")
    french = speech("polyglot-fr", voice="voice_1", voice_match="nearest", language="fr")
    assert planned(catalog, french, nearest).plan.steps[0].options["voice"] == "luc"
    # A model that can clone does, and no other is looked for.
    assert planned(catalog, speech("tone", voice="voice_1", voice_match="nearest"), nearest).voice == "voice_1"
    assert planned(catalog, {**body, "model": None}, nearest).model.name == "polyglot"
    alone = catalog_of(tmp_path, "models: [{name: polyglot, family: polyglot}]")
    assert planned(alone, body, nearest).plan.steps[0].options["voice"] == "ann"


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    (speech("polyglot", AUDIO), "cannot_clone", "input.reference"),
    (speech("polyglot", given("tone")), "cannot_clone", "input.reference"),
    (speech("polyglot", voice="voice_1"), "cannot_clone", "options.voice"),
    (speech("tone", {}), "invalid_request", "input.reference"),
    (speech("tone", AUDIO | given("tone")), "invalid_request", "input.reference"),
    (speech("tone", AUDIO | {"voice": "voice_1"}), "invalid_request", "input.reference"),
    (speech("tone", {"voice": "voice_2"}), "unknown_voice", "input.reference.voice"),
    (speech("tone", {"voice": "sine"}), "unknown_voice", "input.reference.voice"),
    (speech("tone", voice="voice_2"), "unknown_voice", "options.voice"),
    (conversion({"voice": "voice_2"}), "unknown_voice", "input.target.voice"),
    (speech("tone", AUDIO, voice="voice_1"), "invalid_request", "options.voice"),
    (speech("tone", AUDIO, voice="sine"), "invalid_option", "options.voice"),
    (speech("through", AUDIO, voice="bob"), "unknown_voice", "options.voice"),
    (speech("through", AUDIO, language="de"), "unsupported_language", "options.language"),
    (speech("through", AUDIO, voice="ann", language="fr"), "unsupported_language", "options.language"),
    (speech("through", AUDIO, tempo=2), "unknown_field", "options.tempo"),
    (speech("tone", AUDIO, voice_match="nearest"), "invalid_option", "options.voice_match"),
    (speech("polyglot", voice="voice_1", voice_match="best"), "invalid_option", "options.voice_match"),
    (speech("polyglot", voice_match="nearest"), "invalid_option", "options.voice_match"),
    (speech("tone", {"audio": {}}), "invalid_request", "input.reference.audio"),
    (speech("tone", {"audio": {"url": "https://x"}}), "field_not_supported", "input.reference.audio.url"),
    (conversion({"audio": {"upload": "u"}}), "field_not_supported", "input.target.audio.upload"),
    (conversion({"audio": {"data": "x", "artifact": "y"}}), "invalid_request", "input.target.audio"),
    (speech("tone", given("tone") | PARTS), "invalid_request", "input.reference.segments"),
    (
        speech("tone", {"segments": [{"start": 2, "end": 1}], **AUDIO}),
        "invalid_request",
        "input.reference.segments.0.end",
    ),
    (
        speech("tone", {"segments": [{"start": 2, "end": 4}, {"start": 1, "end": 2}], **AUDIO}),
        "invalid_request",
        "input.reference.segments.1.start",
    ),
    (
        speech("tone", {"segments": [{"start": 0, "end": 0.5}], **AUDIO}),
        "reference_too_short",
        "input.reference.segments",
    ),
    (
        speech("tone", {"segments": [{"start": -1, "end": 3}], **AUDIO}),
        "invalid_request",
        "input.reference.segments.0.start",
    ),
    (speech("tone", given("converting")), "embedding_mismatch", "input.reference.embedding.family"),
    (speech("vocoding", given("vocoding", (1.0, 2.0))), "embedding_mismatch", "input.reference.embedding.vector"),
    (speech("vocoding", given("vocoding", (0.0, 0.0, 0.0))), "embedding_mismatch", "input.reference.embedding.vector"),
    (conversion(given("campplus")), "embedding_mismatch", "input.target.embedding.family"),
    (
        speech("tone", {"embedding": {"family": "tone", "dimensions": 2, "vector": [1.0]}}),
        "embedding_mismatch",
        "input.reference.embedding.dimensions",
    ),
    (
        speech("tone", {"embedding": {"family": "tone", "vector": [1.0, float("nan")]}}),
        "invalid_request",
        "input.reference.embedding.vector.1",
    ),
    (speech("tone", {"embedding": {"vector": [1.0]}}), "missing_field", "input.reference.embedding.family"),
    (conversion(None), "missing_field", "input.target"),
    ({"kind": "voice_conversion", "input": {"target": AUDIO}}, "missing_field", "input.audio"),
    (conversion(AUDIO, voice="voice_1"), "unknown_field", "options.voice"),
    (conversion(AUDIO, stages=2), "unknown_field", "options.stages"),
    (
        {"kind": "voice_conversion", "input": {**AUDIO, "target": AUDIO, "reference": AUDIO}},
        "unknown_field",
        "input.reference",
    ),
    ({"kind": "speech", "input": {**TEXT, "target": AUDIO}}, "unknown_field", "input.target"),
    ({"kind": "vad", "input": {**AUDIO, "target": AUDIO}}, "unknown_field", "input.target"),
    ({"kind": "vad", "input": AUDIO, "options": {"voice": "voice_1"}}, "unknown_field", "options.voice"),
]


@pytest.mark.parametrize(
    ("body", "code", "field"), REFUSALS, ids=[f"{number}-{code}" for number, (_, code, _) in enumerate(REFUSALS)]
)
def test_what_cannot_be_honoured_is_refused_by_name(
    catalog: Catalog, body: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, body, saved())
    assert (refused.value.code, [problem.field for problem in refused.value.fields]) == (code, [field])


def test_options_of_a_conversion_are_refused_where_nothing_is_converted(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "models: [{name: ov, family: openvoice, weights: v1}]")
    for name, body in (("tau", speech("ov", tau=0.5)), ("pitch", speech("ov", pitch=0.5))):
        with pytest.raises(InvalidRequest) as refused:
            planned(catalog, body)
        assert (refused.value.code, refused.value.fields[0].field) == ("invalid_option", f"options.{name}")
    assert planned(catalog, speech("ov", seed=1, speed=1.5)).plan.steps[0].options["options"]["seed"] == 1
    segments = {"segments": [{"start": 0, "end": 2}], **AUDIO}
    cloned = planned(catalog, speech("ov", segments, pitch=2, seed=1)).plan.steps[-1]
    assert (cloned.name, cloned.options["options"]["pitch"], cloned.options["options"]["seed"]) == ("convert", 2, 1)


def test_who_cannot_clone_names_those_who_can(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="tone, vocoding, converting, through"):
        planned(catalog, speech("polyglot", AUDIO))
    alone = catalog_of(tmp_path, "models: [{name: polyglot, family: polyglot}]")
    with pytest.raises(InvalidRequest, match="no model here") as refused:
        planned(alone, speech(None, AUDIO))
    assert refused.value.code == "cannot_clone"


@pytest.mark.parametrize("status", [VoiceStatus.CHECKING, VoiceStatus.REFUSED])
def test_a_saved_voice_that_is_not_ready_is_refused(catalog: Catalog, status: VoiceStatus) -> None:
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, speech("tone", voice="voice_1"), saved(status=status))
    assert (refused.value.code, refused.value.fields[0].field) == ("voice_not_ready", "options.voice")


def test_a_saved_voice_that_cannot_be_compared_is_not_ready(catalog: Catalog) -> None:
    known = Known(saved().voices)
    with pytest.raises(InvalidRequest) as refused:
        planned(catalog, speech("polyglot", voice="voice_1", voice_match="nearest"), known)
    assert refused.value.code == "voice_not_ready"


def test_what_a_recipe_lacks_is_said(tmp_path: Path) -> None:
    through = catalog_of(tmp_path, "models: [{name: through, family: through}]")
    with pytest.raises(InvalidRequest) as refused:
        planned(through, speech("through"))
    assert (refused.value.code, refused.value.fields[0].field) == ("no_model", "model")
    deaf = catalog_of(tmp_path, "models: [{name: deaf, family: deaf}]")
    with pytest.raises(InvalidRequest, match="segments") as refused:
        planned(deaf, speech("deaf", AUDIO))
    assert (refused.value.code, refused.value.fields[0].field) == ("no_model", "input.reference")
    assert len(planned(deaf, speech("deaf", AUDIO | PARTS)).plan.steps) == 3
