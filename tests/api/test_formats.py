"""Results in the format that is asked for: right in sound, length and words, and refused where there is none."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil
import pytest
from av.audio.stream import AudioStream

from api import conversion, written
from media.formats import MEDIA_TYPES
from storage.submitting import NewArtifact
from tests.api.site import CHILD, Site, serving
from tests.services.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY
from workers.contract import Audio
from workers.wav import read_wav, write_wav

RATE, SECONDS, TONE = 24_000, 3.0, 440.0
FORMATS = ["wav", "flac", "mp3", "opus", "aac", "pcm"]
#: What each format can carry of 24 kHz; Opus is always decoded at 48 kHz.
DECODED = {"opus": 48_000}
#: An ADTS stream cannot say how much of its first and its last frame is no sound: up to 1024 samples each.
TOLERANCE = {"aac": 2 * 1024 / RATE}
TRANSCRIPT = {
    "text": "Hello there. How are you?",
    "language": "en",
    "language_probability": 0.98,
    "duration": 3.0,
    "segments": [
        {
            "id": 0,
            "start": 0.0,
            "end": 1.0,
            "text": "Hello there.",
            "words": [
                {"word": "Hello", "start": 0.1, "end": 0.4, "probability": 0.9},
                {"word": "there.", "start": 0.5, "end": 0.9, "probability": 0.9},
            ],
        },
        {"id": 1, "start": 1.5, "end": 3.0, "text": "How are you?", "words": []},
    ],
}
EMBEDDING: dict[str, Any] = {
    "embedding": {"family": "campplus", "dimensions": 192, "vector": [number / 7 for number in range(192)]}
}


def sound(seconds: float = SECONDS) -> bytes:
    """A tone as an engine writes it."""
    times = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    return write_wav(Audio(np.sin(2 * np.pi * TONE * times).astype(np.float32) * np.float32(0.5), RATE))


@pytest.fixture(scope="module", params=["local", pytest.param("s3", marks=pytest.mark.services)])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service over each kind of store."""
    folder = tmp_path_factory.mktemp("formats")
    more: dict[str, Any] = {}
    if request.param == "s3":
        more = {
            "artifacts": "s3",
            "s3_endpoint": request.getfixturevalue("s3_url"),
            "s3_bucket": BUCKET,
            "s3_access_key": ACCESS_KEY,
            "s3_secret_key": SECRET_KEY,
        }
    with serving(f"sqlite:///{folder / 'test.db'}", folder, **more) as running:
        running.beat()
        yield running


def spoken(site: Site, content: bytes, form: str = "wav") -> str:
    """A finished speech job with this result."""
    job_id = str(site.submit()["id"])
    claim = site.claim(job_id)
    media_type, extension = MEDIA_TYPES[form]  # type: ignore[index]  # one of ours
    key = f"jobs/{job_id}/0/audio.{extension}"
    site.artifacts.put_bytes(key, content, media_type=media_type)
    digest = hashlib.sha256(content).hexdigest()
    site.store.complete_step(claim, [NewArtifact("audio", key, media_type, len(content), digest, SECONDS, RATE)])
    return job_id


def worded(site: Site, kind: str, document: dict[str, Any]) -> str:
    """A finished job whose result is this document."""
    job_id = str(site.submit(kind=kind, model=None, input={"audio": {"data": "AAAA"}})["id"])
    rows = site.reader.get(job_id)
    assert rows is not None
    for index in range(len(rows.steps)):
        claim = site.claim(job_id, index) if index == 0 else _next(site, job_id, index)
        content = json.dumps(document).encode()
        key = f"jobs/{job_id}/{index}/x.json"
        site.artifacts.put_bytes(key, content, media_type="application/json")
        digest = hashlib.sha256(content).hexdigest()
        last = index == len(rows.steps) - 1
        made = [NewArtifact("audio", key, "application/json", len(content), digest)]
        site.store.complete_step(claim, made, document if last else None)
    return job_id


def _next(site: Site, job_id: str, index: int) -> Any:
    rows = site.reader.get(job_id)
    assert rows is not None
    return site.store.claim_step(job_id, index, publication=rows.job.publication, child=CHILD, limit=lambda _work: 60.0)


def get(site: Site, job_id: str, form: str, **headers: str) -> httpx.Response:
    """The answer, behind a redirection to the object store if there is one."""
    answer = site.http.get(f"/v1/jobs/{job_id}/result", params={"format": form}, headers=headers)
    if answer.status_code == 303:
        return httpx.get(answer.headers["location"], trust_env=False)
    return answer


def decoded(content: bytes, form: str) -> tuple[np.ndarray, int]:
    """Mono samples and their rate, as any other program would hear them."""
    if form == "pcm":
        return np.frombuffer(content, "<i2").astype(np.float32) / 32768, RATE
    with av.open(io.BytesIO(content), "r") as container:
        [stream] = container.streams
        assert isinstance(stream, AudioStream)
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        rate = stream.codec_context.sample_rate
    samples = np.concatenate([frame.reshape(-1) for frame in frames]).astype(np.float32)
    return (samples / 32768 if frames[0].dtype == np.int16 else samples), rate


@pytest.mark.parametrize("form", FORMATS)
def test_a_result_in_every_format(stored: Site, form: str) -> None:
    job_id = spoken(stored, sound())
    answer = get(stored, job_id, form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPES[form][0]  # type: ignore[index]  # one of ours
    assert answer.headers["content-disposition"] == f'attachment; filename="{job_id}.{form}"'
    assert len(answer.content) == int(answer.headers["content-length"])
    samples, rate = decoded(answer.content, form)
    assert rate == DECODED.get(form, RATE)
    assert len(samples) / rate == pytest.approx(SECONDS, abs=TOLERANCE.get(form, 0.05))
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()] == pytest.approx(TONE, abs=2)


@pytest.mark.parametrize("source", ["mp3", "opus", "pcm"])
def test_from_whatever_was_stored(stored: Site, source: str) -> None:
    content = get(stored, spoken(stored, sound()), source).content
    job_id = spoken(stored, content, source)
    assert get(stored, job_id, source).content == content
    samples, rate = decoded(get(stored, job_id, "flac").content, "flac")
    assert rate == RATE
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.1)
    wav = read_wav(get(stored, job_id, "wav").content)
    assert wav.sample_rate == RATE
    assert wav.seconds == pytest.approx(SECONDS, abs=0.1)


def test_what_has_the_format_is_served_as_it_is(stored: Site) -> None:
    content = sound()
    job_id = spoken(stored, content)
    assert get(stored, job_id, "wav").content == content
    direct = stored.http.get(f"/v1/jobs/{job_id}/result?format=wav")
    assert direct.status_code == (303 if stored.settings.artifacts == "s3" else 200)
    plain = stored.http.get(f"/v1/jobs/{job_id}/result")
    if stored.settings.artifacts == "local":
        part = stored.http.get(f"/v1/jobs/{job_id}/result?format=wav", headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"RIFF")
        assert plain.headers["content-disposition"].startswith("inline")


def test_a_client_that_has_it_gets_nothing(shared: Site) -> None:
    for job_id, form in ((spoken(shared, sound()), "mp3"), (worded(shared, "transcription", TRANSCRIPT), "srt")):
        tag = get(shared, job_id, form).headers["etag"]
        again = get(shared, job_id, form, **{"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        head = shared.http.head(f"/v1/jobs/{job_id}/result?format={form}")
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


def test_a_transcript_in_every_format(shared: Site) -> None:
    job_id = worded(shared, "transcription", TRANSCRIPT)
    assert get(shared, job_id, "json").json() == TRANSCRIPT
    assert get(shared, job_id, "txt").text == "Hello there. How are you?\n"
    assert get(shared, job_id, "srt").text == (
        "1\n00:00:00,100 --> 00:00:01,100\nHello there.\n\n2\n00:00:01,500 --> 00:00:03,000\nHow are you?\n"
    )
    vtt = get(shared, job_id, "vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.100 --> ")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert vtt.headers["content-disposition"] == f'attachment; filename="{job_id}.vtt"'
    assert "sandbox" in vtt.headers["content-security-policy"]


def long_transcript() -> dict[str, Any]:
    """A document of more than 64 KiB, which is in no row."""
    word = {"word": "Hello", "start": 0.0, "end": 0.4, "probability": 0.9}
    segments = [
        {
            "id": number,
            "start": number * 2.0,
            "end": number * 2 + 1.9,
            "text": f"Sentence number {number}.",
            "words": [{**word, "start": number * 2.0 + at / 4, "end": number * 2.0 + at / 4 + 0.2} for at in range(6)],
        }
        for number in range(400)
    ]
    return {**TRANSCRIPT, "text": " ".join(str(part["text"]) for part in segments), "segments": segments}


def test_a_transcript_that_is_too_long_for_its_row_in_every_format(stored: Site) -> None:
    document = long_transcript()
    job_id = worded(stored, "transcription", document)
    rows = stored.reader.get(job_id)
    assert rows is not None
    assert rows.job.output is None
    assert get(stored, job_id, "json").json() == document
    assert get(stored, job_id, "txt").text == f"{document['text']}\n"
    for form in ("srt", "vtt"):
        text = get(stored, job_id, form).text
        assert text.count(" --> ") >= 400
        assert "00:13:1" in text


def test_a_document_over_the_limit_is_refused_with_the_limit(shared: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "MOST_BYTES", 70_000)
    job_id = worded(shared, "transcription", long_transcript())
    answer = get(shared, job_id, "srt")
    assert (answer.status_code, answer.json()["code"]) == (409, "result_too_large")
    assert "70000" in answer.json()["detail"]
    assert shared.http.get(f"/v1/jobs/{job_id}/result").status_code == 200


def test_numbers_in_every_format(shared: Site) -> None:
    job_id = worded(shared, "embedding", EMBEDDING)
    assert get(shared, job_id, "json").json() == EMBEDDING
    vector = np.load(io.BytesIO(get(shared, job_id, "npy").content), allow_pickle=False)
    assert (vector.dtype, vector.shape) == (np.float32, (192,))
    assert np.array_equal(vector, np.array(EMBEDDING["embedding"]["vector"], np.float32))
    regions = {"segments": [{"start": 0.5, "end": 1.5}], "speech_seconds": 1.0, "duration": 3.0}
    assert get(shared, worded(shared, "vad", regions), "json").json() == regions


@pytest.mark.parametrize(
    ("kind", "form", "possible"),
    [
        ("speech", "srt", "wav, flac, mp3, opus, aac, pcm"),
        ("speech", "WAV", "wav, flac, mp3, opus, aac, pcm"),
        ("transcription", "mp3", "txt, srt, vtt, json"),
        ("vad", "srt", "json"),
        ("embedding", "txt", "json, npy"),
    ],
)
def test_a_format_that_a_kind_has_not(shared: Site, kind: str, form: str, possible: str) -> None:
    given = {"text": "hello"} if kind == "speech" else {"audio": {"data": "AAAA"}}
    job_id = shared.submit(kind=kind, model=None, input=given)["id"]
    answer = get(shared, job_id, form)
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_format")
    assert answer.json()["errors"] == [
        {"field": "format", "message": f"a {kind} job's result can be had as: {possible}"}
    ]


def test_before_the_end_and_without_a_result(shared: Site) -> None:
    waiting, cancelled = (shared.submit()["id"] for _ in range(2))
    shared.store.cancel(cancelled)
    codes = [get(shared, job_id, "mp3") for job_id in (waiting, cancelled, "job_nobody")]
    assert [(answer.status_code, answer.json()["code"]) for answer in codes] == [
        (409, "not_finished"),
        (409, "no_result"),
        (404, "job_not_found"),
    ]
    gone = spoken(shared, sound())
    shared.artifacts.delete(f"jobs/{gone}/0/audio.wav")
    answer = get(shared, gone, "mp3")
    assert (answer.status_code, answer.json()["code"]) == (410, "artifact_gone")


def test_a_result_that_cannot_be_converted(shared: Site) -> None:
    answer = get(shared, spoken(shared, b"RIFF" + b"no sound at all" * 100), "mp3")
    assert (answer.status_code, answer.json()["code"]) == (503, "conversion_failed")
    assert "not audio" in answer.json()["detail"]


# -------------------------------------------------------------------------------------------------- many, and gone


def helpers() -> list[psutil.Process]:
    """The helper processes of this process, where the API runs in a thread."""
    found = []
    for child in psutil.Process().children():
        try:
            if "media.helper" in child.cmdline():
                found.append(child)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def test_two_at_once_and_the_rest_in_turn(shared: Site) -> None:
    job_id = spoken(shared, sound(30.0))
    # Of other tests of this process.
    before = {helper.pid for helper in helpers()}
    most = 0
    took: list[float] = []
    answers: list[int] = []

    def fetch() -> None:
        with httpx.Client(base_url=shared.url, timeout=60, trust_env=False) as http:
            answers.append(len(http.get(f"/v1/jobs/{job_id}/result?format=mp3").content))

    threads = [threading.Thread(target=fetch) for _ in range(5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, sum(helper.pid not in before for helper in helpers()))
        # Others are served meanwhile, at once.
        began = time.monotonic()
        assert shared.http.get(f"/v1/jobs/{job_id}").status_code == 200
        took.append(time.monotonic() - began)
    assert statistics.median(took) < 0.5, took
    assert (most, len(answers)) == (conversion.AT_ONCE, 5)
    assert len(set(answers)) == 1
    assert answers[0] > 30_000


def test_more_than_may_wait_are_refused(shared: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "MOST_WAITING", 0)
    answer = get(shared, spoken(shared, sound()), "mp3")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert "retry-after" in answer.headers


def test_files_for_slow_readers_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "MOST_MADE", 2)
    with serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path) as site:
        site.beat()
        job_id = spoken(site, sound(300.0))
        port = int(site.url.rsplit(":", 1)[1])
        path = f"/v1/jobs/{job_id}/result?format=pcm&wait=1"
        with begun(port, path), begun(port, path) as slow:
            refused = get(site, job_id, "pcm")
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert "retry-after" in refused.headers
            slow.close()
            _until(lambda: get(site, job_id, "pcm").status_code == 200)
            # Whoever only fetched what was made has given it back.
            assert get(site, job_id, "pcm").status_code == 200


def begun(port: int, path: str) -> socket.socket:
    """A client that has the head of its answer, and reads no further."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(60)
    line.connect(("127.0.0.1", port))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    assert line.recv(16).startswith(b"HTTP/1.1 200")
    return line


def test_a_client_that_leaves_ends_the_helper(shared: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    job_id = spoken(shared, sound(900.0))
    before = {helper.pid for helper in helpers()}
    port = int(shared.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET /v1/jobs/{job_id}/result?format=aac HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        _until(lambda: [helper for helper in helpers() if helper.pid not in before and helper.cpu_times().user > 0.5])
        [helper] = [helper for helper in helpers() if helper.pid not in before]
        assert list(tmp_path.iterdir())
    helper.wait(5)
    _until(lambda: not list(tmp_path.iterdir()))
    # Its turn is another's.
    assert get(shared, spoken(shared, sound()), "aac").status_code == 200


def _until(true: Any) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.05)
