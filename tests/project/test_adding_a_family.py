"""The page that shows how a family is added shows one that works."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipelines.catalog import load_catalog
from pipelines.family import load_families
from workers.contract import Audio, Device, SpeechDetector, SpeechRegion
from workers.residency import engine_of

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-family.md"


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_its_two_files_are_a_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loudness.toml").write_text(block("toml"), encoding="utf-8")
    (tmp_path / "config.yml").write_text(block("yaml"), encoding="utf-8")
    families = load_families(tmp_path)
    model = load_catalog(tmp_path / "config.yml", families).models["loudness"]
    module = ModuleType("workers.engines.loudness.engine")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(block("python"), str(PAGE), "exec"), module.__dict__)  # noqa: S102 - a page of this repository

    engine = engine_of(model.family).load(model, None, Device())
    assert isinstance(engine, SpeechDetector)
    time = np.arange(3 * 16000) / 16000
    burst = np.where((time >= 1) & (time < 2), np.sin(time * 440 * 2 * np.pi), 0)
    sound = Audio((0.1 * burst).astype(np.float32), 16000)
    assert [chunk for chunk in engine.detect(sound, {}) if isinstance(chunk, SpeechRegion)] == [SpeechRegion(1.0, 2.0)]
    assert not [chunk for chunk in engine.detect(sound, {"threshold_db": -10.0}) if isinstance(chunk, SpeechRegion)]
