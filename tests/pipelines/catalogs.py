"""Catalogs for tests: the `tone` family, and one with languages beside it."""

from pathlib import Path

from pipelines.catalog import Catalog, Family, Voice, load_catalog, load_families

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
    return load_catalog(config, {**load_families(), "polyglot": POLYGLOT})
