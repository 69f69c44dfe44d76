"""Speech through the Harmony door by the weightless model: the answer's shape, cloning, and what is refused by name."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conformance.earlier.recordings import samples_of, speech

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

TEXT = "Good morning."
PLAIN: dict[str, Any] = {"model": "tone", "input": TEXT, "mode": "single_speaker_tts"}
CLONED: dict[str, Any] = {"model": "tone", "input": TEXT, "mode": "voice_cloning"}


def spoken(door: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = door.post("/v1/audio/speech", json=body)
    assert answer.status_code == 200, answer.text
    told = dict(answer.json())
    assert list(told) == ["id", "model", "created", "data"]
    assert answer.headers["x-job-id"] == told["id"]
    assert answer.headers["location"] == f"{door.base_url}/v1/jobs/{told['id']}"
    assert isinstance(told["created"], int)
    return told


def test_the_answer_is_the_sound_in_base64_and_the_job_is_there(door: httpx.Client) -> None:
    # What earlier clients send for what nobody filled in: null, empty, or a value that asks for no change.
    body = {
        **PLAIN,
        "language": None,
        "voice": "square",
        "input_audio": "",
        "generation_options": {"seed": None, "style": None, "speed": 1, "pitch": 1.0, "energy": 1.0},
        "output_options": {"format": "wav", "sample_rate": None, "stream": False},
        "pre_processing_filters": [],
        "post_generation_filters": [],
    }
    told = spoken(door, body)
    assert told["model"] == "tone"
    rate, samples = samples_of(told["data"])
    assert rate == 8000
    assert any(samples)
    job, options = door.get(f"/v1/jobs/{told['id']}").json(), {"voice": "square", "format": "wav"}
    assert (job["kind"], job["status"], job["request"]["options"]) == ("speech", "succeeded", options)
    assert door.get(f"/v1/jobs/{told['id']}/result").content == base64.b64decode(told["data"])


@pytest.mark.parametrize(("form", "begins"), [("MP3", (b"\xff\xfb", b"\xff\xf3", b"ID3")), ("flac", (b"fLaC",))])
def test_formats(door: httpx.Client, form: str, begins: tuple[bytes, ...]) -> None:
    told = spoken(door, {**PLAIN, "output_options": {"format": form}})
    assert base64.b64decode(told["data"], validate=True).startswith(begins)


def test_rate_loudness_and_filters_are_honoured(door: httpx.Client) -> None:
    plain = spoken(door, PLAIN)
    body = {
        **PLAIN,
        "generation_options": {"norm_loudness": True},
        "output_options": {"sample_rate": 16000},
        "post_generation_filters": [{"fade_in": 0.2}, {"fade_out": 0.1}],
    }
    told = spoken(door, body)
    rate, samples = samples_of(told["data"])
    before, quiet = samples_of(plain["data"])
    assert (before, rate) == (8000, 16000)
    assert len(samples) / 2 / rate == pytest.approx(len(quiet) / 2 / before, abs=0.05)
    # Faded in: the first hundredth of a second is hardly heard.
    heard = np.frombuffer(samples, "<i2").astype(np.float64)
    assert np.abs(heard[:160]).max() < np.abs(heard).max() / 10
    faster = spoken(door, {**PLAIN, "generation_options": {"speed": 2.0}})
    assert len(samples_of(faster["data"])[1]) == pytest.approx(len(quiet) / 2, rel=0.1)


@pytest.mark.parametrize("rate", [None, 24_000])
def test_streamed_the_answer_is_the_sound_itself(door: httpx.Client, rate: int | None) -> None:
    form = {"format": "pcm", "sample_rate": rate}
    whole = base64.b64decode(spoken(door, {**PLAIN, "output_options": form})["data"])
    body = {**PLAIN, "output_options": {**form, "stream": True}}
    with door.stream("POST", "/v1/audio/speech", json=body) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "content-length" not in answer.headers
        assert answer.headers["x-job-id"].startswith("job_")
        assert b"".join(answer.iter_raw()) == whole
    refused = door.post("/v1/audio/speech", json={**body, "voice": "nobody"})
    assert refused.json()["errors"][0]["field"] == "voice"


def test_a_voice_is_cloned_from_a_recording_or_from_its_embedding(door: httpx.Client) -> None:
    recorded = {"input_audio": speech()}
    whose = door.post("/v1/embed/speaker", json={"model": "tone", **recorded}).json()
    vector = json.loads(base64.b64decode(whose["data"]))
    assert (vector["family"], vector["dimensions"], len(vector["vector"])) == ("tone", 16, 16)
    by_embedding = spoken(door, {**CLONED, "input_embedding": whose["data"]})
    heard = json.dumps({"speech_activity": True, "timestamps": [{"start": 0, "end": 48000}]})
    by_recording = spoken(door, {**CLONED, **recorded, "input_vad_data": heard})
    found = spoken(door, {**CLONED, **recorded, "input_vad_mode": "silero"})
    assert by_embedding["data"] == by_recording["data"]
    assert by_embedding["data"] != spoken(door, PLAIN)["data"]
    steps = [door.get(f"/v1/jobs/{told['id']}").json()["steps"] for told in (by_recording, found, by_embedding)]
    names = [[step["name"] for step in each] for each in steps]
    assert names == [
        ["decode-reference", "embed", "synthesize"],
        ["decode-reference", "segment", "embed", "synthesize"],
        ["synthesize"],
    ]
