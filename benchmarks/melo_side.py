"""One side of the comparison with the outside MeloTTS: `python benchmarks/melo_side.py ours|outside FOLDER THREADS`.

The outside package lives in an environment of its own, so this file imports nothing of ours for it. FOLDER holds the
weights and `scripts.npz`. Prints `ready`, and for each line on stdin the seconds and samples of one round; at the end
it writes its sounds to SIDE.npz. Without noise, so that both make the same sound of the same numbers.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

#: symbols, tones, languages [1, n] and features [1, width, n] to sound [samples].
Speak = Callable[[Mapping[str, torch.Tensor]], torch.Tensor]
SDP_RATIO = 0.2
#: Width of the features that the English models leave at zero.
_WIDE = 1024


def main(arguments: Sequence[str]) -> None:
    side, folder, threads = arguments[0], Path(arguments[1]), int(arguments[2])
    torch.set_num_threads(threads)
    speak = (_ours if side == "ours" else _outside)(folder)
    scripts = _scripts(folder / "scripts.npz")
    sounds = [speak(script) for script in scripts]
    np.savez(folder / f"{side}.npz", *(sound.numpy() for sound in sounds))
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        samples = sum(len(speak(script)) for script in scripts)
        print(time.perf_counter() - started, samples, flush=True)


def _scripts(file: Path) -> list[dict[str, torch.Tensor]]:
    with np.load(file) as arrays:
        count = len(arrays.files) // 4
        names = ("symbols", "tones", "languages", "features")
        return [{name: torch.from_numpy(arrays[f"{name}_{index}"]) for name in names} for index in range(count)]


def _ours(folder: Path) -> Speak:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from workers.checkpoints import load_config
    from workers.engines.melotts.network import Script, load_synthesizer
    from workers.vits.config import VitsConfig
    from workers.vits.synthesis import Manner

    config = load_config(folder / "config.json", VitsConfig)
    network = load_synthesizer(folder / "checkpoint.pth", config, torch.device("cpu"))
    manner = Manner(noise_scale=0.0, noise_scale_w=0.0, sdp_ratio=SDP_RATIO)

    @torch.inference_mode()
    def speak(script: Mapping[str, torch.Tensor]) -> torch.Tensor:
        symbols = script["symbols"]
        lengths = torch.tensor([symbols.shape[1]])
        read = Script(symbols, script["tones"], script["languages"], lengths, narrow=script["features"])
        sound: torch.Tensor = network(read, torch.tensor([0]), manner, torch.zeros).sound[0, 0]
        return sound

    return speak


def _outside(folder: Path) -> Speak:
    """As the package's own `melo.api` builds and runs the network."""
    models: Any = importlib.import_module("melo.models")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    data = config["data"]
    network = models.SynthesizerTrn(
        len(config["symbols"]),
        data["filter_length"] // 2 + 1,
        config["train"]["segment_size"] // data["hop_length"],
        n_speakers=data["n_speakers"],
        num_tones=config["num_tones"],
        num_languages=config["num_languages"],
        **config["model"],
    ).eval()
    state = torch.load(folder / "checkpoint.pth", map_location="cpu", weights_only=True)
    network.load_state_dict(state["model"], strict=True)

    @torch.no_grad()
    def speak(script: Mapping[str, torch.Tensor]) -> torch.Tensor:
        symbols = script["symbols"]
        sound: torch.Tensor = network.infer(
            symbols,
            torch.tensor([symbols.shape[1]]),
            torch.tensor([0]),
            script["tones"],
            script["languages"],
            torch.zeros(1, _WIDE, symbols.shape[1]),
            script["features"],
            sdp_ratio=SDP_RATIO,
            noise_scale=0.0,
            noise_scale_w=0.0,
        )[0][0, 0]
        return sound

    return speak


if __name__ == "__main__":
    main(sys.argv[1:])
