"""The same path on what production uses: PostgreSQL and an S3-compatible store behind the whole stack."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from harmony.background import BackgroundStack
from harmony.client import Client, result_of
from storage.settings import StorageSettings
from tests.services.seaweedfs import ACCESS_KEY, SECRET_KEY

pytestmark = [pytest.mark.stack, pytest.mark.services, pytest.mark.xdist_group("stack")]

CONFIG = "models: [{name: tone, family: tone}]\n"


def test_speech_becomes_an_object_and_its_transcript(
    tmp_path: Path, postgres_url: str, s3_settings: StorageSettings
) -> None:
    """From text over two queues into the store, from the store's link to the client, and back in as an input."""
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    env = {
        "HARMONY_DATABASE_URL": postgres_url,
        "HARMONY_ARTIFACTS": "s3",
        "HARMONY_S3_ENDPOINT": str(s3_settings.s3_endpoint),
        "HARMONY_S3_BUCKET": s3_settings.s3_bucket,
        "HARMONY_S3_ACCESS_KEY": ACCESS_KEY,
        "HARMONY_S3_SECRET_KEY": SECRET_KEY,
    }
    arguments = ["--config", str(tmp_path / "config.yml")]
    with (
        BackgroundStack(tmp_path / "data", tmp_path / "log", env=env, arguments=arguments) as stack,
        Client(stack.url) as client,
    ):
        spoken = {"kind": "speech", "model": "tone", "input": {"text": "Hello there."}, "options": {"format": "flac"}}
        job = client.wait(client.submit(spoken)["id"])
        assert job["status"] == "succeeded", job["error"]
        (artifact,) = result_of(job)["artifacts"]
        content = client.download(artifact, tmp_path / "hello.flac").read_bytes()
        assert hashlib.sha256(content).hexdigest() == artifact["sha256"]

        answer = httpx.get(f"{stack.url}/v1/jobs/{job['id']}/result", follow_redirects=False)
        assert answer.status_code == HTTPStatus.SEE_OTHER
        assert answer.headers["location"].startswith(str(s3_settings.s3_endpoint))

        heard = client.wait(
            client.submit({"kind": "transcription", "model": "tone", "input": {"audio": {"artifact": artifact["id"]}}})[
                "id"
            ]
        )
        assert heard["status"] == "succeeded", heard["error"]
        assert result_of(heard)["text"]
