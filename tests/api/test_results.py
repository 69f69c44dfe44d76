"""Results: the very bytes, whole or in ranges, behind links that run out; or where the object store has them."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import delete

from pipelines.errors import PermanentError
from pipelines.problems import step_problem
from storage.links import link_signer
from storage.settings import StorageSettings
from storage.tables import artifacts
from tests.api.site import Site, serving

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def done(shared: Site) -> tuple[str, dict[str, str]]:
    """The id of a finished job, and its artifact."""
    job_id = shared.submit()["id"]
    shared.complete(job_id, CONTENT)
    return job_id, shared.http.get(f"/v1/jobs/{job_id}").json()["result"]["artifacts"][0]


def _local(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def test_the_result_is_the_bytes(shared: Site, done: tuple[str, dict[str, str]]) -> None:
    job_id, artifact = done
    answer = shared.http.get(f"/v1/jobs/{job_id}/result")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"] == f'inline; filename="{job_id}.wav"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"' == f'"{artifact["sha256"]}"'
    head = shared.http.head(f"/v1/jobs/{job_id}/result")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))
    same = shared.http.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=255990-", (255_990, 256_000)),
        ("bytes=-5", (255_995, 256_000)),
        ("bytes=-999999999", (0, 256_000)),
        ("bytes=255999-400000", (255_999, 256_000)),
    ],
)
def test_a_range(shared: Site, done: tuple[str, dict[str, str]], header: str, expected: tuple[int, int]) -> None:
    start, end = expected
    answer = shared.http.get(f"/v1/jobs/{done[0]}/result", headers={"Range": header})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/256000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("header", ["bytes=256000-", "bytes=999999-1000000", "bytes=-0"])
def test_a_range_behind_the_end(shared: Site, done: tuple[str, dict[str, str]], header: str) -> None:
    answer = shared.http.get(f"/v1/jobs/{done[0]}/result", headers={"Range": header})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */256000"


@pytest.mark.parametrize("header", ["bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=-", "bytes=a-b"])
def test_what_is_no_range_gets_everything(shared: Site, done: tuple[str, dict[str, str]], header: str) -> None:
    answer = shared.http.get(f"/v1/jobs/{done[0]}/result", headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_resumed_download_is_of_the_same_bytes(shared: Site, done: tuple[str, dict[str, str]]) -> None:
    job_id, artifact = done
    for tag, status in ((f'"{artifact["sha256"]}"', 206), ('"another"', 200), ("Mon, 23 Nov 2026 01:04:51 GMT", 200)):
        headers = {"Range": "bytes=5-9", "If-Range": tag}
        assert shared.http.get(f"/v1/jobs/{job_id}/result", headers=headers).status_code == status


def test_a_link_opens_the_bytes_for_a_while(shared: Site, done: tuple[str, dict[str, str]]) -> None:
    _, artifact = done
    assert artifact["url"].startswith(shared.settings.public_url)
    answer = shared.http.get(_local(artifact["url"]))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert shared.http.head(_local(artifact["url"])).headers["content-length"] == str(len(CONTENT))
    assert shared.http.get(_local(artifact["url"]), headers={"Range": "bytes=1-2"}).content == CONTENT[1:3]
    path = f"/v1/artifacts/{artifact['id']}/content"
    query = parse_qs(urlsplit(artifact["url"]).query)
    forged = f"{path}?expires={int(query['expires'][0]) + 1}&signature={query['signature'][0]}"
    assert _refusal(shared, forged) == (403, "link_invalid")
    assert _refusal(shared, f"{path}?expires=99999999999&signature=x") == (403, "link_invalid")
    assert _refusal(shared, path) == (422, "invalid_request")
    late = link_signer(shared.settings.data_dir).link(path, int(time.time()) - 1)
    assert _refusal(shared, late) == (410, "link_expired")


def _refusal(site: Site, path: str) -> tuple[int, str]:
    answer = site.http.get(path)
    return answer.status_code, answer.json()["code"]


def test_an_artifact_gives_a_fresh_link(shared: Site, done: tuple[str, dict[str, str]]) -> None:
    _, artifact = done
    answer = shared.http.get(f"/v1/artifacts/{artifact['id']}")
    assert {**answer.json(), "url": ""} == {**artifact, "url": ""}
    assert shared.http.get(_local(answer.json()["url"])).content == CONTENT
    assert _refusal(shared, "/v1/artifacts/art_nobody") == (404, "artifact_not_found")


def test_a_job_without_a_result(shared: Site) -> None:
    waiting, failed, cancelled = (shared.submit()["id"] for _ in range(3))
    shared.store.fail_step(shared.claim(failed), "permanent", error=step_problem(PermanentError("No.", code="no")))
    shared.store.cancel(cancelled)
    assert _refusal(shared, f"/v1/jobs/{waiting}/result") == (409, "not_finished")
    for job_id, status in ((failed, "failed"), (cancelled, "cancelled")):
        answer = shared.http.get(f"/v1/jobs/{job_id}/result")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_result")
        assert status in answer.json()["detail"]


def test_a_result_that_is_gone(shared: Site) -> None:
    swept, lost = (shared.submit()["id"] for _ in range(2))
    shared.complete(swept)
    with shared.database.write() as connection:
        connection.execute(delete(artifacts).where(artifacts.c.job_id == swept))
    assert _refusal(shared, f"/v1/jobs/{swept}/result") == (410, "result_expired")
    shared.complete(lost)
    shared.artifacts.delete(f"jobs/{lost}/0/audio")
    assert _refusal(shared, f"/v1/jobs/{lost}/result") == (410, "artifact_gone")
    assert shared.http.head(f"/v1/jobs/{lost}/result").status_code == 410


@pytest.mark.services
def test_an_object_store_serves_its_own(s3_settings: StorageSettings, tmp_path: Path) -> None:
    keep = s3_settings.model_dump(exclude={"data_dir", "config", "database_url"})
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, **keep) as site:
        site.beat()
        job_id = site.submit()["id"]
        content = site.complete(job_id)
        answer = site.http.get(f"/v1/jobs/{job_id}/result")
        assert answer.status_code == 303
        link = site.http.get(f"/v1/jobs/{job_id}").json()["result"]["artifacts"][0]["url"]
        for address in (answer.headers["location"], link):
            assert httpx.get(address, trust_env=False).content == content
        files: dict[str, Any] = {"job": (None, '{"kind": "vad"}'), "audio": ("a.wav", CONTENT, "audio/wav")}
        made = site.http.post("/v1/jobs", files=files).json()
        digest = made["request"]["input"]["audio"]["sha256"]
        assert site.artifacts.read(f"jobs/{made['id']}/input/audio", digest) == CONTENT
