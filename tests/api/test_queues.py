"""GET /v1/queues, pause and resume."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from storage import dispatch, pauses
from storage.claims import SlotChild
from storage.counting import fold
from storage.leadership import leading
from storage.tables_counts import step_counts
from storage.webhooks import WebhookStore
from tests.api.site import CHILD, SPEECH, Site, wav


def queues(site: Site) -> dict[str, dict[str, Any]]:
    answer = site.http.get("/v1/queues")
    assert answer.status_code == 200, answer.text
    return {queue["name"]: queue for queue in answer.json()["data"]}


def transcription(site: Site) -> str:
    job = '{"kind": "transcription", "model": "tone"}'
    answer = site.http.post("/v1/jobs", files={"job": (None, job, "application/json"), "audio": ("a.wav", wav())})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_every_queue_is_told_of_also_without_slots(site: Site) -> None:
    found = queues(site)
    assert list(found) == ["cpu", "io", "webhook"]
    assert {name: queue["purpose"] for name, queue in found.items()} == {
        "cpu": "models",
        "io": "media",
        "webhook": "webhooks",
    }
    assert found["cpu"] == {
        "name": "cpu",
        "purpose": "models",
        "waiting": 0,
        "published": 0,
        "running": 0,
        "oldest_seconds": None,
        "slots": 1,
        "busy": 0,
        "rate_per_minute": 0.0,
        "depth": None,
        "paused_at": None,
    }


def test_waiting_published_and_running_are_counted_where_they_are(site: Site) -> None:
    ids = [site.submit()["id"] for _ in range(4)]
    site.claim(ids[0])
    assert site._lead is not None
    with leading(site.database, site._lead) as connection:
        dispatch.publish(connection, [ids[1]])
    cpu = queues(site)["cpu"]
    assert (cpu["waiting"], cpu["published"], cpu["running"], cpu["busy"]) == (2, 1, 1, 1)
    assert cpu["oldest_seconds"] >= 0
    # Ends of steps, by the minute: those of the minute that is not over do not count yet.
    site.complete(ids[2])
    site.number_events()
    with site.database.write() as connection:
        fold(connection)
        assert connection.scalar(select(step_counts.c.steps)) == 1
        connection.execute(update(step_counts).values(at=step_counts.c.at - 60))
    assert queues(site)["cpu"]["rate_per_minute"] == 0.2


def test_a_paused_queue_says_so_until_it_is_resumed(site: Site) -> None:
    first = site.http.post("/v1/queues/cpu/pause")
    assert first.status_code == 200
    assert first.json()["name"] == "cpu"
    again = site.http.post("/v1/queues/cpu/pause")
    assert again.json()["paused_at"] == first.json()["paused_at"] is not None
    assert queues(site)["cpu"]["paused_at"] == first.json()["paused_at"]
    assert queues(site)["io"]["paused_at"] is None
    for _ in range(2):
        assert site.http.post("/v1/queues/cpu/resume").json()["paused_at"] is None


def test_jobs_are_accepted_and_wait_where_they_are_held(site: Site) -> None:
    site.http.post("/v1/queues/cpu/pause")
    site.submit()
    transcription(site)
    found = queues(site)
    assert (found["cpu"]["waiting"], found["io"]["waiting"]) == (2, 0)
    site.http.post("/v1/queues/cpu/resume")
    found = queues(site)
    assert (found["cpu"]["waiting"], found["io"]["waiting"]) == (1, 1)


def test_a_message_of_a_paused_queue_is_not_claimed(site: Site) -> None:
    job_id = site.submit()["id"]
    held = site.submit()["id"]
    site.claim(held)
    assert site._lead is not None
    with leading(site.database, site._lead) as connection:
        (chain,) = dispatch.publish(connection, [job_id])
    site.http.post("/v1/queues/cpu/pause")
    other = SlotChild("cpu-2", "cpu-2:1:1.0")
    asked = site.store.claim_step(job_id, 0, publication=chain.publication, child=other, limit=lambda _work: 60.0)
    assert asked is False
    rows = site.reader.get(job_id)
    assert rows is not None
    assert (rows.job.phase, rows.job.status) == ("waiting", "queued")
    # What ran goes on, and may be completed.
    running = site.reader.get(held)
    assert running is not None
    assert (running.job.phase, running.job.slot) == ("claimed", CHILD.slot)


def test_webhooks_can_be_paused(site: Site) -> None:
    site.submit(webhook={"url": "https://example.org/", "events": ["job.queued"]})
    found = queues(site)["webhook"]
    assert (found["waiting"], found["running"]) == (1, 0)
    deliveries = WebhookStore(site.database)
    site.http.post("/v1/queues/webhook/pause")
    assert deliveries.claim() == []
    with site.database.read() as connection:
        assert not dispatch.to_do(connection).deliveries
    site.http.post("/v1/queues/webhook/resume")
    with site.database.read() as connection:
        assert dispatch.to_do(connection).deliveries
    assert len(deliveries.claim()) == 1
    found = queues(site)["webhook"]
    assert (found["waiting"], found["running"]) == (0, 1)


def test_an_unknown_queue_is_a_404(shared: Site) -> None:
    for verb in ("pause", "resume"):
        answer = shared.http.post(f"/v1/queues/nothing/{verb}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "unknown_queue"
        assert "cpu, io, webhook" in answer.json()["detail"]


def test_a_paused_queue_refuses_nobody(site: Site) -> None:
    """No `no_worker`, no 503: who serves the queue is still there."""
    site.http.post("/v1/queues/cpu/pause")
    assert site.http.post("/v1/jobs", json=SPEECH).status_code == 202


def test_a_queue_that_the_catalog_has_lost_is_shown_while_it_is_paused_and_can_be_resumed(site: Site) -> None:
    pauses.pause(site.database, "gpu-old")
    listed = {queue["name"]: queue for queue in site.http.get("/v1/queues").json()["data"]}
    assert listed["gpu-old"]["paused_at"] is not None
    resumed = site.http.post("/v1/queues/gpu-old/resume")
    assert (resumed.status_code, resumed.json()["paused_at"]) == (200, None)
    assert "gpu-old" not in {queue["name"] for queue in site.http.get("/v1/queues").json()["data"]}
    assert site.http.post("/v1/queues/gpu-old/pause").json()["code"] == "unknown_queue"
