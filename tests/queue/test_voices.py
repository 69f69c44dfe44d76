"""Saved voices over HTTP and worker processes, with the real detector and encoder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harmony.ports import free_port
from tests.queue.stack import Stack
from workers.weights import default_cache

pytestmark = [pytest.mark.queue, pytest.mark.models, pytest.mark.xdist_group("queue-voices")]

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CONFIG = """
models:
  - {name: tone, family: tone}
  - {name: silero-vad, family: silero_vad, weights: v6}
  - {name: campplus, family: campplus, weights: zh-en}
defaults: {speech: tone, embedding: campplus, vad: silero-vad}
"""


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, httpx.Client]]:
    """A deployment whose slots have real models."""
    folder = tmp_path_factory.mktemp("voices")
    config = folder / "models.yml"
    config.write_text(CONFIG, encoding="utf-8")
    more = {"HARMONY_CONFIG": str(config), "HARMONY_CACHE_DIR": str(default_cache())}
    stack = Stack(folder, f"sqlite:///{folder / 'harmony.db'}", more)
    port = free_port()
    try:
        stack.base()
        stack.api("api", port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            stack.until(lambda: _ready(client), 30, "the API")
            yield stack, client
    finally:
        stack.close()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def made(http: tuple[Stack, httpx.Client], content: bytes) -> dict[str, Any]:
    """A voice once it is checked."""
    stack, client = http
    files: dict[str, Any] = {"voice": (None, json.dumps({"name": "Ada"})), "audio": ("a", content, "audio/flac")}
    answer = client.post("/v1/voices", files=files)
    assert answer.status_code == 202, answer.text
    voice = answer.json()
    stack.ends([voice["job"]], 90)
    return dict(client.get(f"/v1/voices/{voice['id']}").json())


@pytest.mark.timeout(180)
def test_a_recording_becomes_a_voice_or_is_refused_and_goes_without_a_trace(http: tuple[Stack, httpx.Client]) -> None:
    stack, client = http
    voice = made(http, (SPEECH / "asterisk-conference-es.flac").read_bytes())
    assert (voice["status"], voice["reasons"], voice["speakers"]) == ("ready", [], 1)
    assert [known["space"] for known in voice["embeddings"]] == ["campplus"]
    assert 6.0 < voice["seconds"] < 7.0
    path = f"/v1/voices/{voice['id']}"
    assert client.get(f"{path}/preview", headers={"Range": "bytes=0-3"}).content == b"RIFF"

    refused = made(http, b"This is no recording at all, however long one looks at it.")
    assert (refused["status"], refused["reasons"][0]["code"]) == ("refused", "audio_undecodable")

    # What is known is left out: nothing is decoded, sought or heard again.
    spoken = client.post(
        "/v1/jobs", json={"kind": "speech", "input": {"text": "hi"}, "options": {"voice": voice["id"]}}
    )
    assert spoken.status_code == 202, spoken.text
    stack.ends([spoken.json()["id"]])
    first = [step["name"] for step in client.get(f"/v1/jobs/{spoken.json()['id']}").json()["steps"]]
    again = client.post("/v1/jobs", json={"kind": "speech", "input": {"text": "hi"}, "options": {"voice": voice["id"]}})
    stack.ends([again.json()["id"]])
    second = [step["name"] for step in client.get(f"/v1/jobs/{again.json()['id']}").json()["steps"]]
    assert first[0] == "decode-reference"
    assert "segment" not in first
    assert set(first) - set(second) == {"decode-reference", "embed"}
    assert {known["space"] for known in client.get(path).json()["embeddings"]} == {"campplus", "tone"}

    assert client.delete(path).status_code == 204
    assert client.delete(f"/v1/voices/{refused['id']}").status_code == 204
    assert list(stack.artifacts.list("voices/")) == []
    assert client.get(path).status_code == 404
    assert client.get(f"/v1/jobs/{again.json()['id']}").json()["request"]["options"]["voice"] is None
