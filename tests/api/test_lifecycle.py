"""Deadlines, expiry, retries and deletes by HTTP; events from the future."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from pipelines.times import rfc3339
from storage.database import db_now
from storage.deadlines import expire_overdue
from storage.garbage import collect
from storage.retention import remove_expired
from storage.tables import jobs
from tests.api.site import Site
from tests.storage.house import error_of


def change(site: Site, job_id: str, **values: Any) -> None:
    """Writes the row directly, where a test would have to wait for time to pass."""
    with site.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def fail(site: Site, job_id: str, code: str = "because") -> None:
    """Runs the job's first step to a failure."""
    site.store.fail_step(site.claim(job_id), "permanent", error=error_of("permanent", code))


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, which must be of this kind."""
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    return body


def test_a_deadline_is_kept_and_shown(site: Site) -> None:
    wanted = time.time() + 100
    job = site.submit(deadline=datetime.fromtimestamp(wanted, UTC).isoformat(), expires_in=120)
    assert job["deadline"] == rfc3339(wanted)
    assert (job["expires_at"], job["retry_of"]) == (None, None)
    change(site, job["id"], deadline_at=db_now() - 1)
    expire_overdue(site.database)
    expired = site.http.get(f"/v1/jobs/{job['id']}").json()
    assert (expired["status"], expired["error"]["code"]) == ("expired", "deadline_exceeded")
    kept = datetime.fromisoformat(expired["expires_at"]) - datetime.fromisoformat(expired["finished_at"])
    assert kept.total_seconds() == pytest.approx(120, abs=0.1)
    refused(site.http.get(f"/v1/jobs/{job['id']}/result"), 410, "result_expired")
    refused(site.http.post(f"/v1/jobs/{job['id']}/cancel"), 409, "already_finished")


def test_without_a_wish_results_are_kept_for_the_setting(site: Site) -> None:
    job_id = site.submit()["id"]
    site.complete(job_id)
    job = site.http.get(f"/v1/jobs/{job_id}").json()
    kept = datetime.fromisoformat(job["expires_at"]) - datetime.fromisoformat(job["finished_at"])
    assert kept.total_seconds() == pytest.approx(site.settings.result_seconds, abs=0.1)


def test_removed_results_are_gone_and_said_to_be(site: Site) -> None:
    job_id = site.submit()["id"]
    site.complete(job_id)
    before = site.http.get(f"/v1/jobs/{job_id}")
    link = before.json()["result"]["artifacts"][0]["url"]
    assert site.http.get(link.replace(before.json()["links"]["self"].split("/v1")[0], site.url)).status_code == 200
    change(site, job_id, expires_at=db_now() - 1)
    assert remove_expired(site.database) == 1
    assert collect(site.database, site.artifacts) == 1
    after = site.http.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["status"]) == (200, "succeeded")
    assert after.json()["result"] == {"artifacts": []}
    assert after.json()["request"]["input"] == {"text": None}
    refused(site.http.get(f"/v1/jobs/{job_id}/result"), 410, "result_expired")
    refused(site.http.get(link.replace(after.json()["links"]["self"].split("/v1")[0], site.url)), 410, "result_expired")
    refused(site.http.post(f"/v1/jobs/{job_id}/retry"), 410, "result_expired")
    with site.stream(f"/v1/jobs/{job_id}/events") as events:
        assert [event.type for event in events][-2:] == ["job.succeeded", "results.removed"]
    assert site.http.get("/v1/jobs?status=succeeded").json()["data"][0]["result"] == {"artifacts": []}


def test_a_failed_job_runs_again(site: Site) -> None:
    old = site.submit(labels={"submitter": "ann"}, priority="high", options={"stages": 2})
    fail(site, old["id"])
    answer = site.http.post(f"/v1/jobs/{old['id']}/retry", headers={"Idempotency-Key": "again"})
    assert answer.status_code == 202, answer.text
    new = answer.json()
    assert answer.headers["location"].endswith(f"/v1/jobs/{new['id']}")
    assert (new["retry_of"], new["status"], new["priority"], new["labels"]) == (
        old["id"],
        "queued",
        "high",
        {"submitter": "ann"},
    )
    assert new["request"] == old["request"]
    again = site.http.post(f"/v1/jobs/{old['id']}/retry", headers={"Idempotency-Key": "again"})
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (new["id"], "true")
    other = site.http.post(f"/v1/jobs/{old['id']}/retry?from=0", headers={"Idempotency-Key": "again"})
    refused(other, 422, "idempotency_mismatch")
    site.claim(new["id"])


def test_a_repeated_retry_is_answered_whatever_has_changed(site: Site) -> None:
    removed, deleted, unserved = (site.submit(labels={"submitter": "ann"})["id"] for _ in range(3))
    made = {}
    for old in (removed, deleted, unserved):
        fail(site, old)
        answer = site.http.post(f"/v1/jobs/{old}/retry", headers={"Idempotency-Key": f"again {old}"})
        assert answer.status_code == 202, answer.text
        made[old] = answer.json()["id"]
    change(site, removed, expires_at=db_now() - 1)
    assert remove_expired(site.database) == 1
    assert site.http.delete(f"/v1/jobs/{deleted}").status_code == 204
    with site.database.write() as connection:
        connection.exec_driver_sql("UPDATE steps SET queue = 'gpu-nvidia'")
    for old, new in made.items():
        again = site.http.post(f"/v1/jobs/{old}/retry", headers={"Idempotency-Key": f"again {old}"})
        assert (again.status_code, again.json().get("id")) == (202, new), again.text
        assert again.headers["idempotency-replayed"] == "true"
    # Without the key, each is refused for what has changed.
    for old, status, code in ((removed, 410, "result_expired"), (deleted, 404, "job_not_found")):
        refused(site.http.post(f"/v1/jobs/{old}/retry"), status, code)
    refused(site.http.post(f"/v1/jobs/{unserved}/retry"), 503, "no_worker")


def test_a_retry_may_ask_for_something_else(site: Site) -> None:
    old = site.submit()["id"]
    fail(site, old)
    path = f"/v1/jobs/{old}/retry"
    deadline = rfc3339(time.time() + 1000)
    new = site.http.post(path, json={"priority": "low", "deadline": deadline, "expires_in": 60}).json()
    assert (new["priority"], new["deadline"]) == ("low", deadline)
    refused(site.http.post(path, json={"deadline": "2020-01-01T00:00:00Z"}), 422, "deadline_passed")
    refused(site.http.post(path, json={"colour": "blue"}), 422, "unknown_field")
    refused(site.http.post(path, json=[1]), 422, "invalid_body")
    refused(site.http.post(path, content=b"{"), 422, "invalid_json")
    problem = refused(site.http.post(path, params={"from": "nothing"}), 422, "unknown_step")
    assert problem["errors"][0]["field"] == "from"
    assert "0 (synthesize)" in problem["detail"]
    assert len(site.http.get("/v1/jobs").json()["data"]) == 2, "what was refused left no job behind"


def test_a_retry_of_a_running_job_is_refused_and_changes_nothing(site: Site) -> None:
    waiting, running = site.submit()["id"], site.submit()["id"]
    claim = site.claim(running)
    for job_id in (waiting, running):
        before = site.http.get(f"/v1/jobs/{job_id}").json()
        problem = refused(site.http.post(f"/v1/jobs/{job_id}/retry"), 409, "not_finished")
        assert before["status"] in problem["detail"]
        refused(site.http.delete(f"/v1/jobs/{job_id}"), 409, "not_finished")
        assert site.http.get(f"/v1/jobs/{job_id}").json() == before
    assert site.store.stop_step(claim) == "late"
    assert len(site.http.get("/v1/jobs").json()["data"]) == 2
    missing = "job_00000000-0000-7000-8000-000000000000"
    refused(site.http.post(f"/v1/jobs/{missing}/retry"), 404, "job_not_found")
    refused(site.http.delete(f"/v1/jobs/{missing}"), 404, "job_not_found")


def test_a_succeeded_job_runs_again_only_from_a_named_step(site: Site) -> None:
    old = site.submit()["id"]
    site.complete(old)
    problem = refused(site.http.post(f"/v1/jobs/{old}/retry"), 409, "already_finished")
    assert "?from=" in problem["detail"]
    new = site.http.post(f"/v1/jobs/{old}/retry?from=synthesize")
    assert new.status_code == 202
    assert [step["status"] for step in new.json()["steps"]] == ["pending"]


def test_a_retry_needs_a_worker_as_a_submit_does(site: Site) -> None:
    old = site.submit()["id"]
    fail(site, old)
    change(site, old, step_index=0)
    with site.database.write() as connection:
        connection.exec_driver_sql("UPDATE steps SET queue = 'gpu-nvidia'")
    refused(site.http.post(f"/v1/jobs/{old}/retry"), 503, "no_worker")
    assert site.http.post(f"/v1/jobs/{old}/retry", json={"wait_for_worker": True}).status_code == 202


def test_a_deleted_job_is_gone_with_its_bytes(site: Site) -> None:
    job_id, kept = site.submit()["id"], site.submit()["id"]
    content = site.complete(job_id)
    site.complete(kept)
    answer = site.http.delete(f"/v1/jobs/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    refused(site.http.get(f"/v1/jobs/{job_id}"), 404, "job_not_found")
    refused(site.http.delete(f"/v1/jobs/{job_id}"), 404, "job_not_found")
    assert [job["id"] for job in site.http.get("/v1/jobs").json()["data"]] == [kept]
    collect(site.database, site.artifacts)
    assert [item.key for item in site.artifacts.list()] == [f"jobs/{kept}/0/audio"]
    assert site.http.get(f"/v1/jobs/{kept}/result").content == content


def test_dead_letters_are_a_filter_and_say_what_happened(site: Site) -> None:
    dead, other, fine = (site.submit(labels={"a": "b"})["id"] for _ in range(3))
    for name in ("cpu-1", "cpu-2", "cpu-3"):
        claim = site.claim(dead)
        change(site, dead, slot=name)
        site.store.lose_claim(claim.held, "lost", "The slot is gone.")
    fail(site, other)
    found = site.http.get("/v1/jobs?code=worker_lost").json()["data"]
    assert [job["id"] for job in found] == [dead]
    assert "tries" not in found[0]["steps"][0]
    assert site.http.get("/v1/jobs?code=worker_lost&code=because").json()["data"][0]["id"] == other
    both = site.http.get("/v1/jobs?code=worker_lost&label=a:b&status=failed&kind=speech").json()["data"]
    assert [job["id"] for job in both] == [dead]
    assert site.http.get("/v1/jobs?code=worker_lost&status=succeeded").json()["data"] == []
    job = site.http.get(f"/v1/jobs/{dead}").json()
    assert job["error"]["workers"] == ["cpu-1", "cpu-2", "cpu-3"]
    [step] = job["steps"]
    assert [(one["number"], one["worker"], one["outcome"], one["cause"], one["code"]) for one in step["tries"]] == [
        (number, f"cpu-{number}", "lost", "lost", "worker_lost") for number in (1, 2, 3)
    ]
    assert all(one["started_at"] <= one["finished_at"] for one in step["tries"])
    assert site.http.get(f"/v1/jobs/{fine}").json()["steps"][0]["tries"] == []


def test_an_event_from_the_future_is_refused_and_nothing_is_lost(site: Site) -> None:
    job_id = site.submit()["id"]
    site.number_events()
    newest = site.reader.last_position()
    stream = {"Accept": "text/event-stream"}
    for path, last in ((f"/v1/jobs/{job_id}/events", 1), ("/v1/events", newest)):
        for ahead in (last + 1, 10**9, 2**31 - 1):
            for answer in (
                site.http.get(path, params={"after": ahead}),
                site.http.get(path, params={"after": ahead}, headers=stream),
                site.http.get(path, headers={**stream, "Last-Event-ID": str(ahead)}),
                site.http.get(path, params={"last_event_id": str(ahead)}, headers=stream),
            ):
                problem = refused(answer, 422, "invalid_event_id")
                assert str(last) in problem["detail"]
        assert site.http.get(path, params={"after": last}).json()["data"] == []
    with site.stream(f"/v1/jobs/{job_id}/events", **{"Last-Event-ID": "1"}) as events:
        site.complete(job_id)
        assert [event.id for event in events] == ["2", "3", "4", "5"]


def test_a_position_stays_good_when_the_newest_job_is_deleted(site: Site) -> None:
    job_id = site.submit()["id"]
    site.complete(job_id)
    site.number_events()
    newest = site.reader.last_position()
    site.http.delete(f"/v1/jobs/{job_id}")
    with site.stream("/v1/events", **{"Last-Event-ID": str(newest)}) as events:
        later = site.submit()
        site.number_events()
        told = next(events)
    assert (told.id, later["id"] in told.data) == (str(newest + 1), True)


def test_the_description_knows_the_new_routes(site: Site) -> None:
    paths = site.http.get("/openapi.json").json()["paths"]
    assert {"post"} == paths["/v1/jobs/{job_id}/retry"].keys()
    assert {"get", "delete"} == paths["/v1/jobs/{job_id}"].keys()
