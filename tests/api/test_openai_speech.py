"""POST /v1/audio/speech in OpenAI's words: its refusals, its waits, and who leaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import APITimeoutError, InternalServerError, OpenAI

from pipelines.ids import new_id
from storage.chunks import NewChunk
from tests.api.calling import Caller, jobs_once, leave, ordered, status_after, taken
from tests.api.site import Site, serving
from workers.wav import wav_header

SPEECH = "/v1/audio/speech"
HELLO: dict[str, Any] = {"model": "tone", "input": "hello", "voice": "sine", "response_format": "wav"}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service that waits a third of a second for its jobs."""
    folder = tmp_path_factory.mktemp("hasty")
    with serving(f"sqlite:///{folder / 'test.db'}", folder, door_wait_seconds=0.3, max_body_bytes=10_000) as running:
        running.beat()
        yield running


def told(site: Site, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status and the error object of a refusal, which has no other member."""
    answer = site.http.post(SPEECH, json=body, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {"error"}
    assert set(document["error"]) == {"message", "type", "param", "code"}
    return answer.status_code, document["error"]


@pytest.mark.parametrize(
    ("change", "status", "param", "code"),
    [
        ({"model": None}, 400, "model", "invalid_value"),
        ({"model": "gpt-9"}, 404, "model", "model_not_found"),
        ({"model": "whisper-base"}, 400, "model", "unsupported_kind"),
        ({"model": "whisper-1"}, 404, "model", "model_not_found"),
        ({"input": ""}, 400, "input", "text_empty"),
        ({"input": " \n"}, 400, "input", "text_empty"),
        ({"input": 5}, 400, "input", "invalid_value"),
        ({"input": "a" * 4097}, 400, "input", "string_above_max_length"),
        ({"voice": None}, 400, "voice", "missing_required_parameter"),
        ({"voice": "nobody"}, 400, "voice", "unknown_voice"),
        ({"voice": {"id": "nobody"}}, 400, "voice", "unknown_voice"),
        ({"voice": {}}, 400, "voice.id", "missing_required_parameter"),
        ({"voice": {"id": "sine", "name": "x"}}, 400, "voice.name", "unknown_parameter"),
        ({"voice": ["sine"]}, 400, "voice", "invalid_value"),
        ({"voice": "voice_0"}, 400, "voice", "unknown_voice"),
        ({"voice": "sine+square"}, 400, "voice", "invalid_value"),
        ({"response_format": "ogg"}, 400, "response_format", "invalid_value"),
        ({"stream_format": "json"}, 400, "stream_format", "invalid_value"),
        ({"speed": 0.2}, 400, "speed", "invalid_value"),
        ({"speed": 4.1}, 400, "speed", "invalid_value"),
        ({"speed": True}, 400, "speed", "invalid_value"),
        ({"language": "klingon!"}, 400, "language", "unsupported_language"),
        ({"sample_rate": 7999}, 400, "sample_rate", "invalid_value"),
        ({"sample_rate": 11_025, "response_format": "opus"}, 400, "sample_rate", "invalid_value"),
        ({"seed": 7}, 400, "seed", "unknown_parameter"),
        ({"instructions": "Whisper."}, 400, "instructions", "field_not_supported"),
        ({"reference": {"data": "x"}}, 400, "reference.data", "unknown_parameter"),
        ({"reference": "not base64"}, 400, "reference.audio.data", "invalid_base64"),
        ({"model": "kokoro", "voice": "af_heart(2)+am_nobody"}, 400, "voice", "unknown_voice"),
        ({"model": "kokoro", "voice": "af_heart(0)+am_adam"}, 400, "voice", "invalid_value"),
        ({"model": "kokoro", "voice": "af_heart+ff_siwis"}, 400, "voice", "invalid_value"),
        ({"model": "kokoro", "voice": "+".join(["af_heart"] * 9)}, 400, "voice", "invalid_value"),
        ({"model": "kokoro", "voice": "af_heart", "language": "fr"}, 400, "voice", "unsupported_language"),
        ({"model": "kokoro", "voice": None, "reference": "QUJD"}, 400, "reference", "cannot_clone"),
        ({"stream": True}, 400, "stream", "unknown_parameter"),
    ],
)
def test_what_is_refused(shared: Site, change: dict[str, Any], status: int, param: str, code: str) -> None:
    answered, error = told(shared, {**HELLO, **change})
    assert (answered, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"
    assert param.partition(".")[0] in error["message"]
    assert "options." not in error["message"]
    assert "post_processing" not in error["message"]


@pytest.mark.parametrize("field", ["model", "input", "voice"])
def test_what_is_missing_is_named(shared: Site, field: str) -> None:
    status, error = told(shared, {name: value for name, value in HELLO.items() if name != field})
    assert (status, error["param"], error["code"]) == (400, field, "missing_required_parameter")


def test_what_no_route_looked_at_is_in_openais_words_too(hasty: Site) -> None:
    for answer, status, kind, code in (
        (hasty.http.post(SPEECH, content=b"{"), 400, "invalid_request_error", "invalid_json"),
        (hasty.http.post(SPEECH, json=[1]), 400, "invalid_request_error", "invalid_body"),
        (hasty.http.post(SPEECH, data={"a": "b"}), 415, "invalid_request_error", "unsupported_media_type"),
        (hasty.http.post(SPEECH, content=b"x" * 20_000), 413, "invalid_request_error", "body_too_large"),
        (hasty.http.get(SPEECH), 405, "invalid_request_error", "method_not_allowed"),
        (hasty.http.post(SPEECH, json=HELLO, headers={"Origin": "http://a.b"}), 403, None, "foreign_origin"),
        (hasty.http.post(SPEECH, json=HELLO, headers={"X-Keep-Job": "maybe"}), 400, None, "invalid_header"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.json()["error"]["type"] == (kind or "invalid_request_error")
        assert answer.headers["x-request-id"]


def test_half_of_a_surrogate_pair_is_refused_like_any_other_name(shared: Site) -> None:
    answer = shared.http.post(SPEECH, content=rb'{"model": "tone", "input": "hello", "voice": {"\ud800": "sine"}}')
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice.?")


def test_a_body_of_the_other_door_is_answered_in_its_words(shared: Site) -> None:
    answer = shared.http.post(SPEECH, json={"mode": "single_speaker_tts", "model": "nothing", "input": "x"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wait_that_takes_too_long_says_so_and_keeps_the_job(hasty: Site) -> None:
    answer = hasty.http.post(SPEECH, json=HELLO)
    assert answer.status_code == 504
    assert answer.headers["x-should-retry"] == "false"
    job_id = answer.headers["x-job-id"]
    assert answer.headers["location"].endswith(f"/v1/jobs/{job_id}")
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == ("wait_exceeded", "server_error")
    assert job_id in error["message"]
    assert status_after(hasty, job_id, 1) == "queued"


def test_a_sound_that_stops_growing_is_broken_off(tmp_path: Path) -> None:
    body = {**HELLO, "input": "stuck"}
    # Long enough for what is there already to begin to flow, also on a busy machine.
    with serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, door_wait_seconds=3.0) as site:
        site.beat()
        making = taken(site, ordered(site, SPEECH, body, "stuck"), "wav")
        making.chunk()
        caller = Caller(site, SPEECH, body, **{"Idempotency-Key": "stuck"})
        assert caller.begun().status_code == 200
        caller.to_the_end()
        assert caller.broken_off


def test_who_would_rather_not_wait_gets_the_job(shared: Site) -> None:
    answer = shared.http.post(SPEECH, json=HELLO, headers={"Prefer": "respond-async"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.headers["x-job-id"] == answer.json()["id"]
    assert shared.http.get(f"/v1/jobs/{answer.json()['id']}").json()["status"] == "queued"
    shorter = shared.http.post(SPEECH, json=HELLO, headers={"Prefer": "wait=1"})
    assert (shorter.status_code, shorter.json()["status"]) == (202, "queued")


def test_the_sound_flows_while_it_is_made(shared: Site) -> None:
    body = {**HELLO, "input": "flow"}
    making = taken(shared, ordered(shared, SPEECH, body, "flow"), "wav")
    caller = Caller(shared, SPEECH, body, **{"Idempotency-Key": "flow"})
    making.chunk()
    head = wav_header(0, 24000)
    caller.hears(head[:4] + b"\xff" * 4 + head[8:40] + b"\xff" * 4 + making.pcm)
    answer = caller.begun()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert (answer.headers["x-job-id"], answer.headers["idempotency-replayed"]) == (making.job_id, "true")
    assert shared.http.get(f"/v1/jobs/{making.job_id}").json()["status"] == "running"
    making.chunk()
    caller.hears(making.made[1])
    making.chunk(last=True)
    assert caller.to_the_end() == making.made[2]
    assert not caller.broken_off
    making.succeed()


def test_as_events_with_what_it_took(shared: Site) -> None:
    body = {**HELLO, "input": "Two words.", "response_format": "mp3", "stream_format": "sse"}
    making = taken(shared, ordered(shared, SPEECH, body, "events"), "mp3")
    caller = Caller(shared, SPEECH, body, **{"Idempotency-Key": "events"})
    making.chunk()
    making.chunk(last=True)
    assert caller.begun().headers["content-type"].startswith("text/event-stream")
    making.succeed()
    events = [json.loads(line.removeprefix("data: ")) for line in caller.to_the_end().decode().split("\n\n") if line]
    *deltas, done = events
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == b"".join(making.encoded)
    # Two words and a mark; 0.2 s in pieces of 50 ms.
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    assert done == {"type": "speech.audio.done", "usage": usage}


def test_a_job_that_fails_before_its_first_sound_has_a_status(shared: Site) -> None:
    for code, status, kind in (("text_not_speakable", 400, "invalid_request_error"), ("engine_error", 500, None)):
        body = {**HELLO, "input": f"fails by {code}"}
        making = taken(shared, ordered(shared, SPEECH, body, code), "wav")
        caller = Caller(shared, SPEECH, body, **{"Idempotency-Key": code})
        making.fail(code)
        answer = caller.begun()
        error = json.loads(caller.to_the_end())["error"]
        assert (answer.status_code, answer.headers["x-should-retry"]) == (status, "false")
        assert (error["code"], error["type"]) == (code, kind or "server_error")
        assert answer.headers["x-job-id"] == making.job_id


def test_a_job_that_fails_in_the_middle_is_no_whole_answer(shared: Site, caplog: pytest.LogCaptureFixture) -> None:
    for form in ("audio", "sse"):
        body = {**HELLO, "input": f"breaks as {form}", "stream_format": form}
        making = taken(shared, ordered(shared, SPEECH, body, f"breaks-{form}"), "wav")
        caller = Caller(shared, SPEECH, body, **{"Idempotency-Key": f"breaks-{form}"})
        making.chunk()
        assert caller.begun().status_code == 200
        making.fail("engine_error")
        heard = caller.to_the_end()
        assert caller.broken_off == (form == "audio")
        if form == "sse":
            name, data = heard.decode().strip().split("\n\n")[-1].split("\n")
            assert name == "event: error"
            assert json.loads(data.removeprefix("data: "))["error"]["code"] == "engine_error"
    # It is the job's failure, and no fault of this process.
    assert "request.failed" not in caplog.text


def test_sound_that_cannot_be_read_is_an_event_too(shared: Site) -> None:
    body = {**HELLO, "input": "lost", "stream_format": "sse"}
    making = taken(shared, ordered(shared, SPEECH, body, "lost"), "wav")
    caller = Caller(shared, SPEECH, body, **{"Idempotency-Key": "lost"})
    making.chunk()
    assert caller.begun().status_code == 200
    shared.store.add_chunks(making.claim, [NewChunk(1, key="jobs/nothing", samples=9, sample_rate=24_000)])
    *_, last = caller.to_the_end().decode().strip().split("\n\n")
    assert json.loads(last.removeprefix("event: error\ndata: "))["error"]["code"] == "artifact_gone"


def test_a_client_that_leaves_while_it_waits_cancels_its_job(shared: Site) -> None:
    for keep, status in (("false", "cancelled"), ("true", "queued")):
        body = {**HELLO, "input": f"nobody waits, keep {keep}"}
        job_id = ordered(shared, SPEECH, body, f"left-{keep}")
        leave(shared, SPEECH, body, **{"Idempotency-Key": f"left-{keep}", "X-Keep-Job": keep})
        assert status_after(shared, job_id, 2 if keep == "true" else 15) == status


def test_without_a_word_about_it_the_job_is_cancelled_and_with_a_key_it_is_kept(shared: Site) -> None:
    label = new_id("job")
    leave(shared, SPEECH, {**HELLO, "input": label})
    # Who waits for the document waits elsewhere, and leaves all the same.
    leave(shared, SPEECH, {**HELLO, "input": label}, Prefer="wait=30")
    assert [status_after(shared, job_id) for job_id in jobs_once(shared, 2, label)] == ["cancelled", "cancelled"]
    body = {**HELLO, "input": "comes back"}
    leave(shared, SPEECH, body, **{"Idempotency-Key": "comes-back"})
    assert status_after(shared, ordered(shared, SPEECH, body, "comes-back"), 1) == "queued"


def test_a_time_out_of_openais_sdk_leaves_no_work_behind(shared: Site) -> None:
    """It tries again by itself, without a key: each attempt is a job, and each is given up."""
    with (
        OpenAI(api_key="unused", base_url=f"{shared.url}/v1", max_retries=1, timeout=1.0) as client,
        pytest.raises(APITimeoutError),
    ):
        client.audio.speech.create(model="tone", voice="sine", input="twice in vain")
    assert [status_after(shared, job_id) for job_id in jobs_once(shared, 2, "twice in vain")] == [
        "cancelled",
        "cancelled",
    ]


def test_a_wait_that_takes_too_long_is_not_tried_again(hasty: Site) -> None:
    with (
        OpenAI(api_key="unused", base_url=f"{hasty.url}/v1", max_retries=2) as client,
        pytest.raises(InternalServerError) as refused,
    ):
        client.audio.speech.create(model="tone", voice="sine", input="once in vain")
    assert (refused.value.status_code, refused.value.code) == (504, "wait_exceeded")
    texts = [job["request"]["input"]["text"] for job in hasty.http.get("/v1/jobs").json()["data"]]
    assert texts.count("once in vain") == 1


def test_a_client_that_leaves_while_bytes_flow_cancels_its_job(shared: Site) -> None:
    for keep, status in (("false", "cancelling"), ("true", "running")):
        key = f"flowing-{keep}"
        body = {**HELLO, "input": key}
        making = taken(shared, ordered(shared, SPEECH, body, key), "wav")
        making.chunk()
        leaver = {"Idempotency-Key": key, "X-Keep-Job": keep}
        with shared.http.stream("POST", SPEECH, json=body, headers=leaver) as answer:
            assert next(answer.iter_raw())
        assert status_after(shared, making.job_id, 2 if keep == "true" else 15) == status


def test_without_room_to_wait_there_is_no_job(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, max_streams=1) as site:
        site.beat()
        with site.http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}):
            answer = site.http.post(SPEECH, json=HELLO)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"]
        assert site.http.get("/v1/jobs").json()["data"] == []


def test_what_voice_may_be_is_listed(shared: Site) -> None:
    listed = shared.http.get("/v1/audio/voices").json()
    voices = {voice["id"]: voice for voice in listed["data"]}
    assert (voices["alloy"]["alias_of"], voices["alloy"]["model"]) == ("af_alloy", "kokoro")
    assert (voices["sine"]["type"], voices["sine"]["model"]) == ("built_in", "tone")
    assert {"id": "af_heart", "name": "Heart"} in listed["voices"]
    own = shared.http.get("/v1/audio/voices?model=tone").json()["data"]
    assert {voice["alias_of"] or voice["id"] for voice in own} == {"sine", "square"}
    assert shared.http.get("/v1/audio/voices?model=nothing").status_code == 404
    assert shared.http.get("/v1/audio/voices?model=silero-vad").json()["error"]["param"] == "model"


def test_openais_names_of_models_are_listed_and_serve(shared: Site) -> None:
    listed = {model["id"]: model for model in shared.http.get("/v1/models").json()["data"]}
    for name, model in {
        "tts-1": "kokoro",
        "whisper-1": "whisper-base",
        "gpt-4o-mini-transcribe": "whisper-base",
    }.items():
        assert (listed[name]["alias_of"], listed[name]["family"]) == (model, listed[model]["family"])
        assert shared.http.get(f"/v1/models/{name}").json() == listed[name]
    job = shared.http.post(
        SPEECH, json={**HELLO, "model": "tts-1", "voice": "nova"}, headers={"Prefer": "respond-async"}
    )
    assert job.json()["model"] == "kokoro"
    assert job.json()["request"]["options"]["voice"] == "af_nova"
