"""GET /v1/stats: what it counts is what the lists hold, by the same filters and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from pipelines.times import rfc3339
from storage.counting import behind, fold
from storage.submitting import NewArtifact
from storage.tables import jobs, steps
from tests.api.site import Site

STATUSES = ("queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired")


def count(site: Site) -> None:
    site.number_events()
    while True:
        with site.database.read() as reading:
            if not behind(reading).events:
                return
        with site.database.write() as connection:
            fold(connection)


def stats(site: Site, **params: Any) -> dict[str, Any]:
    answer = site.http.get("/v1/stats", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(**known: int) -> dict[str, int]:
    return {status: known.get(status, 0) for status in STATUSES}


def without_time(bucket: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in bucket.items() if name != "at"}


def test_a_service_without_jobs_counts_none(site: Site) -> None:
    body = stats(site)
    assert body["bucket_seconds"] == 60
    assert 60 <= len(body["series"]) <= 61
    assert body["statuses"] == body["total"] == counts()
    assert body["models"] == []
    assert all(without_time(bucket) == counts() for bucket in body["series"])


def test_jobs_are_counted_as_they_stand(site: Site) -> None:
    done, waiting, gone = site.submit(), site.submit(), site.submit()
    site.complete(done["id"])
    site.http.post(f"/v1/jobs/{gone['id']}/cancel")
    count(site)
    body = stats(site)
    expected = counts(succeeded=1, queued=1, cancelled=1)
    assert body["statuses"] == body["total"] == expected
    series = [without_time(bucket) for bucket in body["series"]]
    assert {status: sum(bucket[status] for bucket in series) for status in STATUSES} == expected
    site.http.delete(f"/v1/jobs/{done['id']}")
    count(site)
    assert stats(site)["total"] == counts(queued=1, cancelled=1)
    assert waiting["queue"] == "cpu"


def test_filters_apply_to_counts_and_the_status_to_the_series_alone(site: Site) -> None:
    site.complete(site.submit()["id"])
    site.submit()
    count(site)
    assert stats(site, status="queued")["statuses"] == counts(succeeded=1, queued=1)
    series = stats(site, status="queued")["series"]
    assert sum(bucket["queued"] for bucket in series) == 1
    assert sum(bucket["succeeded"] for bucket in series) == 0
    for name, other in (("kind", "vad"), ("model", "other"), ("queue", "gpu-nvidia")):
        assert stats(site, **{name: other})["total"] == counts()
    assert stats(site, kind=["vad", "speech"], model="tone", queue="cpu")["total"] == counts(succeeded=1, queued=1)
    found = site.http.get("/v1/jobs", params={"queue": "cpu"}).json()["data"]
    assert len(found) == 2
    assert site.http.get("/v1/jobs", params={"queue": "io"}).json()["data"] == []


def test_a_bucket_and_the_list_of_its_time_agree(site: Site) -> None:
    for _ in range(3):
        site.submit()
    count(site)
    full = [bucket for bucket in stats(site)["series"] if bucket["queued"]]
    for bucket in full:
        begin = datetime.fromisoformat(bucket["at"]).timestamp()
        window = {"created_after": rfc3339(begin), "created_before": rfc3339(begin + 60)}
        assert len(site.http.get("/v1/jobs", params=window).json()["data"]) == bucket["queued"]
    assert sum(bucket["queued"] for bucket in full) == 3


def test_a_model_is_told_by_the_jobs_that_ended(site: Site) -> None:
    for seconds in (0.1, 0.2, 0.4):
        job_id = site.submit()["id"]
        claim = site.claim(job_id)
        with site.database.write() as connection:
            begun = {"started_at": jobs.c.created_at + 10 * seconds}
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(begun))
            # The audio that it makes is 0.1 s long.
            began = update(steps).where(steps.c.job_id == job_id).values(started_at=claim.claimed_at - seconds)
            connection.execute(began)
        key = f"jobs/{job_id}/0/audio"
        site.artifacts.put_bytes(key, b"RIFF", media_type="audio/wav")
        made = NewArtifact("audio", key, "audio/wav", 4, "00" * 32, 0.1, 8000)
        assert site.store.complete_step(claim, [made]) == "succeeded"
    count(site)
    (model,) = stats(site)["models"]
    assert {name: model[name] for name in ("model", "kind", "queue", "jobs", "succeeded", "failed")} == {
        "model": "tone",
        "kind": "speech",
        "queue": "cpu",
        "jobs": 3,
        "succeeded": 3,
        "failed": 0,
    }
    assert model["wait"]["p50"] == pytest.approx(2.0, rel=0.1)
    assert model["run"]["p99"] == pytest.approx(0.4, rel=0.25)
    assert model["real_time_factor"]["p50"] == pytest.approx(2.0, rel=0.4)
    assert stats(site, kind="vad")["models"] == []


def test_as_of_is_now_once_everything_is_counted(site: Site) -> None:
    site.submit()
    count(site)
    lag = datetime.now(UTC) - datetime.fromisoformat(stats(site)["as_of"])
    assert abs(lag.total_seconds()) < 5
    before = stats(site)["as_of"]
    site.submit()
    assert stats(site)["as_of"] < before


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "2024-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "0001-01-01T00:00:00Z", "until": "0001-01-01T01:00:00Z"}, "since"),
        ({"until": "9999-12-31T23:59:59Z"}, "until"),
        ({"since": "yesterday"}, "since"),
        ({"status": "lost"}, "status"),
        ({"kind": "song"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_parameters_are_refused_by_name(shared: Site, params: dict[str, str], field: str) -> None:
    answer = shared.http.get("/v1/stats", params=params)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"].startswith(field)
