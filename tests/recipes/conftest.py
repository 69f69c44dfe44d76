"""The stack that the recipes run against, and the folder in which they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harmony.background import BackgroundStack
from harmony.ports import free_port
from tests.contract.subjects import voice
from workers.contract import Audio
from workers.wav import write_wav

#: The models that recipes name. What clones comes from a model hub; here its name stands for the one that beeps.
CONFIG = """\
models:
  - {name: whisper-base, family: faster_whisper, weights: base}
  - {name: silero-vad, family: silero_vad, weights: v6}
  - {name: kokoro, family: kokoro, weights: int8}
  - {name: campplus, family: campplus, weights: zh-en}
  - {name: openvoice-v2, family: tone}
defaults:
  {speech: kokoro, transcription: whisper-base, translation: whisper-base, vad: silero-vad, embedding: campplus}
"""


@dataclass(frozen=True)
class Kitchen:
    """A running stack, and where it may call a receiver."""

    url: str
    hook_port: int


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    folder, port = tmp_path_factory.mktemp("recipes"), free_port()
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    env = {"HARMONY_EGRESS_ALLOW": f"127.0.0.1:{port}"}
    arguments = ["--config", str(folder / "config.yml")]
    with BackgroundStack(folder / "data", folder / "log", env=env, arguments=arguments) as stack:
        yield Kitchen(stack.url, port)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A folder with what the recipes take for granted: a recording of somebody, and a text."""
    (tmp_path / "talk.wav").write_bytes(write_wav(_three_seconds()))
    (tmp_path / "book.txt").write_text("It was the year 1801. The rain had stopped. We went out.", encoding="utf-8")
    return tmp_path


def _three_seconds() -> Audio:
    spoken = voice(0, 16_000)
    return Audio(np.ascontiguousarray(spoken.samples[: 3 * 16_000]), 16_000)
