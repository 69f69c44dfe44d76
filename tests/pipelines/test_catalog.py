"""config.yml and the family files: what they make, and that every error names the place and the fix."""

from pathlib import Path

import pytest

from pipelines.catalog import Capability, Catalog, OptionSpec, load_catalog, load_families
from pipelines.errors import CatalogError
from tests.pipelines.catalogs import MODELS, catalog_of

ROOT = Path(__file__).parents[2]


def test_the_default_configuration_loads_and_serves_every_kind() -> None:
    catalog = load_catalog(ROOT / "config.yml")
    assert all(catalog.default(kind) is not None for kind in Capability)
    assert catalog.queues == ("cpu", "io")


def test_pools_are_queues_of_their_own(tmp_path: Path) -> None:
    assert catalog_of(tmp_path, MODELS).queues == ("cpu", "cpu.fast", "io")


def test_the_configured_default_wins_over_the_first_model(tmp_path: Path) -> None:
    def speech(catalog: Catalog) -> str:
        model = catalog.default(Capability.SPEECH)
        assert model is not None
        return model.name

    assert speech(catalog_of(tmp_path, MODELS)) == "tone"
    assert speech(catalog_of(tmp_path, MODELS + "defaults: {speech: polyglot}\n")) == "polyglot"


def test_further_names_lead_to_models(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, MODELS + "aliases: {tts-1-hd: polyglot, old-name: pooled}\n")
    behind = {name: model.name for name, model in catalog.other_names.items()}
    # OpenAI's names stand for the default of their kind unless config.yml gives them to a model.
    assert behind["tts-1"] == behind["whisper-1"] == "tone"
    assert (behind["tts-1-hd"], behind["old-name"]) == ("polyglot", "pooled")
    assert catalog.means_default("tts-1", Capability.SPEECH)
    assert not catalog.means_default("tts-1-hd", Capability.SPEECH)
    assert not catalog.means_default("tts-1", Capability.TRANSCRIPTION)
    named = catalog.get("old-name")
    assert named is not None
    assert named.name == "pooled"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models: []", "config.yml:1: models must be a list with at least one model"),
        ("", "config.yml:1: must have the keys models and defaults"),
        (
            "models:\n- {name: tone, family: tone}\n- {name: tone, family: tone}",
            "config.yml:3: two models are named tone; give each its own name (the first is on line 2)",
        ),
        ("models: [{name: Tone!, family: tone}]", "model Tone!: name 'Tone!' must be lower-case letters, digits"),
        (
            "models:\n- name: t\n  family: tone\n  famly: tone",
            "config.yml:4: model t: unknown key 'famly'; did you mean 'family'?",
        ),
        (
            "models: [{name: t, family: tone}]\naliases: {tts-1: tome}",
            "config.yml:2: aliases.tts-1: no model 'tome'; known: t",
        ),
        (
            "models: [{name: t, family: tone}]\naliases:\n  t: t",
            "config.yml:3: aliases.t: a model has this name already; choose another",
        ),
        ("models: [{name: t, family: tone}]\naliases: {Big!: t}", "aliases: 'Big!' must be lower-case letters"),
        ("models: [{name: t, family: tone}]\naliases: [t]", "aliases must name a model for each further name"),
        ("modles: []\nmodels: [{name: t, family: tone}]", "config.yml:1: unknown key 'modles'; did you mean 'models'?"),
        (
            "models:\n- name: t\n  family: tome",
            "config.yml:3: model t: unknown family 'tome'; did you mean 'tone'? known: campplus",
        ),
        ("models: [{family: tone}]", "config.yml:1: the key 'name' is missing"),
        ("models: [tone]", "config.yml:1: a model is written as `- name: …` and `family: …`"),
        ("models: [{name: t, family: tone, weights: x}]", "family tone has no weights; remove the line"),
        (
            "models:\n- name: w\n  family: faster_whisper\n  weights: bass",
            "config.yml:4: model w: unknown weights 'bass'; did you mean 'base'? known: base",
        ),
        (
            "models: [{name: w, family: faster_whisper}]",
            "model w: the key 'weights' is missing; weights must be one of: ",
        ),
        ("models: [{name: t, family: tone, device: gpu-amd}]", "model t: family tone cannot run there; device must be"),
        ("models: [{name: t, family: tone, device: abacus}]", "model t: device 'abacus': known: cpu, gpu-amd"),
        ("models: [{name: t, family: tone, pool: 'a b'}]", "model t: pool 'a b' must be lower-case letters"),
        ("models: [{name: t, family: tone, source: 'path:/x'}]", "family tone has no weights; remove source"),
        (
            "models: [{name: w, family: faster_whisper, weights: base, source: 'ftp:/x'}]",
            "model w: source: 'ftp:/x' is none of: hf:OWNER/REPO@REVISION",
        ),
        (
            "models: [{name: w, family: faster_whisper, weights: base, source: 'hf:acme/whisper'}]",
            "'hf:acme/whisper' names no revision; add @REVISION",
        ),
        (
            "models: [{name: w, family: faster_whisper, weights: base, revision: main}]",
            "its weights come from no hub, and no source is named; remove revision",
        ),
        ("models: [{name: t, family: polyglot, languages: [english]}]", "unknown language 'english'; write 'en'"),
        ("models: [{name: t, family: polyglot, languages: [gibberish]}]", "a language is a tag such as en or en-US"),
        (
            "models:\n- name: t\n  family: polyglot\n  languages:\n  - en\n  - de",
            "config.yml:6: model t: family polyglot does not have the language 'de'; it has: en-US, fr-FR",
        ),
        (
            "models: [{name: w, family: faster_whisper, weights: base, settings: {compute: int8}}]",
            "family faster_whisper takes no setting 'compute'; did you mean 'compute_type'?",
        ),
        (
            "models: [{name: w, family: faster_whisper, weights: base, settings: {compute_type: int9}}]",
            "model w: settings.compute_type must be one of: default",
        ),
        (
            "models: [{name: t, family: tone}]\ndefaults:\n  vad: u",
            "config.yml:3: defaults.vad: no model 'u' with that capability; models that have it: t",
        ),
        (MODELS + "defaults: {vad: polyglot}", "defaults.vad: no model 'polyglot' with that capability"),
        (
            "models: [{name: t, family: tone}]\ndefaults: {vads: t}",
            "config.yml:2: defaults: unknown kind 'vads'; did you",
        ),
        ("models:\n- {name: t, family: tone}\nmodels: []", "config.yml:3: the key 'models' stands here twice"),
        ("models:\n- name: 'a\n- {", "config.yml:"),
        ("models: [", "config.yml:1: not YAML: "),
        ("models: \x00", "config.yml:1: not YAML: "),
    ],
)
def test_a_wrong_configuration_says_what_to_mend(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CatalogError) as refused:
        catalog_of(tmp_path, text)
    assert sentence in refused.value.detail
    assert "config.yml" in refused.value.detail


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = """models:
  - name: One
    family: tone
  - name: two
    family: bell
    colour: red
  - name: three
    family: bell
  - name: four
    family: tone
    device: gpu-nvidia
defaults:
  speech: nobody
"""
    with pytest.raises(CatalogError) as refused:
        catalog_of(tmp_path, text)
    lines = refused.value.detail.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"config.yml:{number}" for number in (2, 6, 8, 11, 13)]


def test_a_missing_configuration_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="HARMONY_CONFIG"):
        load_catalog(tmp_path / "nowhere.yml")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("bell.toml", "name = ", "bell.toml: "),
        ("bell.toml", 'name = "bell"', "bell.toml: title"),
        ("gong.toml", None, "gong.toml: name is 'tone'; it must match the file's name"),
    ],
)
def test_a_wrong_family_file_is_named(tmp_path: Path, name: str, text: str | None, sentence: str) -> None:
    tone = ROOT / "pipelines" / "families" / "tone.toml"
    (tmp_path / name).write_text(tone.read_text(encoding="utf-8") if text is None else text, encoding="utf-8")
    with pytest.raises(CatalogError) as refused:
        load_families(tmp_path)
    assert sentence in refused.value.detail


@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        (OptionSpec(type="number", description="", minimum=0.5, maximum=2), [0.5, 1, 2.0], [0.4, 2.1, "1", True]),
        (OptionSpec(type="number", description="", minimum=0), [0.0], [float("nan"), -1e-9]),
        (OptionSpec(type="number", description="", maximum=0), [0.0], [float("nan"), float("inf")]),
        (OptionSpec(type="integer", description=""), [0, -7], [0.5, False, None]),
        (OptionSpec(type="boolean", description=""), [True, False], [1, "yes"]),
        (OptionSpec(type="string", description="", choices=("a", "b")), ["a"], ["c", "", 1]),
        (OptionSpec(type="string", description="", max_length=3), ["", "abc"], ["abcd"]),
        (OptionSpec(type="integer", description="", multiple_of=8), [0, 16], [9, float("nan")]),
        (OptionSpec(type="string", description="", pattern=r"\d(,\d)*"), ["1", "1,2"], ["", "1,", "1,2\n"]),
    ],
)
def test_options_keep_to_their_bounds(spec: OptionSpec, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if spec.problem(value) is not None] == []
    assert [value for value in bad if spec.problem(value) is None] == []
