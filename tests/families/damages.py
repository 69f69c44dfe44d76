"""Weights that do not fit: what a half download, another training run or a wrong config.json leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tests.golden.filled import write_openvoice


@dataclass(frozen=True)
class Damage:
    """What is done to the converter of OpenVoice V2, the code of the error, and what its detail must name."""

    how: Callable[[Path], None]
    code: str
    named: str

    def write(self, folder: Path) -> None:
        self.how(write_openvoice(folder, "v2") / "converter")


def without_style(folder: Path) -> None:
    """OpenVoice V1 whose English base speaker does not know how to whisper."""
    file = write_openvoice(folder, "v1") / "checkpoints" / "base_speakers" / "EN" / "config.json"
    config = json.loads(file.read_text("utf-8"))
    del config["speakers"]["whispering"]
    file.write_text(json.dumps(config), "utf-8")


def _disagreeing(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["model"]["gin_channels"] += 16
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


def _missing(folder: Path) -> None:
    _change(folder, lambda state: state.pop("ref_enc.proj.bias"))


def _surplus(folder: Path) -> None:
    _change(folder, lambda state: state.update({"enc_p.emb.weight": torch.zeros(3, 3)}))


def _truncated(folder: Path) -> None:
    file = folder / "checkpoint.pth"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _absent(folder: Path) -> None:
    (folder / "checkpoint.pth").unlink()


def _change(folder: Path, how: Callable[[dict[str, Any]], object]) -> None:
    content = torch.load(folder / "checkpoint.pth", weights_only=True)
    how(content["model"])
    torch.save(content, folder / "checkpoint.pth")


DAMAGES: Mapping[str, Damage] = {
    "disagreeing": Damage(_disagreeing, "weights_mismatch", "ref_enc.proj.weight"),
    "missing": Damage(_missing, "weights_mismatch", "missing: ref_enc.proj.bias"),
    "surplus": Damage(_surplus, "weights_mismatch", "unexpected: enc_p.emb.weight"),
    "absent": Damage(_absent, "weights_missing", "converter/checkpoint.pth"),
    "truncated": Damage(_truncated, "weights_corrupt", "checkpoint.pth"),
}
