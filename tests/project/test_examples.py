"""The example configurations: each is accepted, has every family, and puts each where it gains most."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harmony.cli import app
from pipelines.catalog import Capability, DeviceClass, load_catalog, load_families

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "config").glob("*.yml"))
GPUS = {"nvidia": DeviceClass.GPU_NVIDIA, "amd": DeviceClass.GPU_AMD}


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert [path.stem for path in EXAMPLES] == ["amd", "cpu", "nvidia"]


@pytest.mark.parametrize("config", EXAMPLES, ids=lambda path: path.stem)
def test_the_check_accepts_it(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app, ["models", "check", "--config", str(config)], env={"HARMONY_CACHE_DIR": str(tmp_path)}
    )
    assert result.exit_code == 0, result.output
    assert "no errors" in result.output


@pytest.mark.parametrize("config", EXAMPLES, ids=lambda path: path.stem)
def test_it_has_every_family_with_all_weights_and_serves_every_kind(config: Path) -> None:
    catalog, families = load_catalog(config), load_families()
    has = {(model.family.name, model.weights_name) for model in catalog}
    wanted = {(family.name, name) for family in families.values() for name in (*family.weights, None)}
    wanted -= {(family.name, None) for family in families.values() if family.weights}
    assert wanted - has == set(), f"add these to config/{config.name}"
    assert set(catalog.defaults) == set(Capability)
    gpu = GPUS.get(config.stem)
    for model in catalog:
        assert model.device == (gpu if gpu in model.family.devices else DeviceClass.CPU), model.name
