"""GET /v1/jobs/{id}/audio: the sound as it grows, from any byte on, for one and for many, to its end or the job's."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

import httpx
import pytest

from api.gate import Sort
from storage.chunks import NewChunk
from tests.api.flood import Peak
from tests.api.making import RATE, Making, making
from tests.api.site import Site, serving
from tests.api.test_gate import connection, gate_of
from workers.wav import wav_header

#: How long a test waits for what should come at once.
SOON = 15.0
ENDLESS = wav_header(0, RATE)[:4] + b"\xff" * 4 + wav_header(0, RATE)[8:40] + b"\xff" * 4


class Listener:
    """Somebody who reads in a thread of their own, and tells what came."""

    def __init__(self, site: Site, path: str, **headers: str) -> None:
        self._pieces: Queue[bytes | None] = Queue()
        self._begun = threading.Event()
        self._request = site.http.build_request("GET", path, headers=headers)
        self._client = httpx.Client(base_url=site.url, timeout=SOON, trust_env=False)
        self.heard = b""
        self.broken_off = False
        self.response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with self._client:
            response = self._client.send(self._request, stream=True)
            self.response = response
            self._begun.set()
            try:
                for piece in response.iter_raw():
                    self._pieces.put(piece)
            except httpx.RemoteProtocolError:
                self.broken_off = True
            finally:
                response.close()
                self._pieces.put(None)

    def begun(self) -> httpx.Response:
        """The head of the answer."""
        assert self._begun.wait(SOON)
        assert self.response is not None
        return self.response

    def hears(self, expected: bytes) -> None:
        """Waits until all of this has come, and no more than it."""
        while len(self.heard) < len(expected):
            piece = self._pieces.get(timeout=SOON)
            assert piece is not None
            self.heard += piece
        assert self.heard == expected

    def to_the_end(self) -> bytes:
        """Everything that came."""
        while (piece := self._pieces.get(timeout=SOON)) is not None:
            self.heard += piece
        self._thread.join(SOON)
        return self.heard


def until(job: Making, stream: str) -> None:
    """Waits until somebody listens."""
    _until(lambda: job.stream == stream)


def test_the_sound_flows_while_it_is_made(site: Site) -> None:
    job = making(site)
    listener = Listener(site, job.path)
    until(job, "pcm")
    job.chunk()
    listener.hears(ENDLESS + job.pcm)
    answer = listener.begun()
    assert answer.status_code == 200
    assert "content-length" not in answer.headers
    for name, value in {
        "content-type": "audio/wav",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-sample-rate": str(RATE),
        "transfer-encoding": "chunked",
    }.items():
        assert answer.headers[name] == value
    for _ in range(3):
        job.chunk()
        listener.hears(ENDLESS + job.pcm)
    job.chunk(last=True)
    assert listener.to_the_end() == ENDLESS + job.pcm
    assert not listener.broken_off
    assert site.http.get(f"/v1/jobs/{job.job_id}").json()["status"] == "running"


def test_in_the_jobs_own_format_or_as_samples(shared: Site) -> None:
    job = making(shared, form="mp3")
    own, raw = Listener(shared, job.path), Listener(shared, f"{job.path}?format=pcm")
    until(job, "mp3")
    job.chunk()
    job.chunk()
    own.hears(b"".join(job.encoded))
    raw.hears(job.pcm)
    job.chunk(last=True)
    assert own.to_the_end() == b"".join(job.encoded)
    assert raw.to_the_end() == job.pcm
    assert (own.begun().headers["content-type"], raw.begun().headers["content-type"]) == (
        "audio/mpeg",
        "application/octet-stream",
    )


def test_going_on_at_a_byte_gives_the_same_bytes(shared: Site) -> None:
    job = making(shared, form="mp3")
    first = Listener(shared, job.path)
    until(job, "mp3")
    job.chunk()
    first.hears(b"".join(job.encoded))
    late = [Listener(shared, f"{job.path}?offset={offset}") for offset in (0, 1, 100, len(first.heard))]
    piece = shared.http.get(job.path, headers={"Range": "bytes=100-"})
    assert piece.status_code == 206
    assert piece.headers["content-range"] == f"bytes 100-{len(first.heard) - 1}/*"
    assert piece.content == first.heard[100:]
    some = shared.http.get(job.path, headers={"Range": "bytes=7-11"})
    assert (some.headers["content-range"], some.content) == ("bytes 7-11/*", first.heard[7:12])
    beginning = Listener(shared, job.path, Range="bytes=0-")
    assert beginning.begun().status_code == 200
    job.chunk(last=True)
    whole = first.to_the_end()
    assert whole == b"".join(job.encoded) == beginning.to_the_end()
    for listener, offset in zip(late, (0, 1, 100, len(job.encoded[0])), strict=True):
        assert listener.to_the_end() == whole[offset:]
    # All there is now: ranges as of any file, while the job itself still runs.
    for span, expected in (("bytes=9-", whole[9:]), ("bytes=-9", whole[-9:]), ("bytes=0-", whole)):
        answer = shared.http.get(job.path, headers={"Range": span})
        start = len(whole) - len(expected)
        assert answer.headers["content-range"] == f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        assert answer.content == expected
    ask = {"Range": "bytes=9-"}
    same = shared.http.get(job.path, headers={**ask, "If-Range": f'"{job.job_id}-mp3"'})
    other = shared.http.get(job.path, headers={**ask, "If-Range": '"another"'})
    assert (same.status_code, other.status_code, other.content) == (206, 200, whole)
    job.succeed()
    assert shared.http.get(f"{job.path}?offset=100").content == whole[100:]


def test_behind_the_end(shared: Site) -> None:
    job = making(shared)
    listener = Listener(shared, f"{job.path}?format=pcm&offset=5000")
    until(job, "pcm")
    job.chunk(count=2400)
    job.chunk(count=100, last=True)
    assert listener.to_the_end() == job.pcm[5000:]
    size = len(job.pcm)
    at_end = shared.http.get(f"{job.path}?format=pcm&offset={size}")
    assert (at_end.status_code, at_end.content) == (200, b"")
    for answer in (
        shared.http.get(f"{job.path}?format=pcm&offset={size + 1}"),
        shared.http.get(f"{job.path}?format=pcm", headers={"Range": f"bytes={size}-"}),
    ):
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_job_that_fails_in_the_middle_breaks_off(site: Site) -> None:
    job = making(site)
    listener = Listener(site, job.path)
    until(job, "pcm")
    job.chunk()
    listener.hears(ENDLESS + job.pcm)
    job.fail()
    assert listener.to_the_end() == ENDLESS + job.pcm
    assert listener.broken_off


def test_a_job_that_makes_nothing_is_a_problem_as_of_its_result(shared: Site) -> None:
    failed, cancelled = making(shared), shared.submit()["id"]
    waits = [Listener(shared, path) for path in (failed.path, f"/v1/jobs/{cancelled}/audio")]
    until(failed, "pcm")
    failed.fail()
    shared.store.cancel(cancelled)
    for listener in waits:
        assert (listener.begun().status_code, b"no_result" in listener.to_the_end()) == (409, True)
        assert not listener.broken_off
    assert shared.http.get(failed.path).status_code == shared.http.head(failed.path).status_code == 409


def test_what_cannot_be_heard_is_said(shared: Site) -> None:
    job = making(shared, form="mp3")
    transcription = shared.http.post(
        "/v1/jobs", json={"kind": "vad", "model": "tone", "input": {"audio": {"data": "AAAA"}}}
    ).json()["id"]
    for path, status, code in (
        ("/v1/jobs/job_none/audio", 404, "job_not_found"),
        (f"/v1/jobs/{transcription}/audio", 409, "no_audio"),
        (f"{job.path}?format=flac", 422, "unsupported_format"),
        (f"{job.path}?offset=-1", 422, "invalid_request"),
        (f"{job.path}?offset=x", 422, "invalid_request"),
    ):
        answer = shared.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert "mp3, pcm, wav" in shared.http.get(f"{job.path}?format=flac").json()["detail"]
    head = shared.http.head(job.path)
    assert (head.status_code, head.headers["content-type"]) == (200, "audio/mpeg")
    assert "content-length" not in head.headers
    # Neither of them listens.
    assert job.stream is None


def test_a_job_that_does_not_stream_is_waited_for(shared: Site) -> None:
    job = making(shared, streams=False)
    listener = Listener(shared, f"{job.path}?format=pcm")
    job.chunk()
    job.chunk(last=True)
    job.succeed()
    assert listener.to_the_end() == job.pcm
    assert listener.begun().headers["content-length"] == str(len(job.pcm))
    assert job.stream is None


def test_what_never_streamed_can_be_gone_on_with(shared: Site) -> None:
    job = making(shared, form="mp3", streams=False)
    # As a door orders it, before anybody knows what comes behind the voice.
    shared.store.open_stream(job.job_id, "mp3")
    whole = job.succeed()
    assert shared.http.get(f"{job.path}?offset=7").content == whole[7:]


def test_who_comes_late_hears_the_rest_from_the_result(shared: Site) -> None:
    job = making(shared)
    listener = Listener(shared, job.path)
    until(job, "pcm")
    job.chunk()
    listener.hears(ENDLESS + job.pcm)
    heard = job.pcm
    # The worker never learnt that somebody listens, and wrote no chunk any more.
    job.made.append(b"\x01\x02" * 5000)
    job.succeed()
    assert listener.to_the_end() == ENDLESS + job.pcm
    assert shared.http.get(f"{job.path}?format=pcm&offset={len(heard)}").content == job.pcm[len(heard) :]


def test_who_wants_it_encoded_at_the_last_moment(shared: Site) -> None:
    job, other = making(shared, form="mp3"), making(shared, form="mp3")
    for one in (job, other):
        raw = Listener(shared, f"{one.path}?format=pcm")
        until(one, "pcm")
        one.chunk(encode=False)
        one.chunk(encode=False, last=True)
        assert raw.to_the_end() == one.pcm
    listeners = [Listener(shared, one.path) for one in (job, other)]
    until(job, "mp3")
    until(other, "mp3")
    # The one's worker has seen it, the other's was done.
    job.chunk(0, last=True)
    assert listeners[0].to_the_end() == job.encoded[0]
    whole = other.succeed()
    assert listeners[1].to_the_end() == whole
    assert shared.http.get(f"{other.path}?offset=7").content == whole[7:]
    assert shared.http.get(f"{job.path}?offset=7").content == job.encoded[0][7:]


def test_after_the_chunks_are_gone(shared: Site) -> None:
    job, encoded = making(shared), making(shared, form="mp3")
    for one in (job, encoded):
        listener = Listener(shared, one.path)
        until(one, "pcm" if one is job else "mp3")
        one.chunk(last=True)
        listener.to_the_end()
        one.succeed()
        one.forget()
    # Samples are the same wherever they lie; what was encoded piece by piece is not a part of the result.
    assert shared.http.get(f"{job.path}?format=pcm&offset=1000").content == job.pcm[1000:]
    assert shared.http.get(f"{job.path}?offset=50").content == job.pcm[6:]
    whole = shared.http.get(job.path)
    assert whole.content == wav_header(len(job.pcm) // 2, RATE) + job.pcm
    ranged = shared.http.get(job.path, headers={"Range": "bytes=44-99"})
    assert (ranged.status_code, ranged.content) == (206, job.pcm[:56])
    gone = shared.http.get(f"{encoded.path}?offset=10")
    assert (gone.status_code, gone.json()["code"]) == (410, "stream_expired")
    assert shared.http.get(encoded.path).content == b"encoded as a whole" * 10


@pytest.mark.alone
def test_a_service_that_stops_ends_its_listeners(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        site.beat()
        job, waiting = making(site), making(site)
        listeners = [Listener(site, job.path), Listener(site, waiting.path)]
        until(job, "pcm")
        until(waiting, "pcm")
        job.chunk()
        listeners[0].hears(ENDLESS + job.pcm)
        begin = time.monotonic()
        site.server.should_exit = True
        listeners[0].to_the_end()
        assert listeners[0].broken_off
        assert b'"leaving"' in listeners[1].to_the_end()
        assert listeners[1].begun().status_code == 503
        took = time.monotonic() - begin
    assert took < 4


def test_who_stops_reading_loses_its_place_and_the_others_hear_on(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, send_seconds=0.5, max_streams=2) as site:
        site.beat()
        job = making(site)
        ask = f"GET {job.path}?format=pcm HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with connection(site, ask, room=4096) as raw:
            until(job, "pcm")
            job.chunk(count=4_000_000)
            assert raw.recv(100).startswith(b"HTTP/1.1 200 ")
            other = Listener(site, f"{job.path}?format=pcm")
            job.chunk()
            # The stuck one is cut off, and its place is free though its socket stays open.
            places = gate_of(site).bounds[Sort.STREAM]
            _until(lambda: places.taken == 1)
            job.chunk(last=True)
            assert hashlib.sha256(other.to_the_end()).digest() == hashlib.sha256(job.pcm).digest()


def test_a_stream_has_a_place_among_the_streams(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, max_streams=1) as site:
        site.beat()
        job = making(site)
        listener = Listener(site, job.path)
        until(job, "pcm")
        refused = site.http.get(job.path)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert site.http.head(job.path).status_code == 200
        job.chunk(last=True)
        listener.to_the_end()


def test_a_hundred_hear_the_same(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        site.beat()
        job = making(site)

        async def listen(client: httpx.AsyncClient) -> str:
            digest = hashlib.sha256()
            async with client.stream("GET", f"{job.path}?format=pcm") as response:
                async for piece in response.aiter_raw():
                    digest.update(piece)
            return digest.hexdigest()

        async def all_listen() -> list[str]:
            limits = httpx.Limits(max_connections=100)
            async with httpx.AsyncClient(base_url=site.url, timeout=60, limits=limits, trust_env=False) as client:
                return list(await asyncio.gather(*(listen(client) for _ in range(100))))

        with ThreadPoolExecutor(1) as thread:
            listening = thread.submit(asyncio.run, all_listen())
            until(job, "pcm")
            for _ in range(4):
                job.chunk(count=30_000)
            job.chunk(last=True)
            heard = listening.result(60)
        assert set(heard) == {hashlib.sha256(job.pcm).hexdigest()}
        assert len(heard) == 100


def test_a_hundred_who_do_not_read_take_little_memory(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site, ExitStack() as sockets:
        site.beat()
        job = making(site)
        ask = f"GET {job.path}?format=pcm HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        known = set(site.server.server_state.connections)
        for _ in range(100):
            sockets.enter_context(connection(site, ask, room=4096))
        _until(lambda: gate_of(site).bounds[Sort.STREAM].taken == 100)
        samples = 4 * 2**20
        key = f"jobs/{job.job_id}/chunks/0.pcm"
        # Made here, not by the job: what the test itself keeps would count.
        site.artifacts.put_bytes(key, bytes(2 * samples), media_type="application/octet-stream")
        peak = Peak(os.getpid())
        site.store.add_chunks(job.claim, [NewChunk(0, key=key, samples=samples, sample_rate=RATE)])
        ours = set(site.server.server_state.connections) - known
        assert len(ours) == 100
        # As much is on its way to each as will ever be.
        _until(lambda: all(one.transport.get_write_buffer_size() > 2**15 for one in ours))
    print(f"100 who do not read 8 MiB each: {peak}")  # noqa: T201 - the figures are asked for
    assert 2 < peak.grown <= 48


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)  # what happens in the server's loop tells nobody
