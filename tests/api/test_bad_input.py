"""What the API refuses at once: each refusal has its code, names its field, and leaves no job behind."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.site import SPEECH, Site, serving, wav

LISTEN = {"kind": "vad", "input": {"audio": {"data": base64.b64encode(wav()).decode()}}}


def _audio(**source: Any) -> dict[str, Any]:
    return {"kind": "vad", "input": {"audio": source}}


def _webhook(**fields: Any) -> dict[str, Any]:
    return {**SPEECH, "webhook": {"url": "https://hooks.example.com/x", **fields}}


CASES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "unknown kind": ({**SPEECH, "kind": "song"}, "unknown_kind", "kind"),
    "no kind": ({"input": {"text": "x"}}, "missing_field", "kind"),
    "unknown model": ({**SPEECH, "model": "nobody"}, "unknown_model", "model"),
    "model of another kind": ({**SPEECH, "model": "whisper-base"}, "unsupported_kind", "model"),
    "unknown voice": (
        {"kind": "speech", "input": {"text": "x"}, "options": {"voice": "ghost"}},
        "unknown_voice",
        "options.voice",
    ),
    "unknown format": ({**SPEECH, "options": {"format": "wma"}}, "unsupported_format", "options.format"),
    "unknown field": ({**SPEECH, "colour": "blue"}, "unknown_field", "colour"),
    "unknown option": ({**SPEECH, "options": {"colour": "blue"}}, "unknown_field", "options.colour"),
    "unknown language": (
        {"kind": "transcription", "input": LISTEN["input"], "options": {"language": "klingonese"}},
        "unsupported_language",
        "options.language",
    ),
    "language of no voice": (
        {"kind": "speech", "input": {"text": "x"}, "options": {"language": "de"}},
        "unsupported_language",
        "options.language",
    ),
    "no text": ({"kind": "speech", "input": {}}, "missing_field", "input.text"),
    "blank text": ({**SPEECH, "input": {"text": " \n\t"}}, "text_empty", "input.text"),
    "long text": ({**SPEECH, "input": {"text": "x" * 100_001}}, "text_too_long", "input.text"),
    "text for ears": ({"kind": "vad", "input": {"text": "x"}}, "unknown_field", "input.text"),
    "no audio": ({"kind": "vad"}, "missing_field", "input.audio"),
    "two sources": (_audio(data="AAAA", artifact="art_1"), "invalid_request", "input.audio"),
    "empty audio": (_audio(data=""), "audio_empty", "input.audio.data"),
    "not base64": (_audio(data="?!"), "invalid_base64", "input.audio.data"),
    "base64 cut short": (_audio(data="AAAAA"), "invalid_base64", "input.audio.data"),
    "data is a number": (_audio(data=7), "invalid_request", "input.audio.data"),
    "unknown artifact": (_audio(artifact="art_nobody"), "unknown_artifact", "input.audio.artifact"),
    "url": (_audio(url="https://example.com/a.wav"), "field_not_supported", "input.audio.url"),
    "upload": (_audio(upload="up_1"), "field_not_supported", "input.audio.upload"),
    "a deadline in the past": ({**SPEECH, "deadline": "2020-01-01T00:00:00Z"}, "deadline_passed", "deadline"),
    "a deadline far off": ({**SPEECH, "deadline": "2999-01-01T00:00:00+02:00"}, "deadline_too_far", "deadline"),
    "a deadline without a zone": ({**SPEECH, "deadline": "2030-01-01T00:00:00"}, "invalid_request", "deadline"),
    "a deadline as a number": ({**SPEECH, "deadline": 60}, "invalid_request", "deadline"),
    "no such day": ({**SPEECH, "deadline": "2030-02-30T00:00:00Z"}, "invalid_request", "deadline"),
    "kept too shortly": ({**SPEECH, "expires_in": 5}, "invalid_request", "expires_in"),
    "kept too long": ({**SPEECH, "expires_in": 1e12}, "invalid_request", "expires_in"),
    "priority": ({**SPEECH, "priority": "urgent"}, "invalid_request", "priority"),
    "33 labels": ({**SPEECH, "labels": {f"k{n}": "v" for n in range(33)}}, "too_long", "labels"),
    "long label": ({**SPEECH, "labels": {"k": "v" * 257}}, "too_long", "labels.k"),
    "private webhook": (_webhook(url="https://10.0.0.7/x"), "address_refused", "webhook.url"),
    "loopback webhook": (_webhook(url="https://127.0.0.1/x"), "address_refused", "webhook.url"),
    "mapped webhook": (_webhook(url="https://[::ffff:169.254.169.254]/x"), "address_refused", "webhook.url"),
    "internal webhook": (_webhook(url="https://db.internal/x"), "address_refused", "webhook.url"),
    "plain webhook": (_webhook(url="http://hooks.example.com/x"), "url_invalid", "webhook.url"),
    "step events": (_webhook(events=["step.started"]), "unknown_event", "webhook.events.0"),
    "bare secret": (_webhook(secret="c2VjcmV0"), "invalid_secret", "webhook.secret"),
    "short secret": (_webhook(secret="whsec_c2VjcmV0"), "invalid_secret", "webhook.secret"),
    "surrogate": ({**SPEECH, "input": {"text": "\ud800"}}, "invalid_text", None),
    "nul": ({**SPEECH, "labels": {"k": "a\x00b"}}, "invalid_text", None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_done_is_refused_by_name(shared: Site, case: str) -> None:
    body, code, field = CASES[case]
    before = shared.http.get("/v1/jobs").json()["data"]
    answer = shared.http.post("/v1/jobs", content=json.dumps(body))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert [item["field"] for item in problem.get("errors", [])][:1] == ([field] if field else [])
    assert shared.http.get("/v1/jobs").json()["data"] == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "invalid_json"),
        (b'{"kind": NaN}', "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b"[1]", "invalid_body"),
        (b"", "invalid_json"),
    ],
)
def test_a_body_that_is_no_json_object(shared: Site, content: bytes, code: str) -> None:
    answer = shared.http.post("/v1/jobs", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_limit_is_said(shared: Site) -> None:
    answer = shared.http.post("/v1/jobs", json={**SPEECH, "labels": {"k": "v" * 257}})
    assert "256" in answer.json()["detail"]
    answer = shared.http.post("/v1/jobs", json={**SPEECH, "input": {"text": "x" * 100_001}})
    assert "100000" in answer.json()["detail"]


def test_another_type_of_body(shared: Site) -> None:
    answer = shared.http.post("/v1/jobs", content=b"x", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("files", "code", "field"),
    [
        ({"job": (None, '{"kind": "vad"}'), "audio": ("a.wav", b"")}, "audio_empty", "audio"),
        ({"job": (None, '{"kind": "vad"}')}, "missing_field", "audio"),
        ({"audio": ("a.wav", wav())}, "missing_field", "job"),
        ({"job": (None, '{"kind": "vad"}'), "sound": ("a.wav", wav())}, "unknown_field", "sound"),
        ({"job": (None, json.dumps(LISTEN)), "audio": ("a.wav", wav())}, "invalid_request", "input.audio"),
        ({"job": (None, json.dumps(SPEECH)), "audio": ("a.wav", wav())}, "unknown_field", "input.audio"),
        ({"job": (None, "{"), "audio": ("a.wav", wav())}, "invalid_json", None),
        ({"audio": ("a.wav", wav()), "job": (None, '{"kind": "song"}')}, "unknown_kind", "kind"),
        ({"audio": ("a.wav", wav()), "job": (None, '{"kind": ["vad"]}')}, "unknown_kind", "kind"),
    ],
)
def test_a_form_that_cannot_be_done(shared: Site, files: Any, code: str, field: str | None) -> None:
    answer = shared.http.post("/v1/jobs", files=files)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert [item["field"] for item in problem.get("errors", [])] == ([field] if field else [])
    assert list(shared.artifacts.list("jobs/")) == []


def test_a_form_that_breaks_off(shared: Site) -> None:
    content = b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\nabc'
    answer = shared.http.post("/v1/jobs", content=content, headers={"content-type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_multipart")
    assert list(shared.artifacts.list("jobs/")) == []
    answer = shared.http.post("/v1/jobs", content=content, headers={"content-type": "multipart/form-data"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_multipart")


def test_too_many_bytes(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, max_body_bytes=100_000, max_inline_bytes=1000) as site:
        site.beat()
        large: Any = {"job": (None, '{"kind": "vad"}'), "audio": ("a.wav", bytes(200_000))}
        announced = site.http.post("/v1/jobs", files=large)
        request = site.http.build_request("POST", "/v1/jobs", files=large)
        chunks = iter([request.read()[:90_000], request.read()[90_000:]])
        counted = site.http.post("/v1/jobs", content=chunks, headers={"content-type": request.headers["content-type"]})
        for answer in (announced, counted):
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
            assert "100000" in answer.json()["detail"]
        inline = site.http.post("/v1/jobs", json=_audio(data=base64.b64encode(bytes(1001)).decode()))
        assert (inline.status_code, inline.json()["code"]) == (413, "audio_too_large")
        fits = site.http.post("/v1/jobs", json=_audio(data=base64.b64encode(bytes(1000)).decode()))
        assert fits.status_code == 202
        assert len(list(site.artifacts.list("jobs/"))) == 1


@pytest.mark.parametrize("key", [b"", b'""', b"x" * 256, "ü".encode("latin-1")])
def test_an_idempotency_key_that_is_none(shared: Site, key: bytes) -> None:
    answer = shared.http.post("/v1/jobs", json=SPEECH, headers={b"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


@pytest.mark.parametrize("prefer", ["wait=soon", "wait", "respond-async, wait=-1"])
def test_a_preference_that_is_none(shared: Site, prefer: str) -> None:
    answer = shared.http.post("/v1/jobs", json=SPEECH, headers={"Prefer": prefer})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_header")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=blue", "unknown_field"),
        ("limit=0", "invalid_request"),
        ("limit=201", "invalid_request"),
        ("status=lost", "invalid_request"),
        ("kind=song", "invalid_request"),
        ("after=yesterday", "invalid_cursor"),
        ("before=job_1", "invalid_cursor"),
        ("created_after=yesterday", "invalid_request"),
        ("label=nocolon", "invalid_request"),
        ("q=%00", "invalid_request"),
    ],
)
def test_a_list_that_cannot_be_asked_for(shared: Site, query: str, code: str) -> None:
    answer = shared.http.get(f"/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
