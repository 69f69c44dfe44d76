"""The bare engine as a stream: `python -m benchmarks.bare_stream ARM`; each line on stdin is how many ask at once.

They stand in one queue, first in first out, before one engine, as they do before the product's one slot; so the texts
are spoken one after the other, clause by clause, by the same rules. Prints for each, as JSON, the seconds from the
common beginning to its first sound.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bare import MODELS, VOICE
from pipelines.catalog import DeviceClass, OptionValue, load_catalog
from workers.contract import Audio, Device, SynthesisRequest, Synthesizer
from workers.residency import Residency
from workers.settings import WorkerSettings
from workers.text.clauses import clauses
from workers.text.normalise import normalised
from workers.weights import WeightStore

#: What is spoken: a first clause, and enough behind it that a stream is worth having.
TEXT = "The ferry leaves the harbour at seven, whatever the weather. Please close the window before the rain comes in."
LANGUAGE = "en-US"


@dataclass(frozen=True)
class Arm:
    """What speaks."""

    model: str
    voice: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)


#: `spoken` by a real model on the processor that everything else runs on too; `paced` by an engine that takes a third
#: of a second for each clause and no processor, as one on a GPU does: what is added to it is added by us.
ARMS = {"spoken": Arm(MODELS["speech"], VOICE), "paced": Arm("tone", "sine", {"delay_ms": 333})}


def main() -> None:
    """Loads and warms the engine, prints `ready`, then a list for each line."""
    arm = ARMS[sys.argv[1]]
    settings, catalog = WorkerSettings(), load_catalog(Path("config.yml"))
    device = Device(DeviceClass.CPU, settings.engine_threads)
    residency = Residency(catalog, WeightStore(settings.cache_dir.expanduser()), device)
    with residency.use(arm.model) as engine:
        if not isinstance(engine, Synthesizer):
            raise SystemExit("this engine does not speak")
        _spoken(engine, arm, time.monotonic())
        print("ready", flush=True)
        for line in sys.stdin:
            started = time.monotonic()
            print(json.dumps([_spoken(engine, arm, started) for _ in range(int(line))]), flush=True)


def _spoken(engine: Synthesizer, arm: Arm, started: float) -> float:
    """Speaks the whole text; when its first sound was there, in seconds after `started`."""
    first = None
    for clause in clauses(normalised(TEXT, LANGUAGE), LANGUAGE):
        for made in engine.synthesize(SynthesisRequest(clause.text, arm.voice, LANGUAGE, arm.options)):
            if isinstance(made, Audio) and first is None:
                first = time.monotonic() - started
    if first is None:
        raise SystemExit("the text was not spoken")
    return first


if __name__ == "__main__":
    main()
