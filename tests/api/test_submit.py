"""Submitting: every form of it, once and only once, with or without waiting."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.api.site import SPEECH, Site, serving, wav

VAD = {"kind": "vad"}

#: What httpx takes as the parts of a form.
Files = dict[str, Any]
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_job_is_accepted_and_shown(site: Site) -> None:
    answer = site.http.post("/v1/jobs", json={**SPEECH, "labels": {"project": "demo"}, "priority": "high"})
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"].endswith(f"/v1/jobs/{job['id']}")
    assert answer.headers["retry-after"] == "1"
    assert (job["status"], job["priority"], job["labels"]) == ("queued", "high", {"project": "demo"})
    assert job["request"] == {"kind": "speech", "input": {"text": "hello"}, "options": {}}
    assert [step["queue"] for step in job["steps"]] == ["cpu"]
    assert job["queue_position"] == 1
    assert site.http.get(f"/v1/jobs/{job['id']}").json() == job


def test_audio_comes_in_three_ways_and_is_the_same_bytes(site: Site) -> None:
    sound = wav()
    digest = hashlib.sha256(sound).hexdigest()
    inline = site.http.post("/v1/jobs", json={**VAD, "input": {"audio": {"data": base64.b64encode(sound).decode()}}})
    job_first: Files = {"job": (None, json.dumps(VAD)), "audio": ("../../my name.wav", sound, "audio/wav")}
    form = site.http.post("/v1/jobs", files=job_first)
    file_first: Files = {"audio": ("a", sound, "text/html"), "job": (None, json.dumps(VAD), "application/json")}
    other = site.http.post("/v1/jobs", files=file_first)
    for answer in (inline, form, other):
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert job["request"]["input"] == {"audio": {"bytes": len(sound), "sha256": digest}}
        assert site.artifacts.read(f"jobs/{job['id']}/input/audio", digest) == sound
    types = [site.claim(answer.json()["id"]).work.inputs[0].media_type for answer in (inline, form, other)]
    assert types == ["application/octet-stream", "audio/wav", "application/octet-stream"]


def test_an_earlier_result_is_an_input(site: Site) -> None:
    made = site.submit()
    sound = site.complete(made["id"])
    artifact = site.http.get(f"/v1/jobs/{made['id']}").json()["result"]["artifacts"][0]
    answer = site.http.post("/v1/jobs", json={**VAD, "input": {"audio": {"artifact": artifact["id"]}}})
    assert answer.status_code == 202
    assert answer.json()["request"]["input"] == {"audio": {"artifact": artifact["id"]}}
    [ref] = site.claim(answer.json()["id"]).work.inputs
    assert (ref.sha256, ref.bytes, ref.seconds) == (artifact["sha256"], len(sound), 0.1)
    assert ref.id != artifact["id"]
    assert site.artifacts.read(ref.key, ref.sha256) == sound


def test_a_job_says_which_recording_it_took_so_that_it_can_be_taken_again(site: Site) -> None:
    sound = wav()
    files: Files = {"job": (None, json.dumps(VAD)), "audio": ("a.wav", sound, "audio/wav")}
    first = site.http.post("/v1/jobs", files=files).json()
    [taken] = site.http.get(f"/v1/jobs/{first['id']}").json()["inputs"]
    assert (taken["role"], taken["media_type"], taken["bytes"]) == ("audio", "audio/wav", len(sound))
    assert site.http.get(taken["url"].removeprefix(site.settings.public_url)).content == sound
    again = site.http.post("/v1/jobs", json={**VAD, "input": {"audio": {"artifact": taken["id"]}}}).json()
    assert [one["sha256"] for one in again["inputs"]] == [taken["sha256"]]
    assert "inputs" not in site.http.get("/v1/jobs").json()["data"][0]


def test_a_key_makes_one_job(site: Site) -> None:
    headers = {"Idempotency-Key": '"order 7"'}
    first = site.http.post("/v1/jobs", json=SPEECH, headers=headers)
    # Bare and quoted are the same key, and the order of fields is not part of a request.
    again = site.http.post("/v1/jobs", json=dict(reversed(SPEECH.items())), headers={"Idempotency-Key": "order 7"})
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = site.http.post("/v1/jobs", json={**SPEECH, "input": {"text": "else"}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert len(site.http.get("/v1/jobs").json()["data"]) == 1


def test_a_key_makes_one_job_though_all_come_at_once(site: Site) -> None:
    files: Files = {"job": (None, json.dumps(VAD)), "audio": ("a.wav", wav(), "audio/wav")}

    def send(_number: int) -> tuple[str, str | None]:
        answer = site.http.post("/v1/jobs", files=files, headers={"Idempotency-Key": "once"})
        return answer.json()["id"], answer.headers.get("idempotency-replayed")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert len({job_id for job_id, _ in answers}) == 1
    assert sorted(replayed or "" for _, replayed in answers) == [""] + ["true"] * 7
    # What the replays had stored is gone again.
    assert [item.key for item in site.artifacts.list("jobs/")] == [f"jobs/{answers[0][0]}/input/audio"]


def test_a_repeated_request_is_answered_whatever_has_changed(site: Site) -> None:
    source = site.submit()["id"]
    site.complete(source)
    artifact = site.http.get(f"/v1/jobs/{source}").json()["result"]["artifacts"][0]["id"]
    audio = {**VAD, "input": {"audio": {"artifact": artifact}}}
    file = {"job": (None, json.dumps(VAD).encode()), "audio": ("a.wav", wav())}
    asked: dict[str, dict[str, Any]] = {"text": {"json": SPEECH}, "artifact": {"json": audio}, "file": {"files": file}}
    made = {}
    for key, body in asked.items():
        answer = site.http.post("/v1/jobs", **body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        made[key] = answer.json()["id"]
    assert site.http.delete(f"/v1/jobs/{source}").status_code == 204
    with site.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM slots")
    end = time.monotonic() + 10
    while site.http.post("/v1/jobs", json=SPEECH).status_code != 503:
        assert time.monotonic() < end, "what is known of workers lasts for a second"
    jobs = site.http.get("/v1/jobs").json()["data"]
    for key, body in asked.items():
        again = site.http.post("/v1/jobs", **body, headers={"Idempotency-Key": key})
        assert (again.status_code, again.json().get("id")) == (202, made[key]), again.text
        assert again.headers["idempotency-replayed"] == "true"
    other = site.http.post("/v1/jobs", json={**SPEECH, "input": {"text": "else"}}, headers={"Idempotency-Key": "text"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert site.http.get("/v1/jobs").json()["data"] == jobs


def test_the_key_covers_the_audio(site: Site) -> None:
    headers = {"Idempotency-Key": "k"}
    for sound, status in ((wav(), 202), (wav(), 202), (wav(0.2), 422)):
        files: Files = {"job": (None, json.dumps(VAD)), "audio": ("a.wav", sound, "audio/wav")}
        assert site.http.post("/v1/jobs", files=files, headers=headers).status_code == status


def test_waiting_for_the_end(site: Site) -> None:
    with ThreadPoolExecutor(1) as pool, site.stream("/v1/events") as events:
        waiting = pool.submit(site.http.post, "/v1/jobs", json=SPEECH, headers={"Prefer": "wait=900"})
        # The event, once numbered, tells that the job is there.
        job_id = _first_job(site)
        site.number_events()
        assert json.loads(next(events).data)["job_id"] == job_id
        site.complete(job_id)
        answer = waiting.result(20)
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=60"
    assert answer.json()["status"] == "succeeded"


def _first_job(site: Site) -> str:
    """The id of the only job, as soon as it is committed."""
    from storage.changes import Changes

    changes = Changes(site.database.url)
    try:
        while not (data := site.http.get("/v1/jobs").json()["data"]):
            changes.wait(1.0)
    finally:
        changes.close()
    return str(data[0]["id"])


def test_what_is_not_done_in_time_is_accepted(site: Site) -> None:
    for prefer in ("wait=0", "respond-async", "handling=lenient"):
        answer = site.http.post("/v1/jobs", json=SPEECH, headers={"Prefer": prefer})
        assert answer.status_code == 202
        assert "preference-applied" not in answer.headers


def test_a_webhook_is_kept_and_its_secret_never_shown(site: Site) -> None:
    webhook = {"url": "https://hooks.example.com/x", "events": ["job.succeeded", "job.queued"], "secret": SECRET}
    answer = site.http.post("/v1/jobs", json={**SPEECH, "webhook": webhook})
    assert answer.status_code == 202
    assert SECRET not in answer.text
    assert SECRET not in site.http.get(f"/v1/jobs/{answer.json()['id']}").text
    [delivery] = site.reader.deliveries(answer.json()["id"])
    assert (delivery.type, delivery.url, delivery.secret) == ("job.queued", webhook["url"], SECRET)


def test_a_listed_private_webhook_is_taken(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, egress_allow="127.0.0.1:9000") as site:
        site.beat()
        for url, status in (("http://127.0.0.1:9000/x", 202), ("http://127.0.0.1:9001/x", 422)):
            assert site.http.post("/v1/jobs", json={**SPEECH, "webhook": {"url": url}}).status_code == status


def test_nobody_to_do_it(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as site:
        site.beat("io")
        answer = site.http.post("/v1/jobs", json=SPEECH)
        assert (answer.status_code, answer.json()["code"]) == (503, "no_worker")
        assert "queue cpu" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert site.http.post("/v1/jobs", json={**SPEECH, "wait_for_worker": True}).status_code == 202
        # A worker that has just come is seen at once.
        site.beat("cpu")
        assert site.http.post("/v1/jobs", json=SPEECH).status_code == 202


def test_a_full_queue(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, max_waiting_jobs=1) as site:
        site.beat()
        first = site.http.post("/v1/jobs", json=SPEECH)
        assert first.status_code == 202
        refused = site.http.post("/v1/jobs", json=SPEECH)
        assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
