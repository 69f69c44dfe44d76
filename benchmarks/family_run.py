"""One case of the families part in a process of its own: its name, weights, recording and number of warm calls.

Prints one JSON object. A call is what a step does with a file: the recording is read from the disk, the engine runs to
its end, and what it gave is written to the disk.
"""

from __future__ import annotations

import functools
import importlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.family_cases import CASES, Case, Work, work
from benchmarks.material import sentences
from workers.contract import Audio, Device, Embedding, Engine, Mel
from workers.residency import engine_of
from workers.settings import WorkerSettings
from workers.wav import read_wav, write_wav

#: Of a made spectrogram for the vocoder, which has the scale of the family: bands, frames (5 s), mean and deviation.
_MEL: Final = (80, 400, -1.5, 1.0)


class Clock:
    """Seconds spent inside the networks; calls within calls count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def over(self, path: str) -> None:
        """Counts `module:Class.method` or `module:function` from now on."""
        module, _, rest = path.partition(":")
        *classes, method = rest.split(".")
        owner: Any = importlib.import_module(module)
        for name in classes:
            owner = getattr(owner, name)
        setattr(owner, method, self._counted(getattr(owner, method)))

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
            self._depth += 1
            started = time.perf_counter()
            try:
                return method(*arguments, **named)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - started

        return counted


def main(arguments: list[str]) -> None:
    """Loads, calls once cold and `COUNT` times warm."""
    name, weights, recording, count = arguments
    case = next(case for case in CASES if case.name == name)
    model, started = case.model, time.perf_counter()
    engine = engine_of(model.family).load(model, Path(weights), Device(threads=WorkerSettings().engine_threads))
    loaded = time.perf_counter() - started
    clock = Clock()
    for path in case.networks:
        clock.over(path)
    runs = [_run(call, clock, Path(recording)) for call in _calls(case, engine, Path(recording), int(count) + 1)]
    first, warm = runs[0], runs[1:]
    print(
        json.dumps(
            {
                "load_s": loaded,
                "first_s": first["seconds"],
                "rtf_first": first["seconds"] / first["sound"],
                "rtf": statistics.median(run["seconds"] / run["sound"] for run in warm),
                "outside": statistics.median(1 - run["inside"] / run["seconds"] for run in warm),
                "sound_s": statistics.median(run["sound"] for run in warm),
                "peak_rss_mb": _peak_resident() / 1e6,
            }
        )
    )


def _calls(case: Case, engine: Engine, recording: Path, count: int) -> Iterator[Work]:
    """Other texts from call to call, so that nothing remembered of one helps the next."""
    bands, frames, mean, deviation = _MEL
    noise = np.random.default_rng(0).normal(mean, deviation, (bands, frames))
    audio, mel = read_wav(recording), Mel(noise.astype(np.float32))
    for text in sentences(count):
        yield work(case, engine, text, audio, mel)


def _run(call: Work, clock: Clock, recording: Path) -> dict[str, float]:
    """Seconds of one call, of its network, and of the sound that it made or heard."""
    before, sound = clock.seconds, 0.0
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "result"
        started = time.perf_counter()
        heard = read_wav(recording)
        for number, chunk in enumerate(call()):
            match chunk:
                case Audio():
                    target.with_suffix(f".{number}.wav").write_bytes(write_wav(chunk))
                    sound += chunk.seconds
                case Mel():
                    np.save(target.with_suffix(f".{number}.npy"), chunk.frames)
                    sound += chunk.frames.shape[1] * _HOP_SECONDS
                case Embedding():
                    target.with_suffix(".json").write_text(json.dumps(chunk.vector.tolist()), encoding="utf-8")
                case _:
                    pass
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "inside": clock.seconds - before, "sound": sound or heard.seconds}


#: Harmony's spectrograms: 200 samples of 16 kHz.
_HOP_SECONDS: Final = 200 / 16000


def _peak_resident() -> int:
    """The most bytes that this process held at once (since it was executed: rusage would count its parent's too)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, *rest = line.split()
        if name == "VmHWM:":
            return int(rest[0]) * 1024
    raise LookupError("this system does not say what a process held at most")


if __name__ == "__main__":
    main(sys.argv[1:])
