"""`harmony models`: what this deployment can do, and its weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from harmony.commands import weights
from harmony.commands.weights import Config, Names, catalog_of, chosen, store_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress, TaskID

    from pipelines.catalog import Model, WeightSet
    from workers.weights import WeightProgress, WeightStore

app = typer.Typer(help="The models of this deployment and their weights.", no_args_is_help=True)
app.command()(weights.check)
app.command()(weights.verify)
app.command()(weights.export)
app.command("import")(weights.import_)


@app.command("list")
def list_models(config: Config = None) -> None:
    """List the models of config.yml, with what they can do and whether their weights are here."""
    from rich.table import Column, Table

    from harmony.console import out

    store = store_here()
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
    for model in catalog_of(config):
        kinds = ", ".join(model.capabilities)
        files = "none needed" if model.weights is None else _weights(store, model.weights)
        licence = model.weights.licence if model.weights else model.family.licence
        table.add_row(model.name, model.family.name, kinds, _languages(model), model.queue, licence, files)
    out.print(table)


@app.command()
def pull(
    names: Names = None,
    config: Config = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also what is here: damaged files, newer revisions.")] = False,
) -> None:
    """Fetch the weights of models, so that their first job need not."""
    models = chosen(catalog_of(config), names)
    if again:
        store = store_here()
        for model in models:
            if model.weights is not None:
                store.remove(model.weights)
    fetch(models)


def fetch(models: Sequence[Model]) -> None:
    """Fetches what is missing, with a bar each; WeightsError names the sources that failed."""
    from harmony.console import byte_progress

    store = store_here()
    with byte_progress() as bars:
        for model in models:
            needed = model.weights
            if needed is None:
                continue
            bar = bars.add_task(model.name, total=needed.bytes or None, phase="")

            store.ensure(needed, model.name, partial(_report, bars, bar))
            size = sum(pin.bytes for pin in store.pinned(needed) or ())
            bars.update(bar, completed=size, total=size, phase="ready")


def _report(bars: Progress, bar: TaskID, progress: WeightProgress) -> None:
    bars.update(bar, completed=progress.done, total=progress.total, phase=progress.phase)


def _weights(store: WeightStore, weights: WeightSet) -> str:
    """Their size, as far as it is known, and whether they are here."""
    pins = store.pinned(weights)
    size = weights.bytes if pins is None else sum(pin.bytes for pin in pins)
    known = f"{size / 1e6:.0f} MB" if size else "size not known"
    return f"{known}, {'here' if pins is not None else 'not here'}"


def _languages(model: Model) -> str:
    """A few by name; a long list by its length."""
    few = 4
    if not model.languages:
        return "any"
    return ", ".join(model.languages) if len(model.languages) <= few else f"{len(model.languages)}"
