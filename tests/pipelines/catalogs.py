"""Catalogs for tests: the `tone` family, and one with languages beside it."""

from pathlib import Path
from typing import Any

from pipelines.catalog import Catalog, Cloning, Family, Voice, load_catalog, load_families

TONE = "models: [{name: tone, family: tone}]\n"

#: A family like Kokoro's, as far as planning looks: voices of two languages, nothing but speech.
POLYGLOT = Family(
    name="polyglot",
    title="Polyglot",
    description="Speaks two languages.",
    engine="nowhere:Polyglot",
    capabilities=("speech",),
    languages=("en-US", "fr-FR"),
    licence="Apache-2.0",
    sample_rate=24_000,
    memory_mb=1,
    voices=(
        Voice(id="ann", name="Ann", language="en-US", gender="female"),
        Voice(id="luc", name="Luc", language="fr-FR", gender="male"),
    ),
)


def _cloning(name: str, cloning: Cloning, **more: Any) -> Family:
    """A family that clones as `tone` does, but by another recipe."""
    tone = load_families()["tone"]
    own = {"name": name, "space": name, "dimensions": 3, "cloning": cloning, "stand_in": False}
    return tone.model_copy(update={**own, **more})


#: By parts; by itself in two steps; and through the models of another family, like OpenVoice V2 through MeloTTS's.
VOCODING = _cloning("vocoding", Cloning(recipe="vocode"))
CONVERTING = _cloning("converting", Cloning(recipe="convert", min_reference_seconds=3, max_reference_seconds=60))
THROUGH = _cloning("through", Cloning(recipe="convert", base="polyglot"), voices=(), space="converting")
#: Clones, but finds no speech in a recording.
DEAF = _cloning("deaf", Cloning(recipe="direct"), capabilities=("speech",))

FAMILIES = (POLYGLOT, VOCODING, CONVERTING, THROUGH, DEAF)

#: Every recipe, and a base with one model for each language.
CLONING = """
models:
  - {name: polyglot, family: polyglot, languages: [en-US]}
  - {name: polyglot-fr, family: polyglot, languages: [fr-FR], pool: fr}
  - {name: tone, family: tone}
  - {name: vocoding, family: vocoding, pool: parts}
  - {name: converting, family: converting}
  - {name: through, family: through, pool: gpu}
"""

MODELS = """
models:
  - {name: tone, family: tone}
  - {name: pooled, family: tone, pool: fast}
  - {name: polyglot, family: polyglot}
"""


def catalog_of(folder: Path, text: str) -> Catalog:
    """The catalog that a `config.yml` of this text makes."""
    config = folder / "config.yml"
    config.write_text(text, encoding="utf-8")
    return load_catalog(config, {**load_families(), **{family.name: family for family in FAMILIES}})
