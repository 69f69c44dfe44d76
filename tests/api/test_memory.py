"""Large files pass through: the process that people start does not grow with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from migrations import upgrade
from tests.api.site import CONFIG

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
    environment = {**os.environ, **{f"HARMONY_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "api"]
    with subprocess.Popen(command, cwd=CONFIG.parent, env=environment, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        address = next(line.split()[-1] for line in started.stderr if "listening" in line)
        yield psutil.Process(started.pid), address
        started.terminate()
        # uvicorn stops in order, then dies of the signal that it was sent.
        assert started.wait(10) == -signal.SIGTERM


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
