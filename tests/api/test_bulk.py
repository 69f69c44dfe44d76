"""Orders for many jobs over HTTP: counted, made once, looked at, refused."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import PermanentError
from pipelines.problems import step_problem
from storage.backlog import Room
from storage.bulk_work import Rooms, work
from tests.api.site import Site

ROOMS = Rooms(Room(1000, 1e9), Room(1000, 1e9))


def carry_out(site: Site, order: dict[str, Any]) -> dict[str, Any]:
    """The order once it is finished, as the janitor of a dispatcher would leave it."""
    while work(site.database, order["id"], ROOMS, lambda: True):
        continue
    return dict(site.http.get(f"/v1/jobs/bulk/{order['id']}").json())


def ordered(site: Site, **body: Any) -> dict[str, Any]:
    answer = site.http.post("/v1/jobs/bulk", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{site.settings.public_url}/v1/jobs/bulk/{answer.json()['id']}"
    return dict(answer.json())


def failed(site: Site, **changes: Any) -> str:
    job_id = str(site.submit(**changes)["id"])
    site.store.fail_step(site.claim(job_id), "permanent", error=step_problem(PermanentError("No.", code="no")))
    return job_id


def test_many_jobs_are_counted_and_cancelled(site: Site) -> None:
    mine = [site.submit(labels={"project": "demo"})["id"] for _ in range(3)]
    other, bad = site.submit()["id"], failed(site, labels={"project": "demo"})
    asked = {"action": "cancel", "filter": {"label": ["project:demo"]}}
    answer = site.http.post("/v1/jobs/bulk", json={**asked, "dry_run": True})
    assert answer.status_code == 200
    assert answer.json() == {"action": "cancel", "matching": 4, "exact": True, "applicable": 3}
    assert site.http.get(f"/v1/jobs/{mine[0]}").json()["status"] == "queued"
    order = ordered(site, **asked)
    assert order["id"].startswith("bulk_")
    assert {**order, "id": "", "created_at": ""} == {
        "id": "",
        "action": "cancel",
        "status": "running",
        "matching": 4,
        "exact": True,
        "done": 0,
        "skipped": 0,
        "errors": [],
        "waits": None,
        "created_at": "",
        "finished_at": None,
    }
    done = carry_out(site, order)
    assert (done["status"], done["done"], done["skipped"]) == ("finished", 3, 0)
    assert done["finished_at"] is not None
    assert done["errors"] == []
    assert site.http.get(f"/v1/jobs/{bad}").json()["status"] == "failed"
    assert {site.http.get(f"/v1/jobs/{job_id}").json()["status"] for job_id in mine} == {"cancelled"}
    assert site.http.get(f"/v1/jobs/{other}").json()["status"] == "queued"


def test_named_jobs_are_retried_and_deleted(shared: Site) -> None:
    bad = failed(shared)
    retried = carry_out(shared, ordered(shared, action="retry", ids=[bad, "job_nobody", bad]))
    assert (retried["matching"], retried["done"], retried["skipped"]) == (1, 1, 1)
    assert retried["errors"][0]["code"] == "job_not_found"
    newest = shared.http.get("/v1/jobs?limit=1").json()["data"][0]
    assert newest["retry_of"] == bad
    deleted = carry_out(shared, ordered(shared, action="delete", ids=[bad, newest["id"]]))
    assert [error["code"] for error in deleted["errors"]] == ["not_finished"]
    assert shared.http.get(f"/v1/jobs/{bad}").status_code == 404


def test_one_key_makes_one_order(shared: Site) -> None:
    body = {"action": "cancel", "ids": ["job_1"]}
    key = {"Idempotency-Key": "bulk-1"}
    first, second = (shared.http.post("/v1/jobs/bulk", json=body, headers=key) for _ in range(2))
    assert (first.json(), second.json()) == (first.json(), first.json())
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    other = shared.http.post("/v1/jobs/bulk", json={**body, "action": "delete"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    # A count makes nothing, and uses up no key.
    for action in ("cancel", "delete"):
        counted = shared.http.post("/v1/jobs/bulk", json={**body, "action": action, "dry_run": True}, headers=key)
        assert counted.status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"action": "cancel"}, "filter", "invalid_request"),
        ({"action": "cancel", "ids": ["job_1"], "filter": {}}, "filter", "invalid_request"),
        ({"action": "stop", "filter": {}}, "action", "invalid_request"),
        ({"filter": {}}, "action", "missing_field"),
        ({"action": "cancel", "ids": []}, "ids", "invalid_request"),
        ({"action": "cancel", "ids": ["job"] * 1001}, "ids", "too_long"),
        ({"action": "cancel", "ids": ["x" * 65]}, "ids.0", "too_long"),
        ({"action": "cancel", "filter": {"status": ["gone"]}}, "filter.status.0", "invalid_request"),
        ({"action": "cancel", "filter": {"label": ["x"]}}, "filter.label", "invalid_request"),
        ({"action": "cancel", "filter": {"created_after": "now"}}, "filter.created_after", "invalid_request"),
        ({"action": "cancel", "filter": {"limit": 5}}, "filter.limit", "unknown_field"),
        ({"action": "cancel", "filter": {}, "sure": True}, "sure", "unknown_field"),
    ],
)
def test_what_is_no_order(shared: Site, body: dict[str, Any], field: str, code: str) -> None:
    answer = shared.http.post("/v1/jobs/bulk", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("body", [{"ids": ["job\x00"]}, {"filter": {"q": "\x00"}}, {"filter": {"label": ["a:\x00"]}}])
def test_text_that_no_database_can_hold(shared: Site, body: dict[str, Any]) -> None:
    for dry_run in (True, False):
        answer = shared.http.post("/v1/jobs/bulk", json={"action": "cancel", "dry_run": dry_run, **body})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_text"), answer.text


def test_an_order_that_there_is_not(shared: Site) -> None:
    answer = shared.http.get("/v1/jobs/bulk/bulk_1")
    assert (answer.status_code, answer.json()["code"]) == (404, "bulk_not_found")


def test_an_order_is_stopped_between_two_jobs(site: Site) -> None:
    mine = [site.submit(labels={"project": "stop"})["id"] for _ in range(3)]
    order = ordered(site, action="cancel", filter={"label": ["project:stop"]})
    looks = iter([True, False])
    work(site.database, order["id"], ROOMS, lambda: next(looks, False))
    answer = site.http.post(f"/v1/jobs/bulk/{order['id']}/cancel")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["done"]) == ("cancelled", 1)
    after = carry_out(site, order)
    assert (after["status"], after["done"]) == ("cancelled", 1)
    statuses = sorted(site.http.get(f"/v1/jobs/{job_id}").json()["status"] for job_id in mine)
    assert statuses == ["cancelled", "queued", "queued"]
    again = site.http.post(f"/v1/jobs/bulk/{order['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_finished")
    none = site.http.post("/v1/jobs/bulk/bulk_0/cancel")
    assert (none.status_code, none.json()["code"]) == (404, "bulk_not_found")
