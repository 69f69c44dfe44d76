"""Webhooks from the process that sends them: at least once, with one id, and nobody waits for a dead receiver."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest

from tests.queue.stack import Stack, on
from workers.webhooks import TIMEOUT

pytestmark = [on("postgresql")]

#: How long a slot that is told to stop waits for answers: less than the 15 s that a receiver has.
PATIENCE = 6.0


class Receiver(ThreadingHTTPServer):
    """Answers 204, or holds every request until it is told to let go."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.got: list[tuple[str, dict[str, Any], float]] = []
        self.arrived = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def close(self) -> None:
        """Lets go, and stops."""
        self.answers.set()
        self.shutdown()
        self._thread.join(5)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers["webhook-id"], json.loads(body), time.time()))
        self.server.arrived.set()
        self.server.answers.wait(60)
        try:
            self.send_response(204)
            self.end_headers()
        except OSError:
            # The sender was killed meanwhile.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Quiet."""


@pytest.fixture
def receivers(stack: Stack) -> Iterator[tuple[Receiver, Receiver]]:
    """Two receivers that the deployment may call."""
    stack.slot("webhook-1")
    stack.until(lambda: "webhook" in stack.live(), 60, "the slot for webhooks")
    both = (Receiver(stack.ports[0]), Receiver(stack.ports[1]))
    yield both
    for receiver in both:
        receiver.close()


def hook(receiver: Receiver) -> dict[str, Any]:
    return {"url": receiver.url, "events": ["job.started", "job.succeeded"]}


def delivered(stack: Stack, job_id: str) -> bool:
    return {row.status for row in stack.reader.deliveries(job_id)} == {"delivered"}


def test_every_move_is_told_with_its_number(stack: Stack, receivers: tuple[Receiver, Receiver]) -> None:
    receiver, _ = receivers
    job_id = stack.tone(webhook=hook(receiver))
    assert stack.ends([job_id]) == ["succeeded"]
    stack.until(lambda: delivered(stack, job_id), 20, "both deliveries")
    told = sorted((body["sequence"], body["type"], body["data"]["status"]) for _, body, _ in receiver.got)
    assert told == [(2, "job.started", "running"), (5, "job.succeeded", "succeeded")]
    assert {wid for wid, *_ in receiver.got} == {row.id for row in stack.reader.deliveries(job_id)}


def test_a_dead_receiver_delays_nobody(stack: Stack, receivers: tuple[Receiver, Receiver]) -> None:
    good, dead = receivers
    dead.answers.clear()
    lost = stack.tone(webhook=hook(dead))
    assert stack.ends([lost]) == ["succeeded"]
    assert dead.arrived.wait(20)
    job_id = stack.tone(webhook=hook(good))
    assert stack.ends([job_id]) == ["succeeded"]
    ended = stack.row(job_id).finished_at
    stack.until(lambda: delivered(stack, job_id), 20, "the deliveries beside the dead receiver's")
    # Whoever waited for the dead one would wait for its 15 s.
    assert max(at for *_, at in good.got) - ended < TIMEOUT - 3
    assert not delivered(stack, lost)


@pytest.mark.chaos
def test_a_sender_is_killed_in_the_middle(stack: Stack, receivers: tuple[Receiver, Receiver]) -> None:
    """Invariant 6: the message comes again, with the same id and body."""
    receiver, _ = receivers
    receiver.answers.clear()
    job_id = stack.tone(webhook={"url": receiver.url, "events": ["job.succeeded"]})
    assert stack.ends([job_id]) == ["succeeded"]
    assert receiver.arrived.wait(20)
    sender = stack.slot("webhook-1")
    children = psutil.Process(sender.pid).children(recursive=True)
    sender.kill()
    psutil.wait_procs(children, timeout=10)
    receiver.answers.set()
    stack.slot("webhook-1")
    stack.until(lambda: delivered(stack, job_id), 60, "the second attempt")
    ids = {webhook_id for webhook_id, *_ in receiver.got}
    assert len(receiver.got) >= 2
    assert ids == {stack.reader.deliveries(job_id)[0].id}
    assert len({json.dumps(body) for _, body, _ in receiver.got}) == 1


def test_a_sender_that_is_told_to_stop_hands_over_what_it_sends(
    stack: Stack, receivers: tuple[Receiver, Receiver]
) -> None:
    """A receiver that answers within the slot's patience is heard; what another holds goes out elsewhere at once."""
    holds, slow = receivers
    stack.slot("webhook-1").stop()
    sender = stack.slot("patient-hook", "webhook", shutdown_seconds=str(PATIENCE))
    stack.until(lambda: stack.live().get("webhook") == 1, 60, "the patient slot for webhooks")
    holds.answers.clear()
    slow.answers.clear()
    jobs = [stack.tone(webhook={**hook(receiver), "events": ["job.succeeded"]}) for receiver in (holds, slow)]
    assert all(receiver.arrived.wait(20) for receiver in receivers)
    stack.slot("webhook-2", "webhook")
    stack.until(lambda: stack.live().get("webhook") == 2, 60, "the second slot for webhooks")
    since = time.monotonic()
    sender.terminate()
    slow.answers.set()
    assert sender.ended(PATIENCE + 20) == 0
    assert time.monotonic() - since >= PATIENCE
    assert [row.status for row in stack.reader.deliveries(jobs[1])] == ["delivered"]
    assert len(slow.got) == 1
    stack.until(lambda: len(holds.got) == 2, 10, "the message from the other slot")
    holds.answers.set()
    stack.until(
        lambda: [(row.status, row.attempts) for row in stack.reader.deliveries(jobs[0])] == [("delivered", 1)],
        20,
        "the message to count as delivered at its first attempt",
    )
    assert len({webhook_id for webhook_id, _, _ in holds.got}) == 1
