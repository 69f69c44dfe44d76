import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipelines.catalog import DeviceClass, Model, load_families
from pipelines.errors import PermanentError
from tests.golden.filled import write_openvoice
from workers.contract import Audio, Device, Embedding, EmbeddingRequest
from workers.engines.openvoice.engine import OpenVoice

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_openvoice(tmp_path_factory.mktemp("openvoice"), "v2")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "weights"))


def load(folder: Path) -> OpenVoice:
    model = Model("openvoice-v2", load_families()["openvoice"], "v2", DeviceClass.CPU, None, ("en",), {})
    return OpenVoice.load(model, folder, Device(threads=1))


def vector(engine: OpenVoice) -> Any:
    sound = np.random.default_rng(1).normal(0, 0.1, 22050).astype(np.float32)
    return next(c for c in engine.embed(Audio(sound, 22050), EmbeddingRequest()) if isinstance(c, Embedding)).vector


def change(folder: Path, how: Callable[[State], object]) -> None:
    file = folder / "converter" / "checkpoint.pth"
    content = torch.load(file, weights_only=True)
    how(content["model"])
    torch.save(content, file)


def configure(folder: Path, section: str, **values: object) -> None:
    file = folder / "converter" / "config.json"
    content = json.loads(file.read_text())
    content[section].update(values)
    file.write_text(json.dumps(content))


def new_spelling(state: State) -> None:
    for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
        for key in [key for key in state if key.endswith(old)]:
            state[f"{key.removesuffix(old)}parametrizations.weight.{new}"] = state.pop(key)


def test_both_spellings_of_weight_norm_give_the_same_network(folder: Path) -> None:
    before = vector(load(folder))
    change(folder, new_spelling)
    assert np.array_equal(vector(load(folder)), before)


def test_what_else_a_training_run_left_in_the_file_is_ignored(folder: Path) -> None:
    file = folder / "converter" / "checkpoint.pth"
    content = torch.load(file, weights_only=True)
    torch.save({**content, "iteration": 7, "optimizer": None, "learning_rate": 1e-4}, file)
    load(folder)


def test_half_precision_is_taken_and_runs_in_single(folder: Path) -> None:
    before = vector(load(folder))
    change(folder, lambda state: state.update({key: value.half() for key, value in state.items()}))
    assert np.allclose(vector(load(folder)), before, atol=1e-2)


def test_the_checksum_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        load(folder)
    assert any("checkpoint.pth" in line and "sha256=" in line for line in caplog.messages)


def missing(folder: Path) -> None:
    change(folder, lambda state: state.pop("ref_enc.proj.bias"))


def surplus(folder: Path) -> None:
    change(folder, lambda state: state.update({"enc_p.emb.weight": torch.zeros(3, 3)}))


def half_of_a_norm(folder: Path) -> None:
    change(folder, lambda state: state.pop("dec.ups.1.weight_g"))


def no_container(folder: Path) -> None:
    file = folder / "converter" / "checkpoint.pth"
    torch.save(torch.load(file, weights_only=True)["model"], file)


def other_size(folder: Path) -> None:
    configure(folder, "model", gin_channels=48)


def other_voice_size(folder: Path) -> None:
    torch.save(torch.zeros(1, 31, 1), folder / "base_speakers" / "ses" / "fr.pth")


def truncated(folder: Path) -> None:
    file = folder / "converter" / "checkpoint.pth"
    file.write_bytes(file.read_bytes()[:20_000])


def code_inside(folder: Path) -> None:
    torch.save({"model": Path("run")}, folder / "converter" / "checkpoint.pth")


def wrong_rates(folder: Path) -> None:
    configure(folder, "model", upsample_rates=[4, 4, 2, 4])


def no_size(folder: Path) -> None:
    configure(folder, "model", hidden_channels=None)


def no_json(folder: Path) -> None:
    (folder / "converter" / "config.json").write_text("{")


def no_file(folder: Path) -> None:
    (folder / "converter" / "checkpoint.pth").unlink()


@pytest.mark.parametrize(
    ("damage", "code", "named"),
    [
        (missing, "weights_mismatch", "missing: ref_enc.proj.bias"),
        (surplus, "weights_mismatch", "unexpected: enc_p.emb.weight"),
        (half_of_a_norm, "weights_mismatch", "dec.ups.1.weight_v"),
        (no_container, "weights_mismatch", "model"),
        (other_size, "weights_mismatch", "ref_enc.proj.weight [32, 128], not [48, 128]"),
        (other_voice_size, "weights_mismatch", "fr.pth holds 31"),
        (truncated, "weights_corrupt", "checkpoint.pth"),
        (code_inside, "weights_corrupt", "checkpoint.pth"),
        (wrong_rates, "weights_config", "hop_length"),
        (no_size, "weights_config", "model.hidden_channels"),
        (no_json, "weights_config", "config.json"),
        (no_file, "weights_missing", "checkpoint.pth"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    folder: Path, damage: Callable[[Path], None], code: str, named: str
) -> None:
    damage(folder)
    with pytest.raises(PermanentError) as caught:
        load(folder)
    assert caught.value.code == code
    assert named in caught.value.detail
