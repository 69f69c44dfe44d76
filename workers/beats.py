"""What a slot's parent says with each beat: what its child holds, which weights are here, how much memory it takes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping

from pipelines.catalog import Catalog, DeviceClass, Model
from storage.slots import SlotFacts, SlotState
from workers.board import Board, Notice
from workers.children import lives
from workers.memory import machine_mb, processor_name, resident_mb
from workers.settings import WorkerSettings
from workers.weights import WeightStore

log = logging.getLogger(__name__)

#: How often the cache of weights is looked at; each look is one `stat` for each file.
_LOOK_SECONDS = 30.0


class Beats:
    """Collects the state; cheap enough for every beat."""

    def __init__(self, facts: SlotFacts, catalog: Catalog, settings: WorkerSettings) -> None:
        self.facts = facts
        #: The models of the slot's queues that need weights, by name.
        self.models: Mapping[str, Model] = {
            model.name: model for model in catalog if model.queue in facts.queues and model.weights is not None
        }
        self._weights = WeightStore(settings.cache_dir.expanduser())
        self._budget_mb = settings.memory_budget_mb
        self._board = Board()
        self._processor, self._machine_mb = processor_name(), machine_mb()
        self._notice: Notice | None = None
        self._present: list[str] = []
        self._next_look = 0.0
        self._last = SlotState()
        self._failed = False

    def state(self) -> SlotState:
        """As things are now, or where that cannot be told, as it was told last: the beat itself must go on."""
        try:
            self._last = self._collected()
        except Exception:
            if not self._failed:
                log.exception("state_unknown slot=%s", self.facts.name)
            self._failed = True
        else:
            self._failed = False
        return self._last

    def _collected(self) -> SlotState:
        notice = self._heard()
        if time.monotonic() >= self._next_look:
            self.look()
        loaded = () if notice is None else notice.models
        memory: tuple[str | None, int | None, int | None] = (None, None, None)
        if self.facts.device == DeviceClass.CPU:
            memory = (self._processor, resident_mb(os.getpid()), self._machine_mb)
        elif notice is not None and notice.gpu is not None:
            memory = (notice.gpu.name, notice.gpu.used_mb, notice.gpu.total_mb)
        return SlotState(loaded, self._present, *memory, self._budget_mb)

    def look(self) -> None:
        """Looks at once which weights are here: something was fetched."""
        self._present = [model.name for model in self.models.values() if self.has(model)]
        self._next_look = time.monotonic() + _LOOK_SECONDS

    def has(self, model: Model) -> bool:
        """Whether the weights of `model` lie on this host."""
        try:
            return model.weights is None or self._weights.present(model.weights)
        except OSError as error:
            log.warning("cache_unreadable model=%s error=%s", model.name, error.strerror)
            return False

    def _heard(self) -> Notice | None:
        """What the child said last, if it still lives; a notice that is just being written is read next time."""
        before = () if self._notice is None else self._notice.models
        notice = self._board.read() or self._notice
        self._notice = notice if notice is not None and lives(notice.pid) else None
        if self._notice is not None and tuple(self._notice.models) != tuple(before):
            # A child that loads a model for the first time fetches its weights.
            self._next_look = 0.0
        return self._notice
