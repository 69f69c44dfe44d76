"""`post_processing` at the door: named refusals, what the job shows, and results of two channels in every format."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from media.formats import MEDIA_TYPES, AudioFormat
from pipelines.requests import AUDIO_FORMATS
from storage.submitting import NewArtifact
from tests.api.site import SPEECH, Site
from tests.loudness import decoded

RATE, SECONDS = 16000, 1.5


def test_the_job_shows_what_it_was_asked_and_ends_with_the_step(shared: Site) -> None:
    job = shared.http.post(
        "/v1/jobs", json={**SPEECH, "post_processing": {"loudness": -16, "trim_silence": True}}
    ).json()
    assert job["request"]["post_processing"] == {
        "loudness": -16, "trim_silence": {"threshold_db": -50, "keep_ms": 50}
    }  # fmt: skip
    assert [(step["name"], step["queue"]) for step in job["steps"]] == [("synthesize", "cpu"), ("finish", "io")]
    plain = shared.http.post("/v1/jobs", json=SPEECH).json()
    assert "post_processing" not in plain["request"]


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"loudness": -4}, "post_processing.loudness", "invalid_request"),
        ({"channels": 0}, "post_processing.channels", "invalid_request"),
        ({"trim_silence": {"threshold_db": -10}}, "post_processing.trim_silence.threshold_db", "invalid_request"),
        ({"echo": 1}, "post_processing.echo", "unknown_field"),
        ("loud", "post_processing", "invalid_request"),
    ],
)
def test_what_it_cannot_be_is_named(shared: Site, asked: Any, field: str, code: str) -> None:
    answer = shared.http.post("/v1/jobs", json={**SPEECH, "post_processing": asked})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], [error["field"] for error in problem["errors"]]) == (code, [field])


def test_kinds_without_sound_and_rates_without_a_format_are_refused(shared: Site) -> None:
    vad = {"kind": "vad", "model": "tone", "input": {"audio": {"data": "AAAA"}}, "post_processing": {"speed": 2}}
    problem = shared.http.post("/v1/jobs", json=vad).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("field_not_supported", "post_processing")
    rate = {**SPEECH, "options": {"format": "mp3"}, "post_processing": {"sample_rate": 47999}}
    problem = shared.http.post("/v1/jobs", json=rate).json()
    assert problem["errors"][0]["field"] == "post_processing.sample_rate"
    assert problem["code"] == "sample_rate_unsupported"


@pytest.mark.parametrize("form", ["wav", "pcm"])
def test_a_result_of_two_channels_stays_one_in_every_format(shared: Site, form: AudioFormat) -> None:
    times = np.arange(round(SECONDS * RATE)) / RATE
    planes = np.array([np.sin(2 * np.pi * pitch * times) * 0.5 for pitch in (440, 880)])
    raw = np.rint(planes.T * 32767).astype("<i2").tobytes()
    head = b"" if form == "pcm" else _head(len(raw))
    job_id = _stored(shared, head + raw, form)
    for other in AUDIO_FORMATS:
        answer = shared.http.get(f"/v1/jobs/{job_id}/result", params={"format": other}, follow_redirects=True)
        found, rate = decoded(answer.content, other, 2, RATE)
        assert found.shape[0] == 2, other
        assert found.shape[1] / rate == pytest.approx(SECONDS, abs=0.2)
        for plane, pitch in zip(found, (440, 880), strict=True):
            spectrum = np.abs(np.fft.rfft(plane))
            assert spectrum.argmax() * rate / len(plane) == pytest.approx(pitch, abs=3), other


def _head(size: int) -> bytes:
    fields = (16).to_bytes(4, "little") + bytes([1, 0, 2, 0]) + RATE.to_bytes(4, "little")
    fields += (RATE * 4).to_bytes(4, "little") + bytes([4, 0, 16, 0])
    return b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + fields + b"data" + size.to_bytes(4, "little")


def _stored(shared: Site, content: bytes, form: AudioFormat) -> str:
    """A finished job with this result."""
    job_id = str(shared.submit()["id"])
    claim = shared.claim(job_id)
    media_type, extension = MEDIA_TYPES[form]
    key = f"jobs/{job_id}/0/audio.{extension}"
    shared.artifacts.put_bytes(key, content, media_type=media_type)
    digest = hashlib.sha256(content).hexdigest()
    shared.store.complete_step(claim, [NewArtifact("audio", key, media_type, len(content), digest, SECONDS, RATE)])
    return job_id
