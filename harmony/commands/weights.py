"""`harmony models verify|export|import|check`: weights on this machine, and on their way to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.catalog import Catalog, Model
    from workers.weights import WeightStore

Config = Annotated[Path | None, typer.Option(help="The models; default: HARMONY_CONFIG or config.yml.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Models; else all.")]


def check(config: Config = None) -> None:
    """Say what is wrong with config.yml, by line, and what this machine lacks for it."""
    from harmony.checking import check as examine
    from storage.settings import StorageSettings

    if not examine(config or StorageSettings().config):
        raise typer.Exit(1)


def verify(names: Names = None, config: Config = None) -> None:
    """Hash the weights in the cache anew, and name what is damaged or missing."""
    from harmony.console import out

    store, wrong = store_here(), 0
    for model in chosen(catalog_of(config), names):
        if model.weights is None:
            continue
        problems = store.verify(model.weights) if names or store.present(model.weights) else ["not here"]
        bad = bool(problems) and problems != ["not here"]
        wrong += bad
        for problem in problems or ["as it should be"]:
            out.print(f"{model.name}: {problem}", markup=False)
        if bad:
            out.print(f"{model.name}: harmony models pull --again {model.name} fetches it anew", markup=False)
    if wrong:
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="The file to write; .tar, or .tar.gz to compress.")],
    names: Names = None,
    config: Config = None,
) -> None:
    """Write weights with their checksums to one file, for a machine without a network."""
    from harmony.console import out
    from workers.weights.bundles import export as write

    sets = [(model.name, model.weights) for model in chosen(catalog_of(config), names) if model.weights is not None]
    manifest = write(store_here(), sets, file)
    size = sum(manifest.blobs.values())
    listed = ", ".join(model.name for model in manifest.models)
    out.print(f"{file}: {listed}; {len(manifest.blobs)} files, {size / 1e6:.0f} MB", markup=False)


def import_(
    file: Annotated[Path, typer.Argument(help="What `harmony models export` wrote.")], config: Config = None
) -> None:
    """Take such a file into the cache, once all of it is checked."""
    from harmony.console import out
    from workers.weights.importing import import_bundle

    catalog, store = catalog_of(config), store_here()
    manifest = import_bundle(store, file)
    size = sum(manifest.blobs.values())
    out.print(f"{file}: {len(manifest.blobs)} files, {size / 1e6:.0f} MB, all as their checksums say", markup=False)
    for model in catalog:
        if model.weights is not None:
            here = store.link(model.weights) is not None
            out.print(f"{model.name}: {'its weights are here' if here else 'its weights are not here'}", markup=False)


def chosen(catalog: Catalog, names: list[str] | None) -> list[Model]:
    """The models of these names, or all; CommandError names those that there are not."""
    from harmony.console import CommandError

    unknown = [name for name in names or () if catalog.get(name) is None]
    if unknown:
        raise CommandError(f"no model {', '.join(unknown)}; there are: {', '.join(catalog.models)}")
    return [model for model in catalog if not names or model.name in names]


def catalog_of(config: Path | None) -> Catalog:
    from pipelines.catalog import load_catalog
    from storage.settings import StorageSettings

    return load_catalog(config or StorageSettings().config)


def store_here() -> WeightStore:
    from workers.settings import WorkerSettings
    from workers.weights import WeightStore

    return WeightStore(WorkerSettings().cache_dir.expanduser())
