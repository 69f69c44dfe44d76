"""Which engines are loaded in this process: each once, shared by every call, within a budget of memory and number."""

from __future__ import annotations

import gc
import importlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import cast

from pipelines.catalog import Catalog, Family, Model
from pipelines.errors import PermanentError, ResourceError
from workers.contract import Device, Engine
from workers.enginekit import library_errors
from workers.weights import WeightStore

_log = logging.getLogger(__name__)

_OURS = ("media", "pipelines", "storage", "workers")


def _to_nobody(_models: list[str]) -> None:
    pass


@dataclass
class _Loaded:
    model: Model
    engine: Engine
    users: int = 0
    used_at: float = 0.0


class Residency:
    """Loads engines at first use and unloads the least recently used idle one when the next does not fit.

    `memory_budget_mb` counts what the families say they need; None = no limit. `max_models` likewise for the number.
    """

    def __init__(
        self,
        catalog: Catalog,
        weights: WeightStore,
        device: Device,
        *,
        memory_budget_mb: int | None = None,
        max_models: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[list[str]], None] = _to_nobody,
    ) -> None:
        """`changed` is told the names of the loaded models whenever they change."""
        self._catalog = catalog
        self._weights = weights
        self._device = device
        self._memory_budget_mb = memory_budget_mb
        self._max_models = max_models
        self._clock = clock
        self._changed = changed
        self._loaded: dict[str, _Loaded] = {}
        self._lock = RLock()

    @contextmanager
    def use(self, name: str) -> Iterator[Engine]:
        """The engine of the model `name`, which stays loaded at least until the block ends.

        Raises PermanentError (`unknown_model`, `missing_dependency`, `model_too_large`), ResourceError if nothing idle
        can make room, and what fetching its weights raises.
        """
        with self._lock:
            entry = self._loaded.get(name) or self._load(name)
            entry.users += 1
        try:
            yield entry.engine
        finally:
            with self._lock:
                entry.users -= 1
                entry.used_at = self._clock()

    def loaded(self) -> list[str]:
        """The names of the loaded models, the least recently used first."""
        with self._lock:
            return [entry.model.name for entry in sorted(self._loaded.values(), key=lambda entry: entry.used_at)]

    def unload_idle(self, older_than_s: float = 0.0) -> list[str]:
        """Unloads what nobody has used for that long; says what it unloaded."""
        with self._lock:
            limit = self._clock() - older_than_s
            idle = [entry for entry in self._loaded.values() if entry.users == 0 and entry.used_at <= limit]
            for entry in idle:
                self._unload(entry)
            return [entry.model.name for entry in idle]

    def unload(self, name: str) -> bool:
        """Unloads one model; False if it is not loaded or in use."""
        with self._lock:
            entry = self._loaded.get(name)
            if entry is None or entry.users > 0:
                return False
            self._unload(entry)
            return True

    def _load(self, name: str) -> _Loaded:
        model = self._catalog.get(name)
        if model is None:
            raise PermanentError(f"This worker's config.yml has no model {name!r}.", code="unknown_model")
        engine_class = engine_of(model.family)
        weights = model.weights
        folder = None if weights is None else self._weights.ensure(weights, name)
        self._make_room(model)
        started = time.monotonic()
        with library_errors(model.family.title):
            engine = engine_class.load(model, folder, self._device)
        _log.info("model_loaded", extra={"model": name, "seconds": round(time.monotonic() - started, 3)})
        entry = _Loaded(model, engine, used_at=self._clock())
        self._loaded[name] = entry
        self._changed(self.loaded())
        return entry

    def _make_room(self, model: Model) -> None:
        budget = self._memory_budget_mb
        if budget is not None and model.memory_mb > budget:
            detail = f"{model.name} needs {model.memory_mb} MB; this worker's budget is {budget} MB."
            raise PermanentError(detail, code="model_too_large")
        while not self._fits(model):
            idle = [entry for entry in self._loaded.values() if entry.users == 0]
            if not idle:
                raise ResourceError(f"Every loaded model is in use; there is no room for {model.name}.")
            self._unload(min(idle, key=lambda entry: entry.used_at))

    def _fits(self, model: Model) -> bool:
        used = sum(entry.model.memory_mb for entry in self._loaded.values())
        within_memory = self._memory_budget_mb is None or used + model.memory_mb <= self._memory_budget_mb
        return within_memory and (self._max_models is None or len(self._loaded) < max(1, self._max_models))

    def _unload(self, entry: _Loaded) -> None:
        del self._loaded[entry.model.name]
        entry.engine.close()
        # Engines hold cycles (spaCy, torch modules): without this their memory waits for a later collection.
        gc.collect()
        self._changed(self.loaded())
        _log.info("model_unloaded", extra={"model": entry.model.name})


def engine_of(family: Family) -> type[Engine]:
    """The class named by `family.engine`; a package it lacks is a PermanentError that says what to install."""
    module_name, _, class_name = family.engine.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OURS or family.extra is None:
            raise
        detail = f"{family.title} needs the package {missing}: pip install 'harmony-speech-engine[{family.extra}]'"
        raise PermanentError(detail, code="missing_dependency") from error
    return cast("type[Engine]", getattr(module, class_name))
