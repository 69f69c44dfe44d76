"""The API told to stop while clients of every kind are with it (point 7): a real process behind a whole stack."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from harmony.ports import free_port
from harmony.sse import ServerSentEvent, parse_events
from tests.queue.parts import Part
from tests.queue.stack import Stack, on

Record = Callable[[str, object], None]

FORM = {"content-type": "multipart/form-data; boundary=b"}
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"kind": "vad", "wait_for_worker": true}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="long.wav"\r\n\r\n'
)
#: How long it still answers while it says that it leaves.
DRAIN = 4.0
#: What need not wait has come by then.
SOON = 15.0

Starting = Callable[[float, float], tuple[Part, str]]


@pytest.fixture
def starting(stack: Stack) -> Iterator[Starting]:
    """`starting(drain, shutdown)`: an API of which /readyz says 200, with these limits in seconds; and its address."""
    stack.slot("webhook-1")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    parts: list[Part] = []

    def start(drain: float, shutdown: float) -> tuple[Part, str]:
        part = stack.api(f"api-{port}", port, drain_seconds=str(drain), shutdown_seconds=str(shutdown))
        parts.append(part)
        stack.until(lambda: status(url, "/readyz") == httpx.codes.OK, 60, "the API to be ready")
        return part, url

    yield start
    for part in parts:
        part.stop()


def status(url: str, path: str) -> int:
    """Over a connection of its own; 0 if there is none."""
    try:
        return httpx.get(url + path, trust_env=False, timeout=5).status_code
    except httpx.TransportError:
        return 0


def events(url: str, job_id: str, after: str | None = None) -> list[ServerSentEvent]:
    """What a stream of the job tells until the server ends it; raises if it only breaks off."""
    headers = {"accept": "text/event-stream"} | ({} if after is None else {"last-event-id": after})
    with httpx.stream("GET", f"{url}/v1/jobs/{job_id}/events", headers=headers, timeout=30, trust_env=False) as answer:
        assert answer.status_code == httpx.codes.OK
        return list(parse_events(answer.iter_lines()))


@on("sqlite")
def test_everyone_is_served_or_told_to_go_elsewhere(stack: Stack, starting: Starting, record_property: Record) -> None:
    part, url = starting(DRAIN, 60.0)
    job_id = stack.tone(delay_ms=14_000)
    stack.happens(job_id, "step.started")
    half, rest = threading.Event(), threading.Event()

    def slow_file() -> Iterator[bytes]:
        yield HEAD + bytes(70_000)
        half.set()
        assert rest.wait(60)
        yield bytes(70_000) + b"\r\n--b--\r\n"

    with ThreadPoolExecutor(3) as clients, httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        stream = clients.submit(events, url, job_id)
        poll = clients.submit(http.get, f"/v1/jobs/{job_id}?wait=30", headers={"If-None-Match": '"99"'})
        sent = partial(httpx.post, content=slow_file(), headers=FORM, trust_env=False, timeout=SOON)
        upload = clients.submit(sent, f"{url}/v1/jobs")
        assert half.wait(SOON)
        assert http.get(f"/v1/jobs/{job_id}").headers.get("connection") is None

        since = time.monotonic()
        part.terminate()
        stack.until(lambda: status(url, "/readyz") == httpx.codes.SERVICE_UNAVAILABLE, DRAIN, "the API to leave")
        assert httpx.get(f"{url}/readyz", trust_env=False).json()["checks"]["process"] == "leaving"
        # Whoever was not told yet is still served, and asked to connect anew for the next request.
        answer = http.get(f"/v1/jobs/{job_id}")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert not stream.done()

        stack.until(lambda: status(url, "/livez") == 0, DRAIN + SOON, "new connections to be refused")
        refused = time.monotonic() - since
        assert refused >= DRAIN
        # A stream and a long-poll have no end of their own: they are ended, in order.
        seen = stream.result(SOON)
        assert [event.type for event in seen][:2] == ["job.queued", "job.started"]
        assert poll.result(SOON).status_code in {200, 304}
        assert part.running
        rest.set()
        assert upload.result(SOON).status_code == httpx.codes.ACCEPTED
    assert part.ended(SOON) == 0
    took = time.monotonic() - since
    record_property("seconds", round(took, 2))
    print(f"refused after {refused:.2f} s, ended after {took:.2f} s")  # noqa: T201 - the figures of the report
    assert stack.row(upload.result().json()["id"]).status in {"queued", "running", "failed"}

    # Elsewhere the stream goes on behind the last event that was seen.
    assert stack.ends([job_id]) == ["succeeded"]
    port = free_port()
    other = stack.api(f"api-{port}", port)
    stack.until(lambda: status(f"http://127.0.0.1:{port}", "/livez") == 200, 30, "the other API")
    more = events(f"http://127.0.0.1:{port}", job_id, seen[-1].id)
    numbers = [int(event.id or 0) for event in (*seen, *more)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert more[-1].type == "job.succeeded"
    other.terminate()
    other.ended(SOON)


@on("sqlite")
def test_nobody_waits_longer_than_the_limit(starting: Starting) -> None:
    """A client that never finishes its upload holds the process up for HARMONY_SHUTDOWN_SECONDS, not for ever."""
    part, url = starting(1.5, 6.0)
    half, never = threading.Event(), threading.Event()

    def endless() -> Iterator[bytes]:
        yield HEAD + bytes(70_000)
        half.set()
        never.wait(90)

    with ThreadPoolExecutor(1) as clients:
        upload = clients.submit(httpx.post, f"{url}/v1/jobs", content=endless(), headers=FORM, trust_env=False)
        assert half.wait(SOON)
        since = time.monotonic()
        part.terminate()
        part.ended(1.5 + 6.0 + SOON)
        assert time.monotonic() - since >= 6
        never.set()
        answer = upload.result(SOON)
    assert (answer.status_code, answer.json()["code"]) == (httpx.codes.SERVICE_UNAVAILABLE, "leaving")
    assert answer.headers["retry-after"] == "1"


@on("sqlite")
def test_a_second_signal_is_the_end(stack: Stack, starting: Starting) -> None:
    part, url = starting(60.0, 60.0)
    part.terminate()
    stack.until(lambda: status(url, "/readyz") == 503, SOON, "503")
    part.terminate()
    part.ended(SOON)
