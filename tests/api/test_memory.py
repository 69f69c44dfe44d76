"""The process that people start does not grow with what is thrown at it: large files, and thousands at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from migrations import upgrade
from tests.api.flood import Flood, Peak, as_many_as, statuses
from tests.api.site import CONFIG, SPEECH

MEBIBYTE = 2**20
SIZE = 192 * MEBIBYTE
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"kind": "vad", "wait_for_worker": true}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="long.wav"\r\n\r\n'
)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[psutil.Process, str]]:
    """`python -m api` and its address."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    settings = {"DATABASE_URL": url, "DATA_DIR": str(tmp_path), "CONFIG": str(CONFIG), "PORT": "0", "LOG_LEVEL": "INFO"}
    # Of thousands who connect before the first speaks, none should be too late for it.
    settings["HEAD_SECONDS"] = "120"
    environment = {**os.environ, **{f"HARMONY_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "api"]
    log = tmp_path / "api.log"
    with (
        log.open("w", encoding="utf-8") as lines,
        subprocess.Popen(command, cwd=CONFIG.parent, env=environment, stderr=lines) as started,
    ):
        end = time.monotonic() + 30
        while not (found := re.search(r"listening on (\S+)", log.read_text(encoding="utf-8"))):
            assert time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.05)  # until the process has started
        yield psutil.Process(started.pid), found[1]
        started.terminate()
        assert started.wait(15) == 0


def test_a_large_file_is_never_whole_in_memory(process: tuple[psutil.Process, str], tmp_path: Path) -> None:
    service, address = process
    service_pss = service.memory_full_info().pss
    assert service_pss < 130 * MEBIBYTE

    def body() -> Iterator[bytes]:
        yield HEAD
        for _ in range(SIZE // MEBIBYTE):
            yield bytes(MEBIBYTE)
        yield b"\r\n--b--\r\n"

    with httpx.Client(base_url=address, timeout=120, trust_env=False) as http:
        answer = http.post("/v1/jobs", content=body(), headers={"content-type": "multipart/form-data; boundary=b"})
        assert answer.status_code == 202, answer.text
        assert answer.json()["request"]["input"]["audio"]["bytes"] == SIZE
    peak = int(Path(f"/proc/{service.pid}/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    assert peak < service_pss + 96 * MEBIBYTE
    [stored] = [file for file in (tmp_path / "artifacts").rglob("*") if file.is_file()]
    assert stored.stat().st_size == SIZE


#: In the suite smaller than they may be: memory that grows with files shows long before their end.
UPLOADS, UPLOAD = 10, 24 * MEBIBYTE
CONNECTIONS = 5000


def pieces(size: int) -> Iterator[bytes]:
    """A form with a file of so many bytes."""
    yield HEAD
    for _ in range(size // MEBIBYTE):
        yield bytes(MEBIBYTE)
    yield b"\r\n--b--\r\n"


def test_many_large_files_at_once_take_little_memory(process: tuple[psutil.Process, str]) -> None:
    service, address = process

    def upload(size: int) -> int:
        form = {"content-type": "multipart/form-data; boundary=b"}
        with httpx.Client(base_url=address, timeout=300, trust_env=False) as http:
            return http.post("/v1/jobs", content=pieces(size), headers=form).status_code

    with ThreadPoolExecutor(UPLOADS) as threads:
        # The process as it is once everything was used: its threads, connections and pools are made at first use.
        assert set(threads.map(upload, [MEBIBYTE] * 2 * UPLOADS)) == {202}
        peak = Peak(service.pid)
        assert list(threads.map(upload, [UPLOAD] * UPLOADS)) == [202] * UPLOADS
    print(f"{UPLOADS} uploads of {UPLOAD // MEBIBYTE} MiB at once: {peak}")  # noqa: T201 - the figures are asked for
    assert peak.grown <= 20


def test_bodies_that_do_not_end_take_little_memory(process: tuple[psutil.Process, str]) -> None:
    service, address = process
    request = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 65000\r\n\r\n" + b" " * 64_990
    )
    warm = Flood(address, 50)
    warm.open()
    warm.ask([request] * warm.count)
    warm.close()
    peak = Peak(service.pid)
    # In portions: who is refused goes, what stays is what counts.
    floods = [Flood(address, 100) for _ in range(12)]
    counts: Counter[int] = Counter()
    try:
        for flood in floods:
            flood.open()
            flood.ask([request] * flood.count)
            counts += statuses(flood.answers(2))
    finally:
        for flood in floods:
            flood.close()
    print(f"1200 bodies that do not end, {dict(counts)}: {peak}")  # noqa: T201 - the figures are asked for
    assert set(counts) == {503}
    assert counts.total() >= 900
    assert peak.grown <= 40


def test_thousands_who_submit_at_once_are_answered_in_little_memory(process: tuple[psutil.Process, str]) -> None:
    service, address = process
    body = json.dumps({**SPEECH, "wait_for_worker": True}).encode()
    request = (
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    warm = Flood(address, 50)
    warm.open()
    warm.ask([request] * warm.count)
    assert set(statuses(warm.answers(30))) == {202}
    warm.close()
    peak = Peak(service.pid)
    flood = Flood(address, as_many_as(CONNECTIONS))
    try:
        flood.open()
        opened = peak.grown
        flood.ask([request] * flood.count)
        answers = flood.answers(150)
    finally:
        flood.close()
    counts = statuses(answers)
    print(f"{flood.count} connections, {dict(counts)}: {peak}, of which +{opened:.1f} MiB for the connections")  # noqa: T201 - the figures are asked for
    assert counts.total() == flood.count
    assert set(counts) <= {202, 429, 503}
    assert counts[202] >= 64
    assert all(b"\r\nretry-after: " in answer for answer in answers if not answer.startswith(b"HTTP/1.1 202 "))
    assert peak.grown <= 60
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as http:
        assert http.post("/v1/jobs", content=body).status_code == 202
