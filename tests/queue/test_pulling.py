"""Weights fetched on order by the processes that users start, from a package index that the test holds up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from harmony.ports import free_port
from pipelines.catalog import load_families
from storage.commands import LEASE_SECONDS, pulls
from tests.queue.stack import RECOVERY, Stack
from tests.weights.registries import make_wheel
from workers.weights import WeightStore, default_cache

pytestmark = [pytest.mark.queue, pytest.mark.models, pytest.mark.xdist_group("queue-pulling")]

MODEL = "silero-vad"
WEIGHTS = load_families()["silero_vad"].weights["v6"]
MEMBER = "silero_vad/data/silero_vad.onnx"
CONFIG = "models: [{name: tone, family: tone}, {name: silero-vad, family: silero_vad, weights: v6}]\n"


class Index:
    """A package index of one wheel, which stops in the middle of it until `go` is set; empty until `wheel` is."""

    def __init__(self) -> None:
        self.wheel: Path | None = None
        self.go = threading.Event()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if index.wheel is None:
                    self.send_error(404)
                elif self.path.endswith(".whl"):
                    self._send("application/octet-stream", index.wheel.read_bytes(), index.go)
                else:
                    link = f'<a href="/{index.wheel.name}">{index.wheel.name}</a>'
                    self._send("text/html", link.encode())

            def _send(self, kind: str, body: bytes, wait: threading.Event | None = None) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                half = len(body) // 2
                try:
                    self.wfile.write(body[:half])
                    if wait is not None:
                        wait.wait(60)
                    self.wfile.write(body[half:])
                except OSError:
                    self.close_connection = True  # the client was killed

            def log_message(self, *_: object) -> None:
                """Silent: the tests read no log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.go.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """With the real wheel's one file that matters, of the real name and version."""
    content = (WeightStore(default_cache()).ensure(WEIGHTS, MODEL) / "silero_vad.onnx").read_bytes()
    index = Index()
    index.wheel = make_wheel(tmp_path, "silero-vad", {MEMBER: content}, "6.2.3")
    yield index
    index.close()


class Deployment:
    """A stack whose only package index is the test's, and its API."""

    def __init__(self, folder: Path, index: Index) -> None:
        folder.mkdir()
        config = folder / "models.yml"
        config.write_text(CONFIG, encoding="utf-8")
        pip = {
            "PIP_INDEX_URL": f"http://127.0.0.1:{index.server.server_address[1]}/simple/",
            "PIP_FIND_LINKS": "",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
        }
        self.stack = Stack(folder, f"sqlite:///{folder / 'harmony.db'}", {"HARMONY_CONFIG": str(config), **pip})
        port = free_port()
        self.stack.dispatcher()
        self.stack.api("api-1", port)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20)

    def begin(self, *slots: str) -> None:
        """Starts the slots, and waits for them and the API."""
        for slot in slots:
            self.stack.slot(slot)
        self.stack.until(lambda: self.stack.live().get("cpu", 0) == len(slots), 60, "the slots to live")
        self.stack.until(self._answers, 60, "the API")

    def _answers(self) -> bool:
        try:
            return self.http.get("/livez").is_success
        except httpx.TransportError:
            return False

    def weights(self) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/models/{MODEL}").json()["weights"])

    def pull(self) -> dict[str, Any]:
        return self.weights()["pull"] or {}

    def workers(self) -> list[dict[str, Any]]:
        return list(self.http.get("/v1/workers").json()["data"])

    def order(self) -> None:
        assert self.http.post(f"/v1/models/{MODEL}/pull").status_code == 202

    def half(self) -> dict[str, Any]:
        """The order, once about half of the bytes are there."""

        def half() -> dict[str, Any]:
            pull = self.pull()
            return pull if pull.get("status") == "running" and 0.3 < pull["progress"] < 0.7 else {}

        return self.stack.until(half, 30, "half of the weights")

    def ends(self, status: str, seconds: float = 30.0) -> dict[str, Any]:
        """The order that has ended as it should."""
        self.stack.until(lambda: self.pull().get("status") in {"succeeded", "failed"}, seconds, "the pull to end")
        pull = self.pull()
        assert pull["status"] == status, pull
        return pull

    def close(self) -> None:
        self.http.close()
        self.stack.close()


@pytest.fixture
def deployment(tmp_path: Path, index: Index) -> Iterator[Deployment]:
    made = Deployment(tmp_path / "stack", index)
    yield made
    made.close()


def pullers() -> list[int]:
    """The processes that fetch weights, of whatever slot."""
    found = psutil.process_iter(["cmdline"])
    return [process.pid for process in found if "workers.pulling" in (process.info["cmdline"] or ())]


def test_weights_come_on_order_while_the_slot_beats_and_works(deployment: Deployment, index: Index) -> None:
    stack = deployment.stack
    deployment.begin("cpu-1", "cpu-2")
    assert (deployment.weights()["present"], deployment.weights()["pull"]) == (False, None)
    deployment.order()
    half = deployment.half()

    # Held up for longer than a slot or a lease may stay silent; both slots work as if the fetch were not there.
    until = time.monotonic() + LEASE_SECONDS + 2.0
    while time.monotonic() < until:
        assert stack.ends([stack.tone(delay_ms=500), stack.tone(delay_ms=500)], 20) == ["succeeded"] * 2
        assert [worker["alive"] for worker in deployment.workers()] == [True, True]
    both = ["cpu-1", "cpu-2"]
    stack.until(lambda: deployment.http.get("/v1/models/tone").json()["loaded_on"] == both, 10, "the loaded model")
    for worker in deployment.workers():
        assert worker["loaded_models"] == ["tone"]
        assert 20 < worker["memory"]["used_mb"] < worker["memory"]["total_mb"]
    assert deployment.pull() == half
    assert not deployment.weights()["present"]

    index.go.set()
    pull = deployment.ends("succeeded")
    assert (pull["bytes"], pull["progress"], pull["error"]) == (WEIGHTS.bytes, 1.0, None)
    stack.until(lambda: deployment.weights()["present"], 10, "the weights to be seen")
    assert deployment.weights()["hosts"] == [deployment.workers()[0]["host"]]
    # What is there is not fetched again.
    index.wheel = None
    deployment.order()
    assert deployment.ends("succeeded")["asked_at"] > pull["asked_at"]


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_slot_that_goes_in_the_middle_leaves_the_pull_to_another(
    deployment: Deployment, index: Index, how: str
) -> None:
    stack = deployment.stack
    deployment.begin("cpu-1", "cpu-2")
    deployment.order()
    first = deployment.half()["worker"]
    (before,) = pullers()
    if how == "kill":
        stack.slot(first).kill()
    else:
        stack.slot(first).terminate()
    stack.until(lambda: not psutil.pid_exists(before), 5, "the fetch of the slot that is gone to end")
    stack.until(lambda: deployment.pull()["worker"] not in {first, None}, RECOVERY, "the other slot to take it")
    index.go.set()
    pull = deployment.ends("succeeded")
    with stack.database.read() as connection:
        # Who stops in order does not count as lost, and need not be waited for.
        assert pulls(connection)[MODEL].lost == (how == "kill")
    assert {first, pull["worker"]} == {"cpu-1", "cpu-2"}
    stack.until(lambda: deployment.weights()["present"], 10, "the weights to be seen")


def test_a_pull_that_fails_says_why_and_can_be_ordered_again(deployment: Deployment, index: Index) -> None:
    wheel, index.wheel = index.wheel, None
    index.go.set()
    deployment.begin("cpu-1")
    deployment.order()
    failed = deployment.ends("failed", 60)
    assert (failed["error"]["code"], failed["error"]["cause"]) == ("weights_unavailable", "transient")
    assert "silero-vad@6.2.3" in failed["error"]["detail"]
    assert not deployment.weights()["present"]
    index.wheel = wheel
    deployment.order()
    assert deployment.ends("succeeded")["error"] is None
