"""The other routes by the weightless model: their shapes, waiting and leaving, and what is refused by name."""

import base64
from typing import Any

import httpx
import pytest

from tests.conformance.earlier.recordings import samples_of, sound, speech

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]


def told(door: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = door.post(path, json={"model": "tone", **body})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-job-id"] == answer.json()["id"]
    return dict(answer.json())


def test_a_transcription_says_language_and_times_where_it_is_asked_to(door: httpx.Client) -> None:
    short = told(door, "/v1/audio/transcriptions", {"input_audio": sound()})
    assert list(short) == ["id", "model", "created", "text", "language", "timestamps"]
    assert (short["language"], short["timestamps"]) == (None, None)
    both = {"input_audio": sound(), "get_language": True, "get_timestamps": True}
    full = told(door, "/v1/audio/transcriptions", both)
    assert full["text"] == short["text"]
    assert full["language"]
    assert all({"id", "start", "end", "text", "words"} <= segment.keys() for segment in full["timestamps"])
    assert {"word", "start", "end", "probability"} <= full["timestamps"][0]["words"][0].keys()


@pytest.mark.parametrize(
    ("options", "timestamps"),
    [
        ({}, None),
        ({"get_timestamps": True}, [{"start": 0, "end": 32000}]),
        ({"get_timestamps": True, "return_seconds": True}, [{"start": 0.0, "end": 2.0}]),
    ],
)
def test_voice_activity(door: httpx.Client, options: dict[str, Any], timestamps: Any) -> None:
    answer = told(door, "/v1/audio/vad", {"input_audio": sound(), **options})
    assert list(answer) == ["id", "model", "created", "speech_activity", "timestamps"]
    assert (answer["speech_activity"], answer["timestamps"]) == (True, timestamps)


@pytest.mark.parametrize("path", ["/v1/voice/convert", "/v1/audio/voice-conversion"])
def test_a_conversion_takes_a_recording_or_an_embedding(door: httpx.Client, path: str) -> None:
    whose = told(door, "/v1/audio/embeddings", {"input_audio": sound(pitch=300)})
    one = told(door, path, {"source_audio": sound(), "target_embedding": whose["data"]})
    rate, samples = samples_of(one["data"])
    assert len(samples) / 2 / rate == pytest.approx(2.0, abs=0.1)
    other = told(door, path, {"source_audio": sound(), "target_audio": speech()})
    assert samples_of(other["data"]) != samples_of(one["data"])


def test_who_does_not_wait_gets_the_job(door: httpx.Client) -> None:
    body = {"model": "tone", "input_audio": sound()}
    answer = door.post("/v1/embed/speaker", json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    job = answer.json()
    assert (job["id"], job["kind"]) == (answer.headers["x-job-id"], "embedding")
    assert door.get(f"/v1/jobs/{job['id']}?wait=30").json()["links"]["self"] == answer.headers["location"]


def test_the_same_key_gives_the_same_answer(door: httpx.Client) -> None:
    body = {"model": "tone", "input_audio": sound()}
    first, second = (door.post("/v1/embed/speaker", json=body, headers={"Idempotency-Key": "one"}) for _ in "12")
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_a_job_that_fails_says_why_in_the_words_of_the_route(door: httpx.Client) -> None:
    noise = base64.b64encode(b"not a recording").decode()
    answer = door.post("/v1/audio/vad", json={"model": "tone", "input_audio": noise})
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_undecodable")
    assert answer.headers["x-job-id"].startswith("job_")
    body = {"model": "tone", "source_audio": sound(), "target_audio": sound(0.2)}
    short = door.post("/v1/voice/convert", json=body).json()
    assert (short["code"], short["errors"][0]["field"]) == ("reference_too_short", "target_audio")
