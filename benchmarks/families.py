"""What each first-party family costs at its published size: `python -m benchmarks families`.

Weights that only a hub has are made up (tests/golden/fill.py): they cost what real ones do, and say nothing sensible.
Every case runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.family_cases import CASES, Case, weights_of
from benchmarks.report import APART, Figures
from harmony.demo.scenario import ENGLISH
from media.client import MediaHelper
from workers.settings import WorkerSettings
from workers.slot import THREAD_VARIABLES

_COLUMNS: Final[Mapping[str, str]] = {
    "rtf": "RTF warm",
    "rtf_first": "RTF first call",
    "load_s": "load, s",
    "peak_rss_mb": "peak RSS, MB",
    "outside": "outside the network",
    "sound_s": "sound, s",
}
#: Seconds of the recording that is heard or converted.
_HEARD: Final = 6.0


def measure(*, rounds: int, console: Console) -> Figures:
    """Every case, `rounds` warm calls each; RTF is seconds of work per second of sound."""
    measured: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            weights = weights_of(case, folder)
            measured[case.name] = _one(case, weights, _recording(case, folder), rounds)
            console.print(f"families: {case.name} RTF {measured[case.name]['rtf']:.3f}", style="dim")
    console.print(_table(measured))
    figures: Figures = {"families_outside_worst": max(figures["outside"] for figures in measured.values())}
    for name, values in measured.items():
        figures |= {f"{APART}{name}_{figure}": value for figure, value in values.items()}
    return figures


def _one(case: Case, weights: Path, recording: Path, rounds: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.family_run", case.name, str(weights), str(recording), str(rounds)]
    threads = str(WorkerSettings().engine_threads)
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, threads)
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _recording(case: Case, folder: Path) -> Path:
    """A reader's voice at the family's rate."""
    rate = case.model.family.sample_rate
    target = folder / f"recording-{rate}.wav"
    if not target.exists():
        with closing(MediaHelper()) as media:
            media.decode(ENGLISH, target, sample_rate=rate)
        _cut(target)
    return target


def _cut(file: Path) -> None:
    from workers.contract import Audio
    from workers.wav import read_wav, write_wav

    audio = read_wav(file)
    file.write_bytes(write_wav(Audio(audio.samples[: int(_HEARD * audio.sample_rate)], audio.sample_rate)))


def _table(measured: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title="First-party families, published sizes, on this CPU")
    table.add_column("case")
    for title in _COLUMNS.values():
        table.add_column(title, justify="right")
    for name, values in measured.items():
        cells = (
            f"{100 * values[figure]:.1f} %" if figure == "outside" else f"{values[figure]:.3g}" for figure in _COLUMNS
        )
        table.add_row(name, *cells)
    return table
