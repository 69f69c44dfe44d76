"""One machine with the families whose weights come from a hub: made-up checkpoints, read as downloads are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import psutil
import yaml

from harmony.client import Client, Document
from harmony.ports import free_port
from pipelines.catalog import load_families
from tests.contract.subjects import voice
from tests.families.damages import DAMAGES, without_style
from tests.golden.filled import write_harmonyspeech, write_openvoice
from tests.golden.filled_melotts import write_melotts
from tests.queue.stack import Stack
from workers.contract import Audio
from workers.wav import read_wav, write_wav
from workers.weights import WeightStore, default_cache

#: Who speaks in tests/data/speech.
ENGLISH, SPANISH = 0, 1


def recording(who: int, rate: int = 22050) -> Audio:
    """Three seconds of one of the two."""
    return voice(who, rate)


class Deployment:
    """The parts, an HTTP client, and the recordings that are sent."""

    def __init__(self, folder: Path) -> None:
        models = folder / "models"
        config = folder / "models.yml"
        config.write_text(yaml.safe_dump({"models": _models(models), "defaults": {"vad": "silero-vad"}}), "utf-8")
        self._folder = folder
        self.stack = Stack(folder, f"sqlite:///{folder / 'harmony.db'}", {"HARMONY_CONFIG": str(config)})
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.stack.api("api", port, public_url=self.url)
        self.stack.base()
        self.stack.until(self._ready, 60, "the API")
        self.client = Client(self.url)
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def close(self) -> None:
        self.http.close()
        self.client.close()
        self.stack.close()

    def submit(self, model: str, kind: str = "speech", text: str = "", **more: Any) -> Document:
        """A job; `audio`, `reference` and `target` are recordings, `input` holds what else is said of them."""
        roles = ("audio", "reference", "target")
        audio, reference, target = (self._file(more.pop(role)) if role in more else None for role in roles)
        given = {**({"text": text} if text else {}), **more.pop("input", {})}
        job = {"kind": kind, "model": model, "input": given, "options": more}
        return cast("Document", self.client.submit(job, audio=audio, reference=reference, target=target))

    def ended(self, job: Document) -> Document:
        return cast("Document", self.client.wait(job["id"], timeout=120))

    def made(self, job: Document) -> Document:
        """The job, which must succeed."""
        ended = self.ended(job)
        assert ended["status"] == "succeeded", (ended["error"], self.stack.logs())
        return ended

    def sound(self, job: Document) -> Audio:
        """What was made: something that can be heard."""
        [artifact] = [one for one in self.made(job)["result"]["artifacts"] if one["role"] == "audio"]
        sound = read_wav(self.http.get(artifact["url"]).content)
        assert np.isfinite(sound.samples).all()
        assert np.abs(sound.samples).max() > 0
        return sound

    def refused(self, job: Document) -> Document:
        """Why the job failed."""
        ended = self.ended(job)
        assert ended["status"] == "failed", ended["status"]
        return dict(ended["error"])

    def worker(self) -> list[int]:
        """The processes of the slot that has the models."""
        return sorted(child.pid for child in psutil.Process(self.stack.slot("cpu-1").pid).children(recursive=True))

    def _file(self, audio: Audio) -> Path:
        file = self._folder / f"recording-{len(list(self._folder.glob('recording-*')))}.wav"
        file.write_bytes(write_wav(audio))
        return file

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", trust_env=False, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def steps(job: Document) -> list[str]:
    return [step["name"] for step in job["steps"]]


def _models(folder: Path) -> list[dict[str, str]]:
    """The models of config.yml, with their weights written to folders."""
    entries = [_entry("campplus", "campplus", "zh-en"), _entry("silero-vad", "silero_vad", "v6")]
    made: Mapping[str, tuple[str, str, Callable[[Path], object]]] = {
        "harmony-speech": ("harmonyspeech", "v1", write_harmonyspeech),
        "openvoice-v1": ("openvoice", "v1", write_openvoice),
        "openvoice-v2": ("openvoice", "v2", lambda folder: write_openvoice(folder, "v2")),
        "melo-en": ("melotts", "en", write_melotts),
        "melo-es": ("melotts", "es", lambda folder: write_melotts(folder, "es")),
        "styleless": ("openvoice", "v1", without_style),
        **{name: ("openvoice", "v2", damage.write) for name, damage in DAMAGES.items()},
    }
    for name, (family, weights, write) in made.items():
        place = folder / name
        place.mkdir(parents=True)
        write(place)
        entries.append({"name": name, "family": family, "weights": weights, "source": f"path:{place}"})
    return entries


def _entry(name: str, family: str, weights: str) -> dict[str, str]:
    """A model whose real weights are at hand, taken from where they are kept."""
    kept = WeightStore(default_cache()).ensure(load_families()[family].weights[weights], name)
    return {"name": name, "family": family, "weights": weights, "source": f"path:{kept}"}
