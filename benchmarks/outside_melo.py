"""`python -m benchmarks.outside_melo`: our MeloTTS network beside the outside package's, same weights, same numbers.

The package is installed into an environment of its own under the cache folder, the first time: with the same torch,
without what its interface would drag in, as only the network is compared. Rounds of both sides alternate.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks import report
from benchmarks.machine import facts
from benchmarks.material import sentences
from benchmarks.report import Figures
from workers.contract import Samples
from workers.settings import WorkerSettings
from workers.slot import THREAD_VARIABLES
from workers.weights import default_cache

_OUTPUT: Final = Path("bench-output/outside-melo.json")
_PACKAGE: Final = "melotts-krqnf==0.1.2"
#: What its network imports, beside torch.
_NEEDS: Final = ("numpy", "numba")
_RATE: Final = 44100
#: Sums in another order differ by so much of full scale, at most.
_CLOSE: Final = 1e-3


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints both real-time factors and how many times as fast ours is; ends with 1 if the sounds differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outside_melo", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=3)
    parser.add_argument("--threads", type=int, default=WorkerSettings().engine_threads)
    options = parser.parse_args(arguments)
    console = Console()
    python = _environment(console)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, sentences(options.sentences))
        pairs = _measure(folder, python, options.rounds, options.threads)
        difference = _difference(folder)
    figures: Figures = {
        "melo_threads": options.threads,
        "melo_ours_rtf": statistics.median(ours for ours, _ in pairs),
        "melo_outside_rtf": statistics.median(outside for _, outside in pairs),
        "melo_times_as_fast": statistics.median(outside / ours for ours, outside in pairs),
        "melo_times_as_fast_least": min(outside / ours for ours, outside in pairs),
        "melo_largest_difference": difference,
    }
    report.show(figures, facts(), console)
    report.write(_OUTPUT, figures, facts())
    if difference > _CLOSE:
        raise SystemExit("The two sides made different sounds; the times say nothing.")


def _environment(console: Console) -> Path:
    """The interpreter that has the outside package."""
    folder = default_cache() / "outside-melotts"
    python, stamp = folder / "bin" / "python", folder / ".complete"
    if not stamp.exists():
        console.print(f"installing {_PACKAGE} into {folder} …", style="dim")
        torch = f"torch=={version('torch').partition('+')[0]}"
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, torch, *_NEEDS], check=True)
        subprocess.run([*install, "--no-deps", _PACKAGE], check=True)
        stamp.touch()
    return python


def _write(folder: Path, texts: Sequence[str]) -> None:
    """Made-up weights of the published size, and the numbers that our text side makes of `texts`."""
    import torch

    from tests.golden.filled_melotts import write_melotts
    from workers.checkpoints import load_config
    from workers.engines.melotts.features import TextFeatures
    from workers.engines.melotts.frontends import load_frontend
    from workers.engines.melotts.symbols import SymbolTable
    from workers.vits.config import VitsConfig

    write_melotts(folder, "en", full=True)
    features = TextFeatures.load(folder / "bert", torch.device("cpu"))
    frontend = load_frontend("EN", folder, features.tokens)
    config = load_config(folder / "config.json", VitsConfig)
    table = SymbolTable(config.symbols, add_blank=config.data.add_blank)
    arrays: dict[str, NDArray[Any]] = {}
    for number, text in enumerate(texts):
        phonemes = frontend.phonemes(text)
        ids = table.ids(phonemes, "EN")
        with torch.inference_mode():
            columns = features(phonemes.normalised, ids.word2ph)[None].numpy()
        arrays |= {
            f"symbols_{number}": np.array([ids.symbols]),
            f"tones_{number}": np.array([ids.tones]),
            f"languages_{number}": np.array([ids.languages]),
            f"features_{number}": columns,
        }
    np.savez(folder / "scripts.npz", allow_pickle=False, **arrays)


def _measure(folder: Path, python: Path, rounds: int, threads: int) -> list[tuple[float, float]]:
    """Real-time factors of ours and the outside's, round by round; who goes first changes."""
    with ExitStack() as running:
        sides = {
            side: running.enter_context(_side(side, interpreter, folder, threads))
            for side, interpreter in (("ours", Path(sys.executable)), ("outside", python))
        }
        pairs = []
        for number in range(rounds):
            order = ("ours", "outside") if number % 2 else ("outside", "ours")
            factors = {side: _round(sides[side]) for side in order}
            pairs.append((factors["ours"], factors["outside"]))
        return pairs


@contextmanager
def _side(side: str, python: Path, folder: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(python), str(Path(__file__).with_name("melo_side.py")), side, str(folder), str(threads)],
        env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if _line(process) != "ready":
            raise RuntimeError(f"the side {side!r} did not start")
        yield process
    finally:
        process.communicate()


def _round(process: subprocess.Popen[str]) -> float:
    if process.stdin is None:
        raise RuntimeError("a side was started without a pipe")
    process.stdin.write("\n")
    process.stdin.flush()
    seconds, samples = _line(process).split()
    return float(seconds) / (int(samples) / _RATE)


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("a side was started without a pipe")
    return process.stdout.readline().strip()


def _difference(folder: Path) -> float:
    """The largest difference between the sounds of both sides; infinite if their lengths differ."""
    ours, outside = (_sounds(folder / f"{side}.npz") for side in ("ours", "outside"))
    if [len(sound) for sound in ours] != [len(sound) for sound in outside]:
        return float("inf")
    return max(float(np.abs(one - other).max()) for one, other in zip(ours, outside, strict=True))


def _sounds(file: Path) -> list[Samples]:
    with np.load(file) as arrays:
        return [arrays[name] for name in arrays.files]


if __name__ == "__main__":
    main()
