"""What holds for every request: whom we answer, how errors look, what the description and the pages say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.main import create_app
from api.settings import is_loopback
from tests.api.site import SPEECH, Site, serving

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_requests_for_this_machine_are_answered(shared: Site, host: str, status: int) -> None:
    answer = shared.http.get("/livez", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        assert answer.json()["code"] == "foreign_host"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:3000", 202),
        ("http://127.0.0.1:8000", 202),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://localhost.evil.example", 403),
        ("file://localhost", 403),
    ],
)
def test_a_web_page_elsewhere_cannot_drive_it(shared: Site, origin: str, status: int) -> None:
    answer = shared.http.post("/v1/jobs", json=SPEECH, headers={"Origin": origin})
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "foreign_origin"


def test_the_public_address_is_ours(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, public_url="https://speech.example.org") as site:
        assert site.http.get("/livez", headers={"Host": "speech.example.org"}).status_code == 200
        site.beat()
        assert site.submit()["links"]["self"].startswith("https://speech.example.org/v1/jobs/")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])  # noqa: S104 - refused is the point
def test_other_addresses_are_not_served_without_keys(host: str) -> None:
    assert not is_loopback(host)
    assert "without API keys" in _refused_start(HARMONY_HOST=host)


def test_wrong_settings_are_said_in_a_sentence(tmp_path: Path) -> None:
    assert "none.yml" in _refused_start(HARMONY_CONFIG=str(tmp_path / "none.yml"))
    assert "HARMONY_EGRESS_ALLOW" in _refused_start(HARMONY_EGRESS_ALLOW="anywhere")


def _refused_start(**environment: str) -> str:
    """What the process says when it refuses to start."""
    done = subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env={**environment, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_each_answer_has_an_id(shared: Site) -> None:
    assert shared.http.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    first, second = (shared.http.get("/livez").headers["x-request-id"] for _ in range(2))
    assert first != second
    bad = shared.http.get("/livez", headers={"X-Request-ID": "a b" + "c" * 200}).headers["x-request-id"]
    assert bad.startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "route_not_found"),
        ("GET", "/v1/jobs/", 404, None),
        ("GET", "/static/none.js", 404, "route_not_found"),
        ("GET", "/static/../main.py", 404, "route_not_found"),
        ("PUT", "/v1/jobs", 405, "method_not_allowed"),
        ("DELETE", "/livez", 405, "method_not_allowed"),
        ("GET", "/v1/models/none", 404, "model_not_found"),
        ("GET", "/v1/jobs/a%00b", 422, "invalid_request"),
    ],
)
def test_every_error_is_a_problem(shared: Site, method: str, path: str, status: int, code: str | None) -> None:
    answer = shared.http.request(method, path)
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "detail", "code", "request_id"} <= set(problem)
    if code is not None:
        assert problem["code"] == code


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Site]:
    """A service with a fault in it."""

    def add_fault(app: FastAPI) -> None:
        @app.get("/fault")
        def fault() -> None:
            raise ZeroDivisionError("the user said: secret words")

    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, change=add_fault) as site:
        yield site


def test_a_fault_of_ours_says_nothing_of_its_inside(broken: Site, caplog: pytest.LogCaptureFixture) -> None:
    answer = broken.http.get("/fault")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "Zero" not in answer.text
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "request.failed" in caplog.text


def test_a_database_that_is_away_is_a_503(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with serving(f"sqlite:///{path}", tmp_path) as site:
        site.beat()
        with site.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
        answer = site.http.get("/v1/jobs")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0


def test_the_log_holds_no_words_of_a_user(shared: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        shared.http.post("/v1/jobs", json={**SPEECH, "input": {"text": "hush hush"}}, headers={"X-Request-ID": "r-1"})
        shared.http.get("/v1/jobs?q=hush")
        shared.http.get("/v1/models/hush")
    # pytest also shows it the lines of the client, and of a logger of uvicorn that we have silenced.
    ours = [record for record in caplog.records if record.name not in {"httpx", "uvicorn.access"}]
    lines = [record.getMessage() for record in ours if record.name == "api.middleware"]
    assert [line.rsplit(" ", 1)[0] for line in lines] == [
        "request POST /v1/jobs 202",
        "request GET /v1/jobs 200",
        "request GET /v1/models/{model_id} 404",
    ]
    assert "hush" not in " ".join(record.getMessage() for record in ours)


def test_importing_the_api_is_light() -> None:
    heavy = (
        "av",
        "torch",
        "celery",
        "kombu",
        "redis",
        "valkey",
        "boto3",
        "botocore",
        "onnxruntime",
        "numpy",
        "workers",
        "httpx",
    )
    script = f"import sys, api.main; api.main.create_app(); print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_description_is_complete() -> None:
    description = create_app().openapi()
    text = json.dumps(description)
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(description["components"]["schemas"])
    assert set(description["paths"]) == {
        "/v1/jobs",
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/audio",
        "/v1/jobs/{job_id}/cancel",
        "/v1/jobs/{job_id}/events",
        "/v1/jobs/bulk",
        "/v1/jobs/bulk/{order_id}",
        "/v1/jobs/bulk/{order_id}/cancel",
        "/v1/jobs/{job_id}/result",
        "/v1/events",
        "/v1/artifacts/{artifact_id}",
        "/v1/artifacts/{artifact_id}/content",
        "/v1/models",
        "/v1/models/{model_id}",
        "/v1/models/{model_id}/pull",
        "/v1/workers",
        "/v1/queues",
        "/v1/queues/{name}/pause",
        "/v1/queues/{name}/resume",
        "/v1/stats",
        "/v1/voices",
        "/v1/voices/{voice_id}",
        "/v1/voices/{voice_id}/preview",
        "/v1/audio/speech",
        "/v1/audio/speech/models",
        "/v1/audio/voices",
        "/v1/audio/transcriptions",
        "/v1/audio/transcriptions/models",
        "/v1/audio/translations",
        "/v1/embed/speaker",
        "/v1/embed/speaker/models",
        "/v1/embed/models",
        "/v1/audio/embeddings",
        "/v1/audio/embeddings/models",
        "/v1/voice/convert",
        "/v1/voice/convert/models",
        "/v1/audio/voice-conversion",
        "/v1/audio/voice-conversion/models",
        "/v1/audio/vad",
        "/v1/audio/vad/models",
        "/v1/audio/convert",
        "/v1/audio/convert/models",
        "/v1/jobs/{job_id}/retry",
        "/v1/webhooks",
        "/v1/webhooks/{endpoint_id}",
        "/v1/webhooks/{endpoint_id}/enable",
        "/v1/webhooks/{endpoint_id}/rotate-secret",
        "/v1/webhooks/{endpoint_id}/test",
        "/v1/webhooks/{endpoint_id}/redeliver",
        "/v1/webhooks/{endpoint_id}/deliveries",
        "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}",
        "/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/redeliver",
        "/v1/jobs/{job_id}/deliveries",
        "/v1/jobs/{job_id}/deliveries/{delivery_id}",
        "/v1/jobs/{job_id}/deliveries/{delivery_id}/redeliver",
        "/livez",
        "/readyz",
        "/healthz",
        "/version",
        "/metrics",
    }
    submit = description["paths"]["/v1/jobs"]["post"]
    assert set(submit["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    for path in description["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "Readiness" not in json.dumps(answer):
                    openai = "OpenAIError" in json.dumps(answer["content"].get("application/json", ""))
                    assert openai or "application/problem+json" in answer["content"]


def test_every_code_is_explained() -> None:
    described = create_app().openapi()["paths"]
    answers = [answer for path in described.values() for way in path.values() for answer in way["responses"].items()]
    told = " ".join(answer.get("description", "") for status, answer in answers if int(status) >= 400)
    codes = set(re.findall(r"`([a-z]+_[a-z_]+)`", told)) | {"route_not_found", "method_not_allowed"}
    assert codes > {"unsupported_media_type", "job_not_found"}
    assert {code for code in codes if f"`{code}`" not in (ROOT / "docs" / "problems.md").read_text()} == set()


@pytest.mark.parametrize("path", ["/", "/jobs/job_1", "/speak", "/transcribe", "/system", "/docs", "/redoc"])
def test_pages_load_from_here_only(shared: Site, path: str) -> None:
    page = shared.http.get(path)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "http" not in re.sub(r"<meta http-equiv", "", page.text)
    assert re.search(r"<script>|<style>| on\w+=", page.text) is None
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert shared.http.get(link).status_code in {200, 503}, link


def test_models_are_listed(shared: Site) -> None:
    models = shared.http.get("/v1/models").json()
    assert models["object"] == "list"
    assert models["next"] is None
    assert "tone" in [model["id"] for model in models["data"]]
    assert shared.http.get("/v1/models/tone").json() in models["data"]


def test_readiness_names_what_is_missing(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as site:
        answer = site.http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["queue:webhook"] == "no live slot"
        assert answer.json()["checks"]["database"] == "ok"
        health = site.http.get("/healthz").json()
        assert health["status"] == "degraded"
        assert health["capabilities"]["speech"] == {"available": False, "models": {"kokoro": False, "tone": False}}


def test_readiness_comes_when_all_is_there(database_url: str, tmp_path: Path) -> None:
    from storage.backlog import join
    from storage.leadership import keep_lead, take_lead

    with serving(database_url, tmp_path) as site:
        site.beat("cpu", "io", "webhook")
        with site.database.write() as connection:
            join(connection, "anna", 7.0)
            join(connection, "ben", 0.5)
        lead = take_lead(site.database, "test")
        assert lead is not None
        keep_lead(site.database, lead, {"broker_ok": True, "depths": {"cpu": 3}, "waiting": 7})
        answer = site.http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert site.http.get("/healthz").json()["status"] == "ok"
        metrics = site.http.get("/metrics").text
        assert "harmony_jobs_waiting 2.0" in metrics
        assert "harmony_work_waiting_seconds 7.5" in metrics
        assert 'harmony_queue_depth{queue="cpu"} 3.0' in metrics
        assert 'harmony_live_slots{queue="io"} 1.0' in metrics
        assert 'harmony_http_requests_total{method="GET",route="/readyz",status="200"} 1.0' in metrics


def test_the_version_says_the_limits(shared: Site) -> None:
    limits: dict[str, Any] = shared.http.get("/version").json()["limits"]
    assert limits["text_characters"] == 100_000
    assert limits["inline_audio_bytes"] == 32 * 2**20
    assert (limits["openai_text_characters"], limits["openai_file_bytes"]) == (4096, 25 * 2**20)
    assert limits["door_wait_seconds"] == 600
    assert limits["body_bytes"] == 2**30
