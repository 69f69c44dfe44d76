"""The bare engine in a loop: `python -m benchmarks.bare KIND COUNT`; each line on stdin starts a round.

A process of its own with the threads that a slot has, so that nothing but the engine is measured.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.material import recordings, sentences
from pipelines.catalog import DeviceClass, load_catalog
from pipelines.errors import PermanentError
from workers.contract import Device, Engine, RecognitionRequest, SynthesisRequest, Synthesizer, Transcriber
from workers.residency import Residency
from workers.settings import WorkerSettings
from workers.weights import WeightStore

#: What jobs of the benchmark say beside their input.
MODELS = {"transcription": "whisper-base", "speech": "kokoro"}
VOICE = "af_heart"
LANGUAGE = "en"


def main() -> None:
    """Loads and warms the engine, prints `ready`, then the seconds of each round."""
    kind, count = sys.argv[1], int(sys.argv[2])
    settings, catalog = WorkerSettings(), load_catalog(Path("config.yml"))
    device = Device(DeviceClass.CPU, settings.engine_threads)
    residency = Residency(catalog, WeightStore(settings.cache_dir.expanduser()), device)
    with residency.use(MODELS[kind]) as engine:
        works = _works(engine, count)
        works[0]()
        print("ready", flush=True)
        for _ in sys.stdin:
            started = time.monotonic()
            for work in works:
                work()
            print(time.monotonic() - started, flush=True)


def _works(engine: Engine, count: int) -> list[Callable[[], None]]:
    """One call per item, which runs the engine to its end."""
    if isinstance(engine, Transcriber):
        return [partial(_drain, engine.transcribe, audio, RecognitionRequest(LANGUAGE)) for audio in recordings(count)]
    if isinstance(engine, Synthesizer):
        return [partial(_drain, engine.synthesize, SynthesisRequest(text, VOICE, None)) for text in sentences(count)]
    raise PermanentError("This engine neither listens nor speaks.", code="engine_refused")


def _drain(method: Callable[..., Iterator[object]], *arguments: object) -> None:
    for _ in method(*arguments):
        pass


if __name__ == "__main__":
    main()
