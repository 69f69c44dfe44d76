"""Checkpoints with made-up weights in the published layout: what stands in for downloads where there is no hub."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.golden.frame import Component

#: MeloTTS's speakers, as OpenVoice V2 names the files of their embeddings.
OPENVOICE_V2_VOICES = (
    "en-newest", "en-us", "en-br", "en-india", "en-au", "en-default", "es", "fr", "jp", "kr", "zh",
)  # fmt: skip
GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def write_harmonyspeech(folder: Path, *, full: bool = False) -> Path:
    """The weight set `v1` of Harmony Speech under `folder`; `full` is the published size."""
    for part in ("encoder", "synthesizer", "vocoder"):
        component = component_of(f"harmonyspeech/{part}", full=full)
        write_checkpoint(component, folder / part / f"{part}.pt")
        write_config(component.config, folder / part)
    return folder


def write_openvoice(folder: Path, version: str = "v1", *, full: bool = False) -> Path:
    """The weight set `v1` or `v2` of OpenVoice under `folder`, with made-up embeddings of the base voices."""
    first = folder / "checkpoints" if version == "v1" else folder
    converter = component_of(f"openvoice/tone_converter_{version}", full=full)
    write_checkpoint(converter, first / "converter" / "checkpoint.pth")
    write_config(converter.config, first / "converter")
    if version == "v1":
        for language, names in (("en", ("default", "style")), ("zh", ("default",))):
            component = component_of(f"openvoice/base_speaker_v1_{language}", full=full)
            speaker = first / "base_speakers" / language.upper()
            write_checkpoint(component, speaker / "checkpoint.pth")
            write_config(component.config, speaker)
            _write_embeddings(converter, speaker, [f"{language}_{name}_se" for name in names])
    else:
        _write_embeddings(converter, first / "base_speakers" / "ses", OPENVOICE_V2_VOICES)
    return folder


def _write_embeddings(converter: Component, folder: Path, names: Sequence[str]) -> None:
    for name in names:
        numbers = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(
            (1, converter.config["model"]["gin_channels"], 1)
        )
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(torch.from_numpy(numbers.astype(np.float32)), folder / f"{name}.pth")


def component_of(name: str, *, full: bool = False) -> Component:
    """The golden component `family/component`."""
    return Component(GOLDEN / name, "manifest_full" if full else "manifest")


def write_checkpoint(component: Component, file: Path) -> None:
    """The component's weights, in the container of the published file."""
    state = {key: torch.from_numpy(np.asarray(value)) for key, value in component.weights.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(contained(state, component.manifest["container"]), file)


def write_config(config: Mapping[str, Any], folder: Path) -> None:
    """The `config.json` beside a checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def contained(state: Mapping[str, torch.Tensor], container: Sequence[str]) -> Mapping[str, Any]:
    """`state` inside nested dicts of these keys, the outermost first."""
    wrapped: Mapping[str, Any] = dict(state)
    for key in reversed(container):
        wrapped = {key: wrapped}
    return wrapped
