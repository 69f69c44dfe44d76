"""Cloning and conversion over HTTP and through worker processes: by recording, by what is known, after losses, gone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import psutil
import pytest

from harmony.client import Client, Document
from harmony.ports import free_port
from tests.queue.stack import Stack, on
from workers.contract import Audio, Embedding
from workers.engines.tone.voices import bands, pitch_of
from workers.wav import read_wav, write_wav

RATE = 8000
TEXT = {"text": "Hello, hello, hello."}
SPEECH = {"kind": "speech", "input": TEXT}
CONVERSION = {"kind": "voice_conversion"}


def tone(pitch: float, seconds: float) -> Audio:
    times = np.arange(round(seconds * RATE)) / RATE
    return Audio((0.4 * np.sin(2 * np.pi * pitch * times)).astype(np.float32), RATE)


#: Below, and above, whatever the family says by itself.
LOW, HIGH = tone(300, 2.25), tone(1900, 2.5)


def pitch(audio: Audio) -> float:
    return pitch_of(Embedding(bands(audio.samples), "tone"), "tone", RATE)


class Speaker:
    """A client with recordings at hand."""

    def __init__(self, client: Client, stack: Stack, folder: Path) -> None:
        self.client, self.stack, self._folder = client, stack, folder

    def file(self, audio: Audio) -> Path:
        path = self._folder / f"{round(pitch(audio))}-{len(audio.samples)}.wav"
        path.write_bytes(write_wav(audio))
        return path

    def submit(self, job: dict[str, Any], **files: Audio) -> Document:
        paths = {role: self.file(audio) for role, audio in files.items()}
        made = self.client.submit(
            job, audio=paths.get("audio"), reference=paths.get("reference"), target=paths.get("target")
        )
        return cast("Document", made)

    def ended(self, job: Document) -> Document:
        return cast("Document", self.client.wait(job["id"], timeout=60))

    def sound(self, job: Document) -> Audio:
        made = self.ended(job)
        assert made["status"] == "succeeded", made["error"]
        [artifact] = made["result"]["artifacts"]
        file = io.BytesIO(httpx.get(artifact["url"], trust_env=False, timeout=20).content)
        return read_wav(file.getvalue())

    def stored(self, job: Document) -> int:
        return len(list(self.stack.artifacts.list(f"jobs/{job['id']}/")))


@pytest.fixture
def api(deployment: Stack) -> Iterator[str]:
    """The address of an API that starts together with the usual parts."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    part = deployment.api(f"api-{port}", port, public_url=url)
    yield url
    part.stop()


@pytest.fixture
def speaker(api: str, stack: Stack, tmp_path: Path) -> Iterator[Speaker]:

    def ready() -> bool:
        try:
            return httpx.get(f"{api}/livez", trust_env=False, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    stack.until(ready, 60, "the API")
    with Client(api) as client:
        yield Speaker(client, stack, tmp_path)


@on("sqlite")
def test_every_way_to_say_whose_voice(speaker: Speaker) -> None:
    parts = {"segments": [{"start": 0.2, "end": 2}]}
    known = speaker.submit({"kind": "embedding"}, audio=HIGH)
    embedding = speaker.ended(known)["result"]["embedding"]
    jobs = {
        "by a recording": speaker.submit(SPEECH, reference=HIGH),
        "by its segments": speaker.submit({**SPEECH, "input": {**TEXT, "reference": parts}}, reference=HIGH),
        "by an embedding": speaker.submit({**SPEECH, "input": {**TEXT, "reference": {"embedding": embedding}}}),
        "converted": speaker.submit(CONVERSION, audio=LOW, target=HIGH),
        "converted by an embedding": speaker.submit(
            {**CONVERSION, "input": {"target": {"embedding": embedding}}}, audio=LOW
        ),
    }
    for name, job in jobs.items():
        sound = speaker.sound(job)
        assert pitch(sound) == pytest.approx(pitch(HIGH), rel=0.2), name
        wanted = len(LOW.samples) if "converted" in name else 1.0 * RATE
        assert len(sound.samples) == wanted, name
    _fails_alone(speaker)
    # What was known was not found out again.
    names = {name: [step["name"] for step in job["steps"]] for name, job in jobs.items()}
    assert names["by a recording"] == ["decode-reference", "segment", "embed", "synthesize"]
    assert names["by its segments"] == ["decode-reference", "embed", "synthesize"]
    assert names["by an embedding"] == ["synthesize"]
    assert names["converted by an embedding"] == ["decode", "embed-source", "convert"]
    # Nothing of it is left once it is deleted: neither recording, nor what was made on the way.
    for job in jobs.values():
        speaker.client.delete(job["id"])
    speaker.stack.until(lambda: sum(map(speaker.stored, jobs.values())) == 0, 30, "the bytes to go")


def _fails_alone(speaker: Speaker) -> None:
    """What tells nothing of a voice fails its own job, with the field that it came by."""
    silence = Audio(np.zeros(3 * RATE, np.float32), RATE)
    jobs = {
        "reference_too_short": speaker.submit(SPEECH, reference=tone(300, 1.0)),
        "reference_silent": speaker.submit(CONVERSION, audio=LOW, target=silence),
    }
    for code, job in jobs.items():
        made = speaker.ended(job)
        assert (made["status"], made["error"]["code"]) == ("failed", code)
        role = "target" if job["kind"] == "voice_conversion" else "reference"
        assert made["error"]["errors"][0]["field"] == f"input.{role}"


@on("postgresql")
def test_a_child_killed_in_the_middle_of_the_chain(speaker: Speaker) -> None:
    undisturbed = speaker.sound(speaker.submit(CONVERSION, audio=LOW, target=HIGH))
    for step in ("embed", "convert"):
        _goes_on_after_a_loss(speaker, step, undisturbed)


def _goes_on_after_a_loss(speaker: Speaker, step: str, undisturbed: Audio) -> None:
    stack = speaker.stack
    job = speaker.submit({**CONVERSION, "options": {"delay_ms": 1500}}, audio=LOW, target=HIGH)
    names = [one["name"] for one in job["steps"]]
    number = names.index(step)
    stack.until(lambda: stack.get(job["id"]).steps[number].status == "running", 30, f"the step {step}")
    psutil.Process(stack.holder(job["id"])).kill()
    assert np.array_equal(speaker.sound(job).samples, undisturbed.samples)
    assert [one.attempts for one in stack.get(job["id"]).steps] == [1 + (name == step) for name in names]
    # Run again from there: the earlier steps' artifacts are taken as they are, wherever in the chain they were made.
    again = cast("Document", speaker.client.retry(job["id"], start=step))
    speaker.client.delete(job["id"])
    assert np.array_equal(speaker.sound(again).samples, undisturbed.samples)
    assert [one["attempts"] for one in speaker.ended(again)["steps"]] == [0] * number + [1] * (len(names) - number)
