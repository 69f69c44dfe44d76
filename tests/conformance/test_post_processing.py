"""`post_processing` of native jobs on the running stack: what a client downloads is what was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from harmony.background import BackgroundStack
from tests.contract.subjects import voice
from tests.loudness import Planes, decoded, loudness, true_peak
from workers.wav import write_wav

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

SENTENCE = "Nobody on the platform noticed that the last train had already left. Everybody waited until midnight."


@pytest.fixture(scope="module")
def http(stack: BackgroundStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{stack.url}/v1", timeout=90, trust_env=False, follow_redirects=True) as client:
        yield client


def made(http: httpx.Client, body: dict[str, Any], **files: bytes) -> dict[str, Any]:
    """The job, which must succeed."""
    headers = {"prefer": "wait=60"}
    if files:
        parts = {role: (f"{role}.wav", content, "audio/wav") for role, content in files.items()}
        answer = http.post("/jobs", data={"job": json.dumps(body)}, files=parts, headers=headers)
    else:
        answer = http.post("/jobs", json=body, headers=headers)
    assert answer.status_code in {200, 202}, answer.text
    return ended(http, answer.json()["id"])


def ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    while (job := http.get(f"/jobs/{job_id}", params={"wait": 30}).json())["finished_at"] is None:
        continue
    assert job["status"] == "succeeded", job["error"]
    return dict(job)


def heard(http: httpx.Client, job: dict[str, Any], form: str, rate: int) -> tuple[Planes, int]:
    content = http.get(f"/jobs/{job['id']}/result", params={"format": form}).raise_for_status().content
    return decoded(content, form, 2, rate)


def test_kokoro_at_sixteen_lufs_below_one_dbtp_as_a_stereo_mp3(http: httpx.Client) -> None:
    asked = {"loudness": -16, "peak": -1, "channels": 2, "sample_rate": 44100}
    body = {"kind": "speech", "model": "kokoro", "input": {"text": SENTENCE}, "options": {"format": "mp3"}}
    job = made(http, {**body, "post_processing": asked})
    assert [step["name"] for step in job["steps"]] == ["synthesize", "finish"]
    assert job["request"]["post_processing"] == asked
    planes, rate = heard(http, job, "mp3", 44100)
    assert (planes.shape[0], rate) == (2, 44100)
    assert loudness(planes, rate) == pytest.approx(-16, abs=0.5)
    assert true_peak(planes, rate) < -0.8
    said = job["result"]["post_processing"]
    assert said["loudness"]["after"] == pytest.approx(loudness(planes, rate), abs=0.2)
    assert (said["channels"], said["sample_rate"], said["peak"]["limit"]) == (2, 44100, -1)
    [artifact] = job["result"]["artifacts"]
    assert (artifact["sample_rate"], artifact["media_type"]) == (44100, "audio/mpeg")
    assert artifact["seconds"] == pytest.approx(planes.shape[1] / rate, abs=0.1)


def test_speech_is_slowed_down_by_the_model_as_far_as_it_goes_and_stretched_beyond(http: httpx.Client) -> None:
    body = {"kind": "speech", "model": "kokoro", "input": {"text": "Good evening to everybody."}}
    own, slow = (made(http, {**body, "options": {"speed": speed}}) for speed in (1.0, 0.4))
    seconds = [job["result"]["artifacts"][0]["seconds"] for job in (own, slow)]
    assert seconds[1] / seconds[0] == pytest.approx(2.5, rel=0.12)


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_two_channels_are_two_in_every_format_that_a_result_is_converted_to(http: httpx.Client, form: str) -> None:
    body = {"kind": "speech", "model": "tone", "input": {"text": "hello hello"}, "options": {"format": form}}
    job = made(http, {**body, "post_processing": {"channels": 2, "sample_rate": 16000}})
    seconds = job["result"]["artifacts"][0]["seconds"]
    for other in ("wav", "flac", "mp3", "opus", "aac", "pcm"):
        planes, rate = heard(http, job, other, 16000)
        assert planes.shape[0] == 2, other
        assert planes.shape[1] / rate == pytest.approx(seconds, abs=0.2)
        assert np.abs(planes[0]).max() > 0.1
    played = http.get(f"/jobs/{job['id']}/audio").content
    planes, _ = decoded(played, form, 2, 16000)
    assert planes.shape[0] == 2
    assert planes.shape[1] / 16000 == pytest.approx(seconds, abs=0.01)


def test_voice_conversion_is_finished_too_and_a_retry_can_begin_there(http: httpx.Client) -> None:
    body = {"kind": "voice_conversion", "model": "tone", "input": {}, "post_processing": {"fade_in": 0.3, "peak": -6}}
    speech = write_wav(voice(0, 16000))
    job = made(http, body, audio=speech, target=speech)
    assert job["steps"][-1]["name"] == "finish"
    planes, rate = heard(http, job, "wav", 0)
    assert np.abs(planes[:, : rate // 100]).max() < 0.02
    assert true_peak(planes, rate) < -5.8
    again = http.post(f"/jobs/{job['id']}/retry", params={"from": "finish"}).raise_for_status().json()
    repeated = ended(http, again["id"])
    assert [step["attempts"] for step in repeated["steps"]][-2:] == [0, 1]
    assert repeated["result"]["artifacts"][0]["sha256"] == job["result"]["artifacts"][0]["sha256"]
    assert repeated["result"]["post_processing"] == job["result"]["post_processing"]


def test_what_cannot_be_done_is_refused_with_its_name(http: httpx.Client) -> None:
    body: dict[str, Any] = {"kind": "speech", "model": "tone", "input": {"text": "hello"}}
    for asked, field in (({"loudness": 0}, "post_processing.loudness"), ({"gain": 1}, "post_processing.gain")):
        problem = http.post("/jobs", json={**body, "post_processing": asked})
        assert problem.status_code == 422
        assert [error["field"] for error in problem.json()["errors"]] == [field]
