"""The Harmony door's refusals, each by the name that the client used, its waits, and who leaves."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.calling import leave, ordered, status_after, taken
from tests.api.site import Site, serving, wav

SPEECH = "/v1/audio/speech"
PLAIN: dict[str, Any] = {"model": "tone", "input": "Good morning.", "mode": "single_speaker_tts"}
RECORDING = base64.b64encode(wav(2.0)).decode()
EMBEDDING = {"model": "tone", "input_audio": RECORDING}

PICKLE = base64.b64encode(b"\x80\x04.").decode()
FOREIGN = base64.b64encode(b'{"family": "openvoice_v2", "vector": [1]}').decode()
RAW = base64.b64encode(struct.pack("<256f", *range(256))).decode()


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"model": "nobody"}, "model", "unknown_model"),
        ({"model": "openvoice_v1"}, "model", "unknown_model"),
        ({"model": "silero-vad"}, "model", "unsupported_kind"),
        ({"model": None}, "model", "invalid_request"),
        ({"input": ""}, "input", "text_empty"),
        ({"input": "a" * 100_001}, "input", "text_too_long"),
        ({"input": None}, "input", "invalid_request"),
        ({"mode": "singing"}, "mode", "invalid_request"),
        ({"model": "kokoro", "mode": "voice_cloning", "input_audio": "AAAA"}, "mode", "cannot_clone"),
        ({"language": "no language"}, "language", "unsupported_language"),
        ({"voice": "sine", "language": "de"}, "voice", "unsupported_language"),
        ({"voice": "nobody"}, "voice", "unknown_voice"),
        ({"voice": "voice_1"}, "voice", "invalid_request"),
        ({"input_audio": "AAAA"}, "input_audio", "invalid_request"),
        ({"input_embedding": "AAAA"}, "input_embedding", "invalid_request"),
        ({"input_vad_mode": "silero"}, "input_vad_mode", "invalid_request"),
        ({"input_vad_data": "{}"}, "input_vad_data", "invalid_request"),
        ({"mode": "voice_cloning"}, "input_audio", "missing_field"),
        ({"mode": "voice_cloning", "input_audio": "?"}, "input_audio", "invalid_base64"),
        (
            {"mode": "voice_cloning", "input_audio": "AAAA", "input_embedding": RAW},
            "input_embedding",
            "invalid_request",
        ),
        ({"mode": "voice_cloning", "input_audio": "AAAA", "voice": "sine"}, "voice", "invalid_option"),
        (
            {"mode": "voice_cloning", "input_audio": "AAAA", "input_vad_mode": "whisper"},
            "input_vad_mode",
            "field_not_supported",
        ),
        (
            {"mode": "voice_cloning", "input_audio": "AAAA", "input_vad_data": "[]"},
            "input_vad_data",
            "reference_too_short",
        ),
        (
            {"mode": "voice_cloning", "input_audio": "AAAA", "input_vad_data": '[{"start": 0, "end": 0.5}]'},
            "input_vad_data",
            "reference_too_short",
        ),
        ({"mode": "voice_cloning", "input_embedding": PICKLE}, "input_embedding", "embedding_mismatch"),
        ({"mode": "voice_cloning", "input_embedding": RAW}, "input_embedding", "embedding_mismatch"),
        ({"mode": "voice_cloning", "input_embedding": FOREIGN}, "input_embedding.family", "embedding_mismatch"),
        ({"generation_options": {"style": 1}}, "generation_options.style", "field_not_supported"),
        ({"generation_options": {"speed": 9}}, "generation_options.speed", "invalid_option"),
        ({"generation_options": {"speed": "fast"}}, "generation_options.speed", "invalid_request"),
        *(
            ({"generation_options": {name: 2}}, f"generation_options.{name}", "unknown_field")
            for name in ("seed", "pitch", "energy", "exaggeration", "cfg_weight", "temperature", "repetition_penalty")
        ),
        *(
            ({"generation_options": {name: 1}}, f"generation_options.{name}", "unknown_field")
            for name in ("top_p", "min_p", "top_k")
        ),
        ({"generation_options": {"tempo": 1}}, "generation_options.tempo", "unknown_field"),
        ({"output_options": {"format": "m4a"}}, "output_options.format", "unsupported_format"),
        (
            {"pre_processing_filters": [{"model": "voicefixer-restorer"}]},
            "pre_processing_filters.0.model",
            "field_not_supported",
        ),
        ({"pre_processing_filters": [{"denoise": 1}]}, "pre_processing_filters.0", "field_not_supported"),
        (
            {"post_generation_filters": [{"model": "openvoice_v1"}]},
            "post_generation_filters.0.model",
            "field_not_supported",
        ),
        ({"response_format": "wav"}, "response_format", "unknown_field"),
        ({"output_options": {"sample_rate": 3}}, "output_options.sample_rate", "invalid_request"),
        (
            {"output_options": {"sample_rate": 44100, "format": "opus"}},
            "output_options.sample_rate",
            "sample_rate_unsupported",
        ),
        (
            {"output_options": {"stream": True}, "post_generation_filters": [{"channels": 2}]},
            "post_generation_filters.0.channels",
            "not_streamable",
        ),
        (
            {"output_options": {"stream": True}, "generation_options": {"norm_loudness": True}},
            "generation_options.norm_loudness",
            "not_streamable",
        ),
        (
            {"post_generation_filters": [{"peak": -1}, {"reverb": 1}]},
            "post_generation_filters.1.reverb",
            "unknown_field",
        ),
        ({"post_generation_filters": [{"loudness": 3}]}, "post_generation_filters.0.loudness", "invalid_request"),
        (
            {"post_generation_filters": [{"loudness": -20}], "generation_options": {"norm_loudness": True}},
            "generation_options.norm_loudness",
            "invalid_request",
        ),
    ],
)
def test_each_field_of_speech_that_cannot_be_honoured_is_refused_by_name(
    shared: Site, change: dict[str, Any], field: str, code: str
) -> None:
    answer = shared.http.post(SPEECH, json={**PLAIN, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["errors"][0]["field"], problem["code"]) == (field, code), problem
    assert "options." not in problem["detail"].replace("generation_options.", "").replace("output_options.", "")
    assert "input." not in problem["detail"]


@pytest.mark.parametrize(
    ("path", "change", "field", "code"),
    [
        ("/v1/embed/speaker", {"model": "kokoro"}, "model", "unsupported_kind"),
        ("/v1/embed/speaker", {"input_audio": "?"}, "input_audio", "invalid_base64"),
        ("/v1/embed/speaker", {"input_audio": ""}, "input_audio", "audio_empty"),
        ("/v1/embed/speaker", {"input_vad_data": "{}"}, "input_vad_data", "unknown_field"),
        ("/v1/audio/vad", {"threshold": 0.5}, "threshold", "unknown_field"),
        ("/v1/audio/vad", {"model": "silero-vad", "threshold": 2}, "threshold", "invalid_option"),
        ("/v1/audio/vad", {"model": "silero-vad", "speech_pad_ms": -1}, "speech_pad_ms", "invalid_option"),
        ("/v1/audio/vad", {"min_speech_duration_ms": 0.5}, "min_speech_duration_ms", "invalid_request"),
        ("/v1/audio/transcriptions", {"get_language": "yes"}, "get_language", "invalid_request"),
        ("/v1/audio/transcriptions", {"model": "faster-whisper-huge"}, "model", "unknown_model"),
        ("/v1/voice/convert", {}, "target_audio", "missing_field"),
        (
            "/v1/voice/convert",
            {"target_audio": "AAAA", "target_embedding": "AAAA"},
            "target_embedding",
            "invalid_request",
        ),
        ("/v1/voice/convert", {"target_embedding": "gAQu"}, "target_embedding", "embedding_mismatch"),
        (
            "/v1/voice/convert",
            {"target_audio": "AAAA", "generation_options": {"style": 1}},
            "generation_options.style",
            "field_not_supported",
        ),
        (
            "/v1/voice/convert",
            {"target_audio": "AAAA", "generation_options": {"top_k": 1}},
            "generation_options.top_k",
            "unknown_field",
        ),
        (
            "/v1/voice/convert",
            {"target_audio": "AAAA", "generation_options": {"speed": 9}},
            "generation_options.speed",
            "invalid_request",
        ),
        ("/v1/audio/convert", {}, "model", "no_model"),
        ("/v1/audio/convert", {"strength": 1}, "strength", "unknown_field"),
    ],
)
def test_each_field_of_the_other_routes_that_cannot_be_honoured_is_refused_by_name(
    shared: Site, path: str, change: dict[str, Any], field: str, code: str
) -> None:
    source = "source_audio" if path.endswith("/convert") else "input_audio"
    answer = shared.http.post(path, json={"model": "tone", source: "AAAA", **change})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["errors"][0]["field"], problem["code"]) == (422, field, code), problem


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service that waits a third of a second for its jobs, and takes a little base64."""
    folder = tmp_path_factory.mktemp("hasty")
    with serving(f"sqlite:///{folder / 'test.db'}", folder, door_wait_seconds=0.3, max_inline_bytes=50_000) as running:
        running.beat()
        yield running


def test_a_wait_that_takes_too_long_says_so_and_keeps_the_job(hasty: Site) -> None:
    for path, body in ((SPEECH, PLAIN), ("/v1/embed/speaker", EMBEDDING)):
        answer = hasty.http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (504, "wait_exceeded")
        assert answer.headers["content-type"] == "application/problem+json"
        job = hasty.http.get(f"/v1/jobs/{answer.headers['x-job-id']}").json()
        assert job["status"] == "queued"


@pytest.mark.parametrize("stream", [False, True])
def test_who_would_rather_not_wait_gets_the_job(shared: Site, stream: bool) -> None:  # noqa: FBT001 - a parameter
    body = {**PLAIN, "output_options": {"stream": stream}}
    answer = shared.http.post(SPEECH, json=body, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    job = answer.json()
    assert answer.headers["x-job-id"] == job["id"]
    assert answer.headers["location"] == job["links"]["self"]
    assert (job["kind"], job["status"], job["request"]["input"]) == ("speech", "queued", {"text": "Good morning."})
    waited = shared.http.post(SPEECH, json=body, headers={"Prefer": "wait=0"})
    assert waited.status_code == 202


def test_a_stream_that_is_waited_for_shortly_is_the_sound_all_the_same(shared: Site) -> None:
    body = {**PLAIN, "input": "shortly", "output_options": {"stream": True}}
    job = taken(shared, ordered(shared, SPEECH, body, "shortly"), "wav")
    job.chunk()
    sound = job.succeed()
    answer = shared.http.post(SPEECH, json=body, headers={"Idempotency-Key": "shortly", "Prefer": "wait=5"})
    assert (answer.content, answer.headers["content-type"]) == (sound, "audio/wav")
    assert answer.headers["preference-applied"] == "wait=5"


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_cancels_its_job_unless_it_keeps_it(shared: Site, stream: bool) -> None:  # noqa: FBT001 - a parameter
    for keep, status in (("false", "cancelled"), ("true", "queued")):
        body = {**PLAIN, "input": f"keep {keep} {stream}", "output_options": {"stream": stream}}
        key = f"earlier-{keep}-{stream}"
        job_id = ordered(shared, SPEECH, body, key)
        leave(shared, SPEECH, body, **{"Idempotency-Key": key, "X-Keep-Job": keep})
        assert status_after(shared, job_id, 2 if keep == "true" else 15) == status


def test_the_same_key_with_another_body_is_refused_in_problems(shared: Site) -> None:
    ordered(shared, SPEECH, PLAIN, "once")
    answer = shared.http.post(SPEECH, json={**PLAIN, "input": "Good evening."}, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize("path", ["/v1/embed/speaker", "/v1/voice/convert", "/v1/audio/vad", "/v1/audio/convert"])
def test_a_body_that_is_no_json_object_is_refused(shared: Site, path: str) -> None:
    for content, code in ((b"[]", "invalid_body"), (b"{", "invalid_json")):
        answer = shared.http.post(path, content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    form = shared.http.post(path, files={"input_audio": b"x"})
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


def test_too_much_base64_is_refused(hasty: Site) -> None:
    for characters in (70_000, 300_000):
        answer = hasty.http.post("/v1/embed/speaker", json={"model": "tone", "input_audio": "A" * characters})
        assert (answer.status_code, answer.json()["code"]) == (413, "audio_too_large")
