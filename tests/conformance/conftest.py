"""One stack with real models for all tests that come as OpenAI's own clients, and the recordings they bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from harmony.background import BackgroundStack
from tests.api.site import wav

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "data" / "speech"
#: Under OpenAI's 25 MiB, so that a file over it is quick to send.
FILE_BYTES = 2_000_000

CONFIG = """\
models:
  - {name: whisper-base, family: faster_whisper, weights: base}
  - {name: silero-vad, family: silero_vad, weights: v6}
  - {name: kokoro, family: kokoro, weights: int8}
  - {name: tone, family: tone}
defaults: {speech: kokoro, transcription: whisper-base, translation: whisper-base, vad: silero-vad}
"""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackgroundStack]:
    folder = tmp_path_factory.mktemp("conformance")
    config = folder / "config.yml"
    config.write_text(CONFIG, encoding="utf-8")
    env = {"HARMONY_OPENAI_MAX_FILE_BYTES": str(FILE_BYTES)}
    arguments = ["--config", str(config), "--slots", "cpu=1"]
    with BackgroundStack(folder / "data", folder / "log", env=env, arguments=arguments) as running:
        yield running


@pytest.fixture(scope="session")
def client(stack: BackgroundStack) -> Iterator[OpenAI]:
    """As its users make it, but for the address; retries only where a test is about them."""
    with OpenAI(api_key="unused", base_url=f"{stack.url}/v1", max_retries=0, timeout=120) as made:
        yield made


@pytest.fixture(scope="session")
def english() -> Path:
    """Seven seconds of Jane Austen."""
    return SPEECH / "librivox-austen-en.flac"


@pytest.fixture(scope="session")
def spanish() -> Path:
    return SPEECH / "asterisk-conference-es.flac"


@pytest.fixture(scope="session")
def tone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of noise, which the model `tone` makes notes of at once."""
    path = tmp_path_factory.mktemp("tone") / "three.wav"
    path.write_bytes(wav(3))
    return path
