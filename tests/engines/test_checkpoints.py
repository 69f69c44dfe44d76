from pathlib import Path

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import parametrizations

from pipelines.errors import PermanentError
from workers.checkpoints import folded, load_config, load_state, load_strictly

NEW, OLD = ("parametrizations.weight.original0", "parametrizations.weight.original1"), ("weight_g", "weight_v")


class Config(BaseModel):
    channels: int


def normed() -> nn.Module:
    return nn.Sequential(parametrizations.weight_norm(nn.Conv1d(3, 5, 7)))


def code(action: object, *arguments: object) -> str:
    with pytest.raises(PermanentError) as caught:
        action(*arguments)  # type: ignore[operator] # any function of the module
    return f"{caught.value.code} {caught.value.detail}"


@pytest.mark.parametrize("spelling", [NEW, OLD])
def test_weight_norm_is_folded_whichever_way_it_is_spelled(spelling: tuple[str, str]) -> None:
    source, plain, x = normed(), nn.Sequential(nn.Conv1d(3, 5, 7)), torch.randn(1, 3, 20)
    names = dict(zip(NEW, spelling, strict=True))
    state = {
        ".".join([key.split(".")[0], names.get(key.partition(".")[2], key.partition(".")[2])]): value * 1.5
        for key, value in source.state_dict().items()
    }
    source.load_state_dict({key: value * 1.5 for key, value in source.state_dict().items()})
    load_strictly(plain, state, "checkpoint.pth")
    assert torch.allclose(plain(x), source(x), atol=1e-6)


def test_half_of_a_weight_norm_is_reported() -> None:
    assert set(folded({"0.weight_g": torch.ones(5, 1, 1)})) == {"0.weight_g"}


def test_what_is_missing_surplus_and_of_another_shape_is_named() -> None:
    state = {"0.weight": torch.zeros(5, 3, 9), "0.extra": torch.zeros(1), "step": torch.zeros(1)}
    with pytest.raises(PermanentError) as caught:
        load_strictly(nn.Sequential(nn.Conv1d(3, 5, 7)), state, "a.pth", unused=["step"])
    assert caught.value.code == "weights_mismatch"
    assert caught.value.detail == (
        "a.pth: missing: 0.bias; unexpected: 0.extra; of another shape: 0.weight [5, 3, 9], not [5, 3, 7]."
    )


def test_containers_and_safetensors_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    torch.save({"model": {"generator": {"a": torch.ones(2)}}}, tmp_path / "a.pt")
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    assert list(load_state(tmp_path / "a.pt", ["model", "generator"])) == ["a"]
    assert list(load_state(tmp_path / "a.safetensors")) == ["a"]
    assert "sha256=" in caplog.text
    assert code(load_state, tmp_path / "a.pt", ["model", "decoder"]).startswith("weights_mismatch")
    assert code(load_state, tmp_path / "a.pt").startswith("weights_mismatch")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path("/tmp/harmony-was-here").write_text, ("ran",))  # noqa: S108 - never written: that is the test


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_truncated_files_are_corrupt(tmp_path: Path, name: str) -> None:
    whole = tmp_path / name
    if whole.suffix == ".pt":
        torch.save({"a": torch.ones(5000)}, whole)
    else:
        save_file({"a": torch.ones(5000)}, whole)
    for size in (0, 10, whole.stat().st_size // 2):
        cut = tmp_path / f"cut{whole.suffix}"
        cut.write_bytes(whole.read_bytes()[:size])
        assert code(load_state, cut).startswith("weights_corrupt")
    assert code(load_state, tmp_path / "none.pt").startswith("weights_missing")


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    torch.save({"a": Evil()}, tmp_path / "evil.pt")
    assert code(load_state, tmp_path / "evil.pt").startswith("weights_corrupt")
    assert not Path("/tmp/harmony-was-here").exists()  # noqa: S108


def test_a_config_that_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    assert code(load_config, file, Config).startswith("weights_missing")
    for text, said in [("{", "is no JSON"), ('{"channels": "many"}', "channels: "), ("{}", "channels: Field required")]:
        file.write_text(text)
        assert said in code(load_config, file, Config)
    file.write_text('{"channels": 3, "other": 1}')
    assert load_config(file, Config).channels == 3
