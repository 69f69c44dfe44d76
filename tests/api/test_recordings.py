"""Several recordings in one request: each in every way, counted by the key, and nothing left of one that is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from typing import Any

from sqlalchemy import update

from storage.tables_voices import voices
from tests.api.site import SPEECH, Site, wav

CONVERSION = {"kind": "voice_conversion", "model": "tone"}
CLONING = {**SPEECH, "model": "tone"}
FIRST, SECOND = wav(0.1), wav(0.2)
EMBEDDING = {"embedding": {"family": "tone", "dimensions": 16, "vector": [0.25] * 16}}


def data(sound: bytes) -> dict[str, Any]:
    return {"data": base64.b64encode(sound).decode()}


def sent(sound: bytes) -> dict[str, Any]:
    return {"bytes": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}


def form(job: dict[str, Any], **files: bytes) -> dict[str, Any]:
    return {"job": (None, json.dumps(job)), **{name: ("a.wav", sound, "audio/wav") for name, sound in files.items()}}


def stored(site: Site) -> set[str]:
    return {item.key for item in site.artifacts.list("jobs/")}


def test_two_recordings_come_in_every_way_and_are_the_same_bytes(site: Site) -> None:
    inline = {**CONVERSION, "input": {"audio": data(FIRST), "target": {"audio": data(SECOND)}}}
    first = site.http.post("/v1/jobs", json=inline)
    files = form(CONVERSION, audio=FIRST, target=SECOND)
    answers = [
        first,
        site.http.post("/v1/jobs", files=files),
        # In any order, the request last.
        site.http.post("/v1/jobs", files=dict(reversed(files.items()))),
    ]
    for answer in answers:
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert job["request"]["input"] == {"audio": sent(FIRST), "target": {"audio": sent(SECOND)}}
        assert [(taken["role"], taken["bytes"]) for taken in job["inputs"]] == [
            ("audio", len(FIRST)),
            ("target", len(SECOND)),
        ]
        assert [step["name"] for step in job["steps"]][:3] == ["decode", "decode-target", "segment"]
        assert [ref.role for ref in site.claim(job["id"]).work.inputs] == ["audio"]
    taken = {one["role"]: one["id"] for one in first.json()["inputs"]}
    # Swapped, as artifacts; and one of each.
    swapped = {"audio": {"artifact": taken["target"]}, "target": {"audio": {"artifact": taken["audio"]}}}
    job = site.http.post("/v1/jobs", json={**CONVERSION, "input": swapped}).json()
    assert job["request"]["input"] == swapped
    assert [one["sha256"] for one in job["inputs"]] == [sent(SECOND)["sha256"], sent(FIRST)["sha256"]]
    mixed = {"audio": {"artifact": taken["audio"]}, "target": {"segments": [{"start": 0, "end": 1.5}]}}
    job = site.http.post("/v1/jobs", files=form({**CONVERSION, "input": mixed}, target=SECOND)).json()
    assert job["request"]["input"] == {
        "audio": {"artifact": taken["audio"]},
        "target": {"audio": sent(SECOND), "segments": [{"start": 0.0, "end": 1.5}]},
    }
    assert "segment" not in [step["name"] for step in job["steps"]]


def test_speech_takes_a_reference_beside_its_text(site: Site) -> None:
    answer = site.http.post("/v1/jobs", files=form(CLONING, reference=FIRST))
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["request"]["input"] == {"text": "hello", "reference": {"audio": sent(FIRST)}}
    assert [taken["role"] for taken in job["inputs"]] == ["reference"]
    known = site.http.post("/v1/jobs", json={**CLONING, "input": {"text": "hello", "reference": EMBEDDING}}).json()
    assert known["request"]["input"]["reference"] == {"embedding": {"family": "tone", "dimensions": 16}}
    assert known["inputs"] == []
    assert [step["name"] for step in known["steps"]] == ["synthesize"]


def test_a_key_counts_every_recording(site: Site) -> None:
    headers = {"Idempotency-Key": "both"}

    def post(audio: bytes, target: bytes) -> tuple[int, str | None]:
        answer = site.http.post("/v1/jobs", files=form(CONVERSION, audio=audio, target=target), headers=headers)
        return answer.status_code, answer.headers.get("idempotency-replayed")

    assert post(FIRST, SECOND) == (202, None)
    kept = stored(site)
    assert len(kept) == 2
    assert post(FIRST, SECOND) == (202, "true")
    assert post(SECOND, FIRST) == (422, None)
    assert post(FIRST, FIRST) == (422, None)
    # Nothing is left of those that made no job.
    assert stored(site) == kept


def test_a_key_is_answered_with_its_job_though_its_voice_is_gone(site: Site) -> None:
    files: dict[str, Any] = {"voice": (None, '{"name": "Ada"}'), "audio": ("a.wav", wav(3), "audio/wav")}
    made = site.http.post("/v1/voices", files=files).json()
    with site.database.write() as connection:
        connection.execute(update(voices).values(status="ready"))
    said = {"kind": "speech", "model": "tone", "input": {"text": "hello"}, "options": {"voice": made["id"]}}
    converted = {**CONVERSION, "input": {"target": {"voice": made["id"]}}}
    inline = {**CONVERSION, "input": {"target": {"voice": made["id"]}, "audio": data(FIRST)}}

    def post(key: str, **body: Any) -> tuple[int, str, bool]:
        answer = site.http.post("/v1/jobs", headers={"Idempotency-Key": key}, **body)
        document = answer.json()
        return answer.status_code, document.get("id", document.get("code")), "idempotency-replayed" in answer.headers

    orders: dict[str, dict[str, Any]] = {
        "json": {"json": said},
        "form": {"files": form(converted, audio=FIRST)},
        "inline": {"json": inline},
    }
    first = {key: post(key, **body) for key, body in orders.items()}
    assert {answer[::2] for answer in first.values()} == {(202, False)}
    kept = stored(site)
    assert site.http.delete(f"/v1/voices/{made['id']}").status_code == 204
    for key, body in orders.items():
        assert post(key, **body) == (202, first[key][1], True)
        assert post(f"another {key}", **body) == (422, "unknown_voice", False)
    # Another request under a key that is known is refused for what it asks, too.
    assert post("json", **orders["inline"]) == (422, "unknown_voice", False)
    assert post("form", files=form(converted, audio=SECOND)) == (422, "unknown_voice", False)
    assert stored(site) <= kept


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "one file is missing": (form(CONVERSION, audio=FIRST), "missing_field", "target"),
    "the other file is missing": (form(CONVERSION, target=FIRST), "missing_field", "audio"),
    "the second is empty": (form(CONVERSION, audio=FIRST, target=b""), "audio_empty", "target"),
    "one too many": (
        form(CONVERSION, audio=FIRST, target=SECOND, reference=SECOND),
        "unknown_field",
        "input.reference.audio",
    ),
    "a target for speech": (form(CLONING, target=FIRST), "unknown_field", "input.target.audio"),
    "a reference that is known": (
        form({**CLONING, "input": {"text": "a", "reference": EMBEDDING}}, reference=FIRST),
        "invalid_request",
        "input.reference.audio",
    ),
    "base64 in a form": (
        form({**CONVERSION, "input": {"target": {"audio": data(FIRST)}}}, audio=FIRST),
        "invalid_request",
        "input.target.audio",
    ),
    "an artifact that is none": (
        form({**CONVERSION, "input": {"target": {"audio": {"artifact": "art_nobody"}}}}, audio=FIRST),
        "unknown_artifact",
        "input.target.audio.artifact",
    ),
    "the request last, and refused": (
        dict(reversed(form({**CONVERSION, "model": "none"}, audio=FIRST, target=SECOND).items())),
        "unknown_model",
        "model",
    ),
    "speech with no file": (form(CLONING), "missing_field", "reference"),
}


SECOND_IN_JSON: list[tuple[dict[str, Any], str, str]] = [
    ({"audio": {"data": "?!"}}, "invalid_base64", "input.target.audio.data"),
    ({"audio": {"data": ""}}, "audio_empty", "input.target.audio.data"),
    ({"audio": {"artifact": "art_nobody"}}, "unknown_artifact", "input.target.audio.artifact"),
    ({"voice": "voice_nobody"}, "unknown_voice", "input.target.voice"),
    ({**EMBEDDING, "audio": {"data": "AAAA"}}, "invalid_request", "input.target"),
]


def test_of_a_refused_request_nothing_is_left(site: Site) -> None:
    """One server for all of them: starting one takes longer than all these requests."""
    asked: list[tuple[dict[str, Any], str, str]] = [
        ({"files": files}, code, field) for files, code, field in REFUSED.values()
    ]
    for target, code, field in SECOND_IN_JSON:
        body = {**CONVERSION, "input": {"audio": data(FIRST), "target": target}}
        asked.append(({"json": body}, code, field))
    for how, code, field in asked:
        answer = site.http.post("/v1/jobs", **how)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert [problem["field"] for problem in answer.json()["errors"]] == [field]
        assert stored(site) == set(), (code, field)


def test_of_a_second_file_that_breaks_off_neither_is_left(site: Site) -> None:
    whole = site.http.build_request("POST", "/v1/jobs", files=form(CONVERSION, audio=FIRST, target=SECOND))
    body, kind = whole.read(), whole.headers["content-type"]
    host, port = site.http.base_url.host, site.http.base_url.port
    with socket.create_connection((host, port or 80), 10) as connection:
        head = (
            f"POST /v1/jobs HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
        )
        connection.sendall(head.encode() + b"\r\n" + body[:-500])
        connection.shutdown(socket.SHUT_WR)
        # The server closes once it has tidied up.
        while connection.recv(4096):
            pass
    assert stored(site) == set()
    assert site.http.get("/v1/jobs").json()["data"] == []
