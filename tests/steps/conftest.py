"""Catalogs with every recipe of cloning on the weightless engine, and one with the real detector."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from media.client import MediaHelper
from pipelines.catalog import Cloning, Family, load_catalog, load_families
from storage.local import LocalArtifacts
from tests.steps.chain import Chain

CONFIG = """
models:
  - {name: tone, family: tone}
  - {name: parts, family: parts}
  - {name: itself, family: itself}
  - {name: through, family: through}
  - {name: plain, family: plain}
  - {name: silero, family: silero_vad, weights: v6}
defaults: {vad: DETECTOR}
"""


def families() -> dict[str, Family]:
    known = load_families()
    recipes = {
        "parts": Cloning(recipe="vocode"),
        "itself": Cloning(recipe="convert"),
        "through": Cloning(recipe="convert", base="tone", max_reference_seconds=20),
    }
    # They share one space, so that a voice can be followed from one to the other.
    own = {name: known["tone"].model_copy(update={"name": name, "cloning": how}) for name, how in recipes.items()}
    plain = known["tone"].model_copy(update={"name": "plain", "cloning": None})
    return {**known, **own, "plain": plain}


@pytest.fixture(scope="session")
def media() -> Iterator[MediaHelper]:
    helper = MediaHelper()
    yield helper
    helper.close()


def _chain(folder: Path, detector: str, media: MediaHelper) -> Chain:
    config = folder / "config.yml"
    config.write_text(CONFIG.replace("DETECTOR", detector), encoding="utf-8")
    return Chain(load_catalog(config, families()), LocalArtifacts(folder), media)


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, media: MediaHelper) -> Chain:
    return _chain(tmp_path_factory.mktemp("chain"), "tone", media)


@pytest.fixture(scope="session")
def hearing(tmp_path_factory: pytest.TempPathFactory, media: MediaHelper) -> Chain:
    """The same with Silero's detector."""
    return _chain(tmp_path_factory.mktemp("hearing"), "silero", media)
