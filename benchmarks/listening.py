"""`python -m benchmarks.listening RECORDING [MODEL …]`: what listening to one recording costs, model by model.

Each model runs in a process of its own: seconds to load, memory that loading and listening add, processor seconds per
second of sound, and, of recognisers, the words that batches of windows change against one window after the other.
Models are those of config.yml and of tests/engines/models.yml.
"""

from __future__ import annotations

import multiprocessing
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import jiwer
import psutil

from media.client import MediaHelper
from pipelines.catalog import Catalog, load_catalog
from workers.contract import (
    Audio,
    Device,
    EmbeddingRequest,
    RecognitionRequest,
    Segment,
    SpeakerEncoder,
    SpeechDetector,
    Transcriber,
)
from workers.residency import Residency
from workers.wav import read_wav
from workers.weights import WeightStore, default_cache

_CONFIGS: Final = (Path("tests/engines/models.yml"), Path("config.yml"))
_MODELS: Final = ("silero-vad", "campplus", "resemblyzer", "whisper-tiny.en", "whisper-base")
_BATCHES: Final = (1, 4, 8)
_RATE: Final = 16000
_MB: Final = 1 << 20


def main(recording: str, *models: str) -> None:
    """Prints a line per model and size of batch."""
    context = multiprocessing.get_context("spawn")
    for model in models or _MODELS:
        process = context.Process(target=_measure, args=(recording, model))
        process.start()
        process.join()


def _measure(recording: str, name: str) -> None:
    audio = _decoded(Path(recording))
    loaded = [load_catalog(path) for path in _CONFIGS]
    catalog = Catalog({name: model for each in loaded for name, model in each.models.items()}, {})
    before, started = psutil.Process().memory_info().rss, time.perf_counter()
    with Residency(catalog, WeightStore(default_cache()), Device(threads=1)).use(name) as engine:
        load, first = time.perf_counter() - started, ""
        added = psutil.Process().memory_info().rss - before
        for batch in _BATCHES if isinstance(engine, Transcriber) else (1,):
            cpu, wall = time.process_time(), time.perf_counter()
            text = " ".join(chunk.text for chunk in _heard(engine, audio, batch) if isinstance(chunk, Segment))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            first = first or text
            changed = f", words changed {jiwer.wer(_words(first), _words(text)):.3f}" if first else ""
            print(
                f"{name} batch {batch}: load {load:.1f} s, +{added // _MB} MB loaded, "
                f"+{(psutil.Process().memory_info().rss - before) // _MB} MB after, cpu {cpu / audio.seconds:.4f}, "
                f"wall {wall / audio.seconds:.4f} per second of sound{changed}",
                flush=True,
            )


def _heard(engine: object, audio: Audio, batch: int) -> Iterator[Any]:
    if isinstance(engine, Transcriber):
        options = {"batch_size": batch, "word_timestamps": False}
        return engine.transcribe(audio, RecognitionRequest("en", options=options))
    if isinstance(engine, SpeakerEncoder):
        return engine.embed(audio, EmbeddingRequest())
    if isinstance(engine, SpeechDetector):
        return engine.detect(audio, {})
    message = "this model does not listen"
    raise TypeError(message)


def _words(text: str) -> str:
    """Without case and punctuation, which follow what a window knows of the one before."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _decoded(recording: Path) -> Audio:
    with tempfile.TemporaryDirectory() as folder, closing(MediaHelper()) as media:
        target = Path(folder) / "audio.wav"
        media.decode(recording, target, sample_rate=_RATE)
        return read_wav(target.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
