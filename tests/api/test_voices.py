"""Saved voices over HTTP: made in both forms, listed, changed, listened to, deleted with their bytes."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import select

from storage.submitting import NewArtifact
from storage.tables import metadata
from tests.api.site import Site, serving, wav

NOBODY = "voice_01940000-0000-7000-8000-000000000000"
VECTOR = [0.25, -0.5]


def post(site: Site, content: bytes | None = None, headers: dict[str, str] | None = None, **voice: Any) -> Any:
    """What the form is answered with."""
    files: dict[str, Any] = {
        "voice": (None, json.dumps({"name": "Ada", **voice})),
        "audio": ("a.wav", content or wav(3), "audio/wav"),
    }
    return site.http.post("/v1/voices", files=files, headers=headers)


def made(site: Site, **voice: Any) -> dict[str, Any]:
    answer = post(site, **voice)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def get(site: Site, path: str, status: int = 200) -> dict[str, Any]:
    answer = site.http.get(path)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def put(site: Site, key: str, role: str, content: bytes = b"xyz") -> NewArtifact:
    stored = site.artifacts.put_bytes(key, content, media_type="audio/wav")
    return NewArtifact(role, key, "audio/wav", stored.bytes, stored.sha256)


def check(site: Site, voice: dict[str, Any], preview: bytes = b"0123456789") -> None:
    """What the workers do to a good recording."""
    job = voice["job"]
    site.store.complete_step(site.claim(job), [put(site, f"jobs/{job}/decoded", "audio")])
    measured = {"segments": [{"start": 0.5, "end": 2.5}], "seconds": 3, "speech_seconds": 2, "clipped_share": 0}
    site.store.complete_step(site.claim(job, 1), [put(site, f"jobs/{job}/segments", "segments")], measured)
    outputs = [put(site, f"jobs/{job}/embedding", "embedding"), put(site, f"jobs/{job}/preview", "preview", preview)]
    embedding = {"family": "campplus", "dimensions": 2, "vector": VECTOR}
    document = {"embedding": embedding, "check": {"speakers": 1, "warnings": []}}
    assert site.store.complete_step(site.claim(job, 2), outputs, document) == "succeeded"


def test_a_voice_is_made_by_a_form_checked_by_a_job_and_then_ready(site: Site) -> None:
    voice = made(site, language="EN", labels={"team": "a"}, description="d")
    assert (voice["status"], voice["language"], voice["object"]) == ("checking", "en", "voice")
    job = get(site, f"/v1/jobs/{voice['job']}")
    assert (job["kind"], job["model"]) == ("embedding", "campplus")
    assert [step["name"] for step in job["steps"]] == ["decode", "segment", "enroll"]
    check(site, voice)
    ready = get(site, f"/v1/voices/{voice['id']}")
    assert (ready["status"], ready["speakers"], ready["speech_seconds"]) == ("ready", 1, 2)
    assert [known["space"] for known in ready["embeddings"]] == ["campplus"]
    assert ready["links"]["preview"].endswith(f"/v1/voices/{voice['id']}/preview")


def test_json_brings_the_recording_as_base64_or_names_an_earlier_artifact(site: Site) -> None:
    body = {"name": "Ada", "audio": {"data": base64.b64encode(wav(3)).decode()}}
    answer = site.http.post("/v1/voices", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    assert answer.json()["bytes"] == len(wav(3))
    spoken = site.submit()["id"]
    site.complete(spoken, wav(4))
    artifact = get(site, f"/v1/jobs/{spoken}")["result"]["artifacts"][0]["id"]
    copied = site.http.post("/v1/voices", json={"name": "Bob", "audio": {"artifact": artifact}}).json()
    assert site.http.get(f"/v1/voices/{copied['id']}/preview").content == wav(4)


def test_the_same_key_gives_the_same_voice_and_leaves_no_second_recording(site: Site) -> None:
    key = {"Idempotency-Key": "one"}
    first, second = (post(site, headers=key) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["idempotency-replayed"] == "true"
    assert len(list(site.artifacts.list("voices/"))) == 1
    other = post(site, headers=key, name="Bob")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("voice", "field", "code"),
    [
        ({"name": " "}, "name", "invalid_request"),
        ({"name": "x" * 201}, "name", "too_long"),
        ({"language": "gibberish!"}, "language", "unsupported_language"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"labels": {"?": "x"}}, "labels.?", "invalid_request"),
        ({"audio": {"data": ""}}, "audio", "invalid_request"),
    ],
)
def test_a_request_that_is_wrong_names_the_field_and_leaves_no_recording(
    shared: Site, voice: dict[str, Any], field: str, code: str
) -> None:
    before = len(list(shared.artifacts.list("voices/")))
    answer = post(shared, **voice)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert len(list(shared.artifacts.list("voices/"))) == before


@pytest.mark.parametrize(
    ("audio", "field", "code"),
    [
        (None, "audio", "missing_field"),
        ({"data": "%"}, "audio.data", "invalid_base64"),
        ({"data": ""}, "audio.data", "audio_empty"),
        ({"artifact": "art_none"}, "audio.artifact", "unknown_artifact"),
        ({"data": "QQ==", "artifact": "art_none"}, "audio", "missing_field"),
    ],
)
def test_json_without_a_recording_is_refused(shared: Site, audio: Any, field: str, code: str) -> None:
    answer = shared.http.post("/v1/voices", json={"name": "Ada", "audio": audio})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_an_empty_file_is_refused(shared: Site) -> None:
    files: dict[str, Any] = {"voice": (None, '{"name": "Ada"}'), "audio": ("a.wav", b"", "audio/wav")}
    answer = shared.http.post("/v1/voices", files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_empty")


def test_lists_are_paged_and_filtered(site: Site) -> None:
    ids = [made(site, name=name, labels={"n": name}, language=tag)["id"] for name, tag in (("Ada", "en"), ("Bo", "fr"))]
    page = get(site, "/v1/voices?limit=1")
    assert ([voice["id"] for voice in page["data"]], page["next"]) == ([ids[1]], ids[1])
    rest = get(site, f"/v1/voices?limit=1&after={page['next']}")
    assert ([voice["id"] for voice in rest["data"]], rest["next"]) == ([ids[0]], None)
    for query, found in {"q=aD": 0, "language=french": 1, "label=n:Ada": 0}.items():
        assert [voice["id"] for voice in get(site, f"/v1/voices?{query}")["data"]] == [ids[found]], query
    assert get(site, "/v1/voices?status=ready")["data"] == []
    assert get(site, "/v1/voices?after=x", 422)["code"] == "invalid_cursor"
    assert get(site, "/v1/voices?colour=red", 422)["code"] == "unknown_field"


def test_what_people_call_a_voice_can_be_changed_and_the_recording_cannot(site: Site) -> None:
    path = f"/v1/voices/{made(site, language='en', labels={'a': 'b'})['id']}"
    changed = site.http.patch(path, json={"name": "Zoe", "language": None, "labels": {}}).json()
    assert (changed["name"], changed["language"], changed["labels"]) == ("Zoe", None, {})
    for body, code in (
        ({"audio": {"data": "QQ=="}}, "unknown_field"),
        ({"name": None}, "invalid_request"),
        ({"name": "\0"}, "invalid_text"),
        ({"language": "gibberish!"}, "unsupported_language"),
    ):
        answer = site.http.patch(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    assert get(site, path)["name"] == "Zoe"


def test_the_preview_is_the_recording_and_once_checked_a_short_piece_in_ranges(site: Site) -> None:
    voice = made(site)
    path = f"/v1/voices/{voice['id']}/preview"
    assert site.http.get(path).content == wav(3)
    check(site, voice)
    part = site.http.get(path, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"234", "audio/wav")
    assert site.http.head(path).headers["content-length"] == "10"


def test_a_deleted_voice_leaves_no_bytes_and_no_row(site: Site) -> None:
    voice = made(site, name="Xanthippe")
    check(site, voice)
    path = f"/v1/voices/{voice['id']}"
    assert len(list(site.artifacts.list())) == 5
    assert site.http.delete(path).status_code == 204
    assert list(site.artifacts.list()) == []
    with site.database.read() as connection:
        rows = [[tuple(row) for row in connection.execute(select(table))] for table in metadata.tables.values()]
    text = json.dumps(rows, default=str)
    assert [trace for trace in (voice["id"], str(VECTOR), "Xanthippe") if trace in text] == []
    for answer in (site.http.delete(path), site.http.get(path), site.http.get(f"{path}/preview")):
        assert (answer.status_code, answer.json()["code"]) == (404, "voice_not_found")
    job = get(site, f"/v1/jobs/{voice['job']}")
    assert (job["status"], job["result"]["artifacts"]) == ("succeeded", [])


def test_ids_that_no_voice_can_have_are_not_found(shared: Site) -> None:
    for name in (NOBODY, "x", "voice_x"):
        assert shared.http.get(f"/v1/voices/{name}").status_code == 404
        assert shared.http.patch(f"/v1/voices/{name}", json={"name": "x"}).status_code == 404
        assert shared.http.delete(f"/v1/voices/{name}").status_code == 404


def test_a_voice_is_let_in_as_a_job_is(tmp_path: Any) -> None:
    with serving(f"sqlite:///{tmp_path / 'v.db'}", tmp_path, submitter_max_jobs=1, max_voices=2) as site:
        nobody = post(site)
        assert (nobody.status_code, nobody.json()["code"]) == (503, "no_worker")
        site.beat()
        voice = made(site)
        full = post(site)
        assert (full.status_code, full.json()["code"]) == (429, "submitter_full")
        assert int(full.headers["retry-after"]) > 0
        assert len(list(site.artifacts.list("voices/"))) == 1
        site.http.post(f"/v1/jobs/{voice['job']}/cancel")
        refused = get(site, f"/v1/voices/{voice['id']}")
        assert (refused["status"], refused["reasons"][0]["code"]) == ("refused", "cancelled")
        site.http.post(f"/v1/jobs/{made(site)['job']}/cancel")
        most = post(site)
        assert (most.status_code, most.json()["code"]) == (409, "too_many_voices")
        assert get(site, "/version")["limits"]["voices"] == 2
