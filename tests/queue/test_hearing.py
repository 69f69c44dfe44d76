"""GET /v1/jobs/{id}/audio on a deployment: a worker makes it, an API of its own lets it be heard, in every format."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from harmony.ports import free_port
from media.client import MediaHelper
from media.formats import AudioFormat
from tests.queue.stack import Stack, on

TEXT = " ".join(f"This is sentence number {name}, and it is spoken on its own, as it is long." for name in "abc")
RATE = 8000
FORMS: tuple[AudioFormat, ...] = ("wav", "pcm", "mp3", "opus", "aac", "flac")
#: What an MP3 or AAC stream may add, in seconds at this rate.
ADDED = 0.45


@pytest.fixture
def address(deployment: Stack) -> Iterator[str]:
    """The address of an API that starts together with the usual parts."""
    port = free_port()
    part = deployment.api(f"api-{port}", port)
    yield f"http://127.0.0.1:{port}"
    part.stop()


@dataclass
class Heard:
    """What a listener got, and when (wall clock) it got the first of it."""

    content: bytes
    first: int
    at: float
    media_type: str


def heard(url: str, job_id: str, query: str = "") -> Heard:
    with (
        httpx.Client(base_url=url, timeout=60, trust_env=False) as http,
        http.stream("GET", f"/v1/jobs/{job_id}/audio{query}") as answer,
    ):
        assert answer.status_code == 200, answer.read()
        pieces = answer.iter_raw()
        first = next(pieces)
        at = time.time()
        return Heard(first + b"".join(pieces), len(first), at, answer.headers["content-type"])


def seconds_of(content: bytes, helper: MediaHelper, folder: Path) -> float:
    """How long our own decoder finds it."""
    (folder / "heard").write_bytes(content)
    return helper.decode(folder / "heard", folder / "decoded.wav", sample_rate=RATE).seconds


@on("sqlite")
def test_every_format_is_heard_before_the_end_and_whole(stack: Stack, address: str, tmp_path: Path) -> None:
    slot = stack.slot("cpu-1")
    stack.freeze(slot)
    jobs = {form: stack.tone(text=TEXT, delay_ms=800, format=form) for form in FORMS}
    stack.until(lambda: _is_up(address), 60, "the API")
    with ThreadPoolExecutor(len(FORMS)) as threads:
        listening = {form: threads.submit(heard, address, job_id) for form, job_id in jobs.items()}
        stack.until(lambda: all(stack.row(job_id).stream for job_id in jobs.values()), 30, "the listeners")
        slot.thaw()
        results = {form: future.result(90) for form, future in listening.items()}
    stack.ends(list(jobs.values()), 60)
    (artifact,) = stack.get(jobs["wav"]).results
    with wave.open(io.BytesIO(stack.artifacts.read(artifact.key, artifact.sha256))) as sound:
        samples = sound.readframes(sound.getnframes())
    helper = MediaHelper()
    for form, result in results.items():
        assert result.at < stack.row(jobs[form]).finished_at, f"the first of {form} came when the job was over"
        assert result.first < len(result.content) / 2, form
        if form in {"wav", "pcm"}:
            assert result.content[len(result.content) - len(samples) :] == samples
            assert len(result.content) - len(samples) == (44 if form == "wav" else 0)
        if form != "pcm":
            found = seconds_of(result.content, helper, tmp_path)
            assert artifact.seconds - 0.01 <= found <= artifact.seconds + (ADDED if form in {"mp3", "aac"} else 0.01), (
                form
            )
    helper.close()
    # Going on where a connection broke off, now that all of it is over.
    for form in FORMS:
        whole = results[form].content
        assert heard(address, jobs[form], f"?offset={len(whole) // 3}").content == whole[len(whole) // 3 :], form


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
