"""Who is slow holds up only itself; who comes when too many are here is told so at once."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from api.bounds import Bound
from api.gate import Gate, Sort, sort_of
from tests.api.site import SPEECH, Site, serving

BODY = json.dumps(SPEECH).encode()
HEAD = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
SUBMIT = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
FORM = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 500000000\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"kind": "vad"}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="long.wav"\r\n\r\n'
)
LARGE = 8 * 2**20
#: A submit that is large by the space around it.
SPACIOUS = BODY[:-1] + b" " * 120_000 + b"}"


@contextmanager
def gated(folder: Path, **settings: Any) -> Iterator[Site]:
    with serving(f"sqlite:///{folder / 'x.db'}", folder, **settings) as site:
        site.beat()
        yield site


@contextmanager
def connection(site: Site, sent: bytes = b"", *, room: int | None = None) -> Iterator[socket.socket]:
    """A connection that has sent something; `room` is how many bytes it takes before it must be read."""
    address = urlsplit(site.url)
    assert address.hostname is not None
    assert address.port is not None
    with socket.socket() as raw:
        if room is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        raw.settimeout(15)
        raw.connect((address.hostname, address.port))
        raw.sendall(sent)
        yield raw


def gate_of(site: Site) -> Gate:
    """The gate of a service that has answered already: its layers are made at the first request."""
    app = site.server.config.app
    assert isinstance(app, FastAPI)
    layer: Any = app.middleware_stack
    while not isinstance(layer, Gate):
        layer = layer.app
    return layer


def everything(raw: socket.socket) -> bytes:
    """What comes until the end of the connection."""
    pieces = []
    while piece := raw.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def answer_of(raw: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer after which the connection ends."""
    head, _, body = everything(raw).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


def seconds(call: Callable[[], httpx.Response], status: int = 200) -> float:
    begin = time.monotonic()
    answer = call()
    assert answer.status_code == status, answer.text
    return time.monotonic() - begin


def test_slow_clients_of_every_sort_hold_up_nobody(tmp_path: Path) -> None:
    with gated(tmp_path, request_threads=2, uploads=2, max_requests=4) as site, ExitStack() as open_:
        done = site.submit()["id"]
        site.complete(done, bytes(LARGE))
        waiting = site.submit()["id"]
        stream = b"GET /v1/jobs/%b/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"
        for _ in range(20):
            # A body that does not come, and a head; a file of which only little comes; results and events nobody takes.
            open_.enter_context(connection(site, SUBMIT + BODY[:5]))
            open_.enter_context(connection(site, HEAD))
            open_.enter_context(connection(site, FORM + b"abc"))
            open_.enter_context(connection(site, HEAD + b"Content-Length: 40000000\r\n\r\n" + SPACIOUS[:70_000]))
            open_.enter_context(connection(site, HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5]))
            result = b"GET /v1/jobs/%b/result HTTP/1.1\r\nHost: localhost\r\n\r\n" % done.encode()
            open_.enter_context(connection(site, result, room=4096))
            open_.enter_context(connection(site, stream % waiting.encode(), room=4096))
        took: list[float] = []
        for _ in range(5):
            # Whoever was held up would wait for the limit of a head, 10 s, or of a body, 30 s.
            took += [
                seconds(lambda: site.http.get(f"/v1/jobs/{done}")),
                seconds(lambda: site.http.post("/v1/jobs", json=SPEECH), 202),
                seconds(lambda: site.http.post("/v1/jobs", content=SPACIOUS), 202),
                seconds(lambda: site.http.get("/readyz"), 503),
            ]
        assert max(took) < 8, took
        assert statistics.median(took) < 1, took
        # Nor do their places: a file that comes as it should finds its thread.
        files = {"job": (None, b'{"kind": "vad"}'), "audio": ("a.wav", bytes(200_000))}
        assert seconds(lambda: site.http.post("/v1/jobs", files=files), 202) < 8


def test_a_body_that_comes_too_slowly_is_a_408(tmp_path: Path) -> None:
    slow = {"body_seconds": 0.3, "body_bytes_per_second": 100_000}
    with gated(tmp_path, **slow) as site:
        bodies = [
            SUBMIT + BODY[:5],
            FORM + b"abc",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + BODY[:5] + b"\r\n",
        ]
        for sent in bodies:
            with connection(site, sent) as raw:
                status, headers, problem = answer_of(raw)
            assert (status, problem["code"], headers["connection"]) == (408, "body_timeout", "close")
            assert headers["content-type"] == "application/problem+json"
            assert headers["x-request-id"] == problem["request_id"]
        # A byte now and then is no way around it.
        with connection(site, SUBMIT) as raw:
            raw.settimeout(0.05)
            answer = b""
            for byte in BODY:
                raw.sendall(bytes([byte]))
                try:
                    answer = raw.recv(65536)
                except TimeoutError:
                    continue
                break
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert list(site.artifacts.list()) == []
        assert site.http.get("/v1/jobs").json()["data"] == []


def test_heads_and_idle_connections_end(tmp_path: Path) -> None:
    with gated(tmp_path, head_seconds=0.5) as site, ThreadPoolExecutor(3) as threads:

        def ends(sent: bytes) -> bytes:
            with connection(site, sent) as raw:
                return everything(raw)

        idle, slow, long = threads.map(ends, [b"", HEAD, HEAD + b"X-Filler: " + b"x" * 70_000])
        assert idle == b""
        assert slow.startswith(b"HTTP/1.1 408 ")
        assert b'"code": "head_timeout"' in slow
        assert long.startswith(b"HTTP/1.1 431 ")
        # An answer does not stop the clock for the next head on the same connection, though it began before the answer.
        site.server.config.timeout_keep_alive = 60
        begin = time.monotonic()
        again = ends(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"GET /livez HTT")
        assert time.monotonic() - begin < 30, "the end of an idle line comes after 60 s"
        assert again.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in again
        assert b'"code": "head_timeout"' in again
        assert site.http.get("/livez").status_code == 200


def test_a_head_waits_for_the_answer_before_it(tmp_path: Path) -> None:
    with gated(tmp_path, head_seconds=0.2) as site:
        job_id = site.submit()["id"].encode()
        poll = b"GET /v1/jobs/%b?wait=3 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /livez HTT" % job_id
        with connection(site, poll) as raw:
            answers = everything(raw)
        # Its time begins with the end of the answer, which is whole.
        first, found, second = answers.partition(b"HTTP/1.1 408 ")
        assert first.startswith(b"HTTP/1.1 200 ")
        assert json.loads(first.partition(b"\r\n\r\n")[2])["status"] == "queued"
        assert (bool(found), b"head_timeout" in second) == (True, True)


def test_who_takes_nothing_is_cut_off(tmp_path: Path) -> None:
    with gated(tmp_path, send_seconds=3.0, max_transfers=1) as site:
        done = site.submit()["id"]
        site.complete(done, bytes(LARGE))
        path = f"/v1/jobs/{done}/result"
        with connection(site, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), room=4096) as raw:
            assert raw.recv(100).startswith(b"HTTP/1.1 200 ")
            refused = site.http.get(path)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 1
            # Its place is free as soon as it is cut off, though it never closes.
            end = time.monotonic() + 25
            while site.http.get(path).status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.1)


def test_who_takes_nothing_of_a_small_rest_is_cut_off(tmp_path: Path) -> None:
    with gated(tmp_path, send_seconds=3.0) as site:
        for _ in range(20):
            site.submit()
        known = set(site.server.server_state.connections)
        ask = b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with connection(site, room=4096) as raw:
            _until(lambda: bool(set(site.server.server_state.connections) - known))
            (ours,) = set(site.server.server_state.connections) - known
            # The system takes little, and what is left is under the mark at which the server is told to wait.
            ours.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            raw.sendall(ask)
            _until(ours.transport.is_closing)
            assert 0 < ours.transport.get_write_buffer_size() < 64 * 1024
            _until(lambda: ours not in site.server.server_state.connections)


def test_requests_wait_their_turn_and_then_are_refused(tmp_path: Path) -> None:
    settings = {"max_inline_requests": 1, "max_queued_requests": 1, "queue_seconds": 5.0}
    with gated(tmp_path, **settings) as site, ThreadPoolExecutor(2) as threads:
        site.submit()
        inline = gate_of(site).bounds[Sort.INLINE]

        def submit() -> httpx.Response:
            return site.http.post("/v1/jobs", content=SPACIOUS)

        with site.database.write():
            # It cannot be written, so it keeps its place.
            first = threads.submit(submit)
            _until_taken(inline, 1)
            queued = threads.submit(submit)
            _until(lambda: inline.waiting == 1)
            begin = time.monotonic()
            refused = [submit()]
            assert time.monotonic() - begin < 4, "the queue is full"
            # It waited, and nothing moved.
            refused.append(queued.result())
            for answer in refused:
                assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
                assert int(answer.headers["retry-after"]) >= 1
            # What is small is not concerned, nor is the probe.
            assert site.http.get("/v1/jobs").status_code == 200
            assert site.http.get("/livez").status_code == 200
        assert first.result().status_code == 202
        with site.database.write():
            first = threads.submit(submit)
            _until_taken(inline, 1)
            queued = threads.submit(submit)
            _until(lambda: inline.waiting == 1)
        # Who waits when the place is given back gets it.
        assert (first.result().status_code, queued.result().status_code) == (202, 202)
        _until_taken(inline, 0)
        assert 'harmony_http_refused_total{sort="inline"} 2.0' in site.http.get("/metrics").text


def test_bodies_on_their_way_have_a_bound(tmp_path: Path) -> None:
    head = HEAD + b"Content-Length: 65000\r\n\r\n"
    with gated(tmp_path) as site, ExitStack() as open_:
        site.submit()
        coming = gate_of(site)._large
        slow = [open_.enter_context(connection(site, head + bytes(64_990))) for _ in range(coming.limit)]
        _until_taken(coming, coming.limit)
        with connection(site, head) as raw:
            status, headers, problem = answer_of(raw)
        assert (status, problem["code"], headers["connection"]) == (503, "overloaded", "close")
        assert site.submit()["status"] == "queued", "what is small is not concerned"
        slow.pop().close()
        _until_taken(coming, coming.limit - 1)
        assert site.http.post("/v1/jobs", content=SPACIOUS).status_code == 202


def test_streams_have_a_bound_of_their_own(tmp_path: Path) -> None:
    with gated(tmp_path, max_streams=2, max_requests=1) as site:
        job_id = site.submit()["id"]
        with site.stream(f"/v1/jobs/{job_id}/events"), site.stream("/v1/events"):
            accept = {"Accept": "text/event-stream"}
            refused = site.http.get("/v1/events", headers=accept)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert site.http.get(f"/v1/jobs/{job_id}", params={"wait": 1}).status_code == 503
            assert site.http.get(f"/v1/jobs/{job_id}").status_code == 200
            # To wait for the end is a wish that may be left unfulfilled; the job is accepted.
            begin = time.monotonic()
            answer = site.http.post("/v1/jobs", json=SPEECH, headers={"Prefer": "wait=10"})
            assert answer.status_code == 202
            assert "preference-applied" not in answer.headers
            assert time.monotonic() - begin < 5


def test_a_stream_in_disguise_takes_a_place_among_the_streams(tmp_path: Path) -> None:
    with gated(tmp_path, max_streams=2, max_requests=1, max_queued_requests=0) as site, ExitStack() as open_:
        job_id = site.submit()["id"]
        poll = b"GET /v1/jobs/%b?w%%61it=20 HTTP/1.1\r\nHost: localhost\r\n\r\n" % job_id.encode()
        stream = b"GET %b HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAccept: */*\r\n\r\n"
        streams = gate_of(site).bounds[Sort.STREAM]
        for number, hidden in enumerate((poll, stream % b"/v1/events"), 1):
            open_.enter_context(connection(site, hidden))
            _until_taken(streams, number)
            # The only place for requests is free again.
            assert site.http.get(f"/v1/jobs/{job_id}").status_code == 200
        for hidden in (poll, stream % b"/v1/events", stream % (b"/v1/jobs/%b/events" % job_id.encode())):
            with connection(site, hidden.replace(b"Host:", b"Connection: close\r\nHost:")) as raw:
                status, headers, problem = answer_of(raw)
            assert (status, problem["code"]) == (503, "overloaded")
            assert int(headers["retry-after"]) >= 1


def test_who_only_waits_leaves_its_place_to_others(tmp_path: Path) -> None:
    with gated(tmp_path, max_requests=1, max_queued_requests=1) as site, ThreadPoolExecutor(1) as threads:
        waits = threads.submit(site.http.post, "/v1/jobs", json=SPEECH, headers={"Prefer": "wait=10"})
        _until(lambda: bool(_jobs(site)))
        site.complete(_jobs(site)[0]["id"])
        answer = waits.result()
        assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=10")


def test_an_answer_ahead_of_the_body_arrives_and_ends_the_connection(shared: Site) -> None:
    # A body that no route would read is not awaited.
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 60000000\r\n\r\n"
    with connection(shared, head) as raw:
        raw.sendall(bytes(500_000))
        status, headers, problem = answer_of(raw)
    assert (status, problem["code"], headers["connection"]) == (415, "unsupported_media_type", "close")


def test_connections_have_a_bound(tmp_path: Path) -> None:
    most = 10
    with gated(tmp_path, max_connections=most) as site, ExitStack() as open_:
        for _ in range(most):
            open_.enter_context(connection(site))
        _until(lambda: len(site.server.server_state.connections) >= most)
        with connection(site) as raw:
            status, headers, problem = answer_of(raw)
        assert (status, problem["code"], headers["retry-after"]) == (503, "overloaded", "2")


def _jobs(site: Site) -> list[dict[str, Any]]:
    answer = site.http.get("/v1/jobs")
    return list(answer.json()["data"]) if answer.status_code == 200 else []


def _until_taken(bound: Bound, wanted: int) -> None:
    _until(lambda: bound.taken == wanted)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 25
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # until the server has seen what was just sent


@pytest.mark.parametrize(
    ("path", "query", "sort"),
    [
        ("/v1/jobs/job_1", b"wait=5", Sort.STREAM),
        ("/v1/jobs/job_1/audio", b"", Sort.STREAM),
        ("/v1/jobs/job_1/more/audio", b"", Sort.REQUEST),
        ("/v1/jobs/job_1/result", b"format=wav&wait=5", Sort.TRANSFER),
        ("/v1/artifacts/art_1/content", b"wait=5", Sort.TRANSFER),
        ("/v1/jobs", b"wait=5", Sort.REQUEST),
    ],
)
def test_only_a_job_is_waited_for(path: str, query: bytes, sort: Sort) -> None:
    """What is sent takes a place among the transfers, whatever else its address says."""
    assert sort_of({"path": path, "method": "GET", "query_string": query}, {}) is sort
