"""`harmony models`: what this deployment can do, and its weights."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, TaskID

    from pipelines.catalog import Catalog, Model
    from workers.weights import WeightProgress

app = typer.Typer(help="The models of this deployment and their weights.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="The models; default: HARMONY_CONFIG or config.yml.")]


@app.command("list")
def list_models(config: Config = None) -> None:
    """List the models of config.yml, with what they can do and whether their weights are here."""
    from rich.table import Column, Table

    from harmony.console import out
    from workers.settings import WorkerSettings
    from workers.weights import WeightStore

    store = WeightStore(WorkerSettings().cache_dir.expanduser())
    table = Table(
        Column("model", no_wrap=True),
        "family",
        "kinds",
        "languages",
        "queue",
        "licence",
        "weights",
        box=None,
        pad_edge=False,
    )
    for model in _catalog(config):
        kinds = ", ".join(model.family.capabilities)
        weights = "none needed" if model.weights is None else f"{model.weights.bytes / 1e6:.0f} MB"
        if model.weights is not None:
            weights += ", here" if store.present(model.weights) else ", not here"
        licence = model.weights.licence if model.weights else model.family.licence
        table.add_row(model.name, model.family.name, kinds, _languages(model), model.queue, licence, weights)
    out.print(table)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Models; else all.")] = None,
    config: Config = None,
) -> None:
    """Fetch the weights of models, so that their first job need not."""
    from harmony.console import CommandError

    catalog = _catalog(config)
    unknown = [name for name in names or () if catalog.get(name) is None]
    if unknown:
        raise CommandError(f"no model {', '.join(unknown)}; there are: {', '.join(catalog.models)}")
    fetch([model for model in catalog if not names or model.name in names])


def fetch(models: Sequence[Model]) -> None:
    """Fetches what is missing, with a bar each; WeightsError names the sources that failed."""
    from harmony.console import byte_progress
    from workers.settings import WorkerSettings
    from workers.weights import WeightStore

    store = WeightStore(WorkerSettings().cache_dir.expanduser())
    with byte_progress() as bars:
        for model in models:
            weights = model.weights
            if weights is None:
                continue
            bar = bars.add_task(model.name, total=weights.bytes, phase="")

            store.ensure(weights, model.name, partial(_report, bars, bar))
            bars.update(bar, completed=weights.bytes, phase="ready")


def _report(bars: Progress, bar: TaskID, progress: WeightProgress) -> None:
    bars.update(bar, completed=progress.done, phase=progress.phase)


def _catalog(config: Path | None) -> Catalog:
    from pipelines.catalog import load_catalog
    from storage.settings import StorageSettings

    return load_catalog(config or StorageSettings().config)


def _languages(model: Model) -> str:
    """A few by name; a long list by its length."""
    few = 4
    if not model.languages:
        return "any"
    return ", ".join(model.languages) if len(model.languages) <= few else f"{len(model.languages)}"
