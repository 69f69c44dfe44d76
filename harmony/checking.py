"""What this machine lacks for the models of a configuration: packages, weights, devices, memory."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipelines.catalog import Catalog, DeviceClass, load_catalog
from pipelines.errors import CatalogError

DISTRIBUTION = "harmony-speech-engine"


class Level(StrEnum):
    """How bad a finding is: `missing` alone keeps the stack from working."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    sentence: str


def check(config: Path) -> bool:
    """Prints what is wrong with the file, else what this machine lacks for it; False if the file cannot be used."""
    from harmony.console import err, out

    try:
        catalog = load_catalog(config)
    except CatalogError as error:
        for line in error.detail.splitlines():
            err.print(line, markup=False)
        return False
    lacks = [item for item in (*engines(catalog), *weights(catalog), *machine(catalog)) if item.level is not Level.OK]
    for item in lacks:
        out.print(f"warning: {item.subject}: {item.sentence}", markup=False)
    out.print(f"{config}: {len(catalog.models)} models, no errors, {len(lacks)} warnings", markup=False)
    return True


def engines(catalog: Catalog) -> Iterator[Finding]:
    """For each family whether its packages are installed."""
    for family in {model.family.name: model.family for model in catalog}.values():
        absent = [module for module in family.requires if importlib.util.find_spec(module) is None]
        if absent:
            extra = f"; pip install '{DISTRIBUTION}[{family.extra}]'" if family.extra else ""
            yield Finding(Level.MISSING, family.name, f"{', '.join(absent)} cannot be imported{extra}")
        else:
            yield Finding(Level.OK, family.name, ", ".join(family.requires) or "needs nothing more")


def weights(catalog: Catalog) -> Iterator[Finding]:
    """Whether all weights are in the cache."""
    from workers.settings import WorkerSettings
    from workers.weights import WeightStore

    store = WeightStore(WorkerSettings().cache_dir.expanduser())
    missing = [model.name for model in catalog if model.weights is not None and not store.present(model.weights)]
    if missing:
        how = f"not here yet: {', '.join(missing)}; the first job fetches them, or now: harmony models pull"
        yield Finding(Level.NOTE, "weights", how)
    else:
        yield Finding(Level.OK, "weights", f"all in {store.cache}")


def machine(catalog: Catalog) -> Iterator[Finding]:
    """Whether this machine has the devices and the memory."""
    from workers.devices import find_device_classes
    from workers.memory import machine_mb
    from workers.settings import WorkerSettings

    wanted = {model.device for model in catalog} - {DeviceClass.CPU}
    here: Sequence[DeviceClass] = find_device_classes() if wanted else ()
    for device in sorted(wanted - set(here)):
        names = ", ".join(model.name for model in catalog if model.device is device)
        yield Finding(Level.NOTE, device, f"this machine has no such device (or no torch for it), which needs: {names}")
    budget, memory = WorkerSettings().memory_budget_mb, machine_mb()
    for model in catalog:
        if budget is not None and model.memory_mb > budget:
            need = f"needs {model.memory_mb} MB; HARMONY_MEMORY_BUDGET_MB is {budget}"
            yield Finding(Level.NOTE, model.name, need)
    together = sum(model.memory_mb for model in catalog if model.device is DeviceClass.CPU)
    if budget is None and memory is not None and together > memory:
        need = f"the models on the CPU need {together} MB together, this machine has {memory} MB; "
        yield Finding(Level.NOTE, "memory", need + "set HARMONY_MEMORY_BUDGET_MB, so that idle ones make room")
    yield from _bases(catalog)


def _bases(catalog: Catalog) -> Iterator[Finding]:
    families = {model.family.name for model in catalog}
    for model in catalog:
        base = None if model.cloning is None else model.cloning.base
        if base is not None and base not in families:
            yield Finding(Level.NOTE, model.name, f"speaks through a model of the family {base}, and there is none")
