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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models: []", "models"),
        ("models: [{name: tone, family: tone}, {name: tone, family: tone}]", "two models are named tone; give each"),
        ("models: [{name: Tone!, family: tone}]", "models.0.name"),
        ("models: [{name: tone, family: tone, colour: red}]", "models.0.colour"),
        ("models: [{name: t, family: bell}]", "model t: unknown family 'bell'; known: campplus"),
        ("models: [{name: t, family: tone, weights: x}]", "family tone has no weights; remove the line"),
        ("models: [{name: w, family: faster_whisper, weights: huge}]", "model w: weights must be one of: "),
        ("models: [{name: w, family: faster_whisper}]", "model w: weights must be one of: "),
        ("models: [{name: t, family: tone, device: gpu-amd}]", "model t: device must be one of: cpu"),
        ("models: [{name: t, family: tone, device: abacus}]", "models.0.device"),
        ("models: [{name: t, family: tone, pool: 'a b'}]", "models.0.pool"),
        ("models: [{name: t, family: tone}]\ndefaults: {vad: u}", "defaults.vad: no model 'u' with that capability"),
        (MODELS + "defaults: {vad: polyglot}", "defaults.vad: no model 'polyglot' with that capability"),
        ("models: [", "config.yml: "),
    ],
)
def test_a_wrong_configuration_says_what_to_mend(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CatalogError) as refused:
        catalog_of(tmp_path, text)
    assert sentence in refused.value.detail
    assert "config.yml" in refused.value.detail


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
    ],
)
def test_options_keep_to_their_bounds(spec: OptionSpec, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if spec.problem(value) is not None] == []
    assert [value for value in bad if spec.problem(value) is None] == []
