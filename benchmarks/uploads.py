"""How much the API's memory grows while large recordings come in: they are to pass through, not to stay."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Self

import httpx
from rich.console import Console

from benchmarks.footprint import pss
from benchmarks.report import Figures
from benchmarks.stack import API, processes, product
from harmony.background import BackgroundStack
from workers.wav import wav_header

#: Bytes of one upload, and how often it comes through each door.
_BYTES = 100_000_000
_TIMES = 3
_PIECE = 1 << 18
_RATE = 16_000
_BOUNDARY = "harmony-benchmark"
_JOB = json.dumps({"kind": "transcription", "model": "tone"})


def measure(*, console: Console) -> Figures:
    """The most that the API's own memory was over what it was before, in MB (10⁶ bytes), by door."""
    figures: Figures = {"upload_mb": _BYTES / 1e6}
    env = {"HARMONY_OPENAI_MAX_FILE_BYTES": str(2 * _BYTES)}
    with product("sqlite", env) as stack, httpx.Client(base_url=stack.url, timeout=120, trust_env=False) as client:
        for name, path, fields in (
            ("native", "/v1/jobs", {"job": _JOB}),
            ("openai", "/v1/audio/transcriptions", {"model": "tone"}),
        ):
            file = "audio" if name == "native" else "file"
            # The first of a kind loads code, which stays.
            _upload(client, path, fields, file, 1000)
            before = _api_mb(stack)
            with _Watch(stack) as watch:
                for _ in range(_TIMES):
                    _upload(client, path, fields, file, _BYTES)
            figures[f"upload_{name}_growth_mb"] = watch.most - before
            console.print(f"uploads: {name} {watch.most - before:.1f} MB", style="dim")
    figures["upload_growth_mb"] = max(float(figures[f"upload_{name}_growth_mb"]) for name in ("native", "openai"))
    return figures


def _upload(client: httpx.Client, path: str, fields: dict[str, str], file: str, size: int) -> None:
    """Sends a silent recording of `size` bytes; the job that it makes is cancelled."""
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", "Prefer": "respond-async"}
    answer = client.post(path, content=_form(fields, file, size), headers=headers)
    answer.raise_for_status()
    job_id = answer.headers["location"].rpartition("/")[2]
    client.post(f"/v1/jobs/{job_id}/cancel")


def _form(fields: dict[str, str], file: str, size: int) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{file}"; filename="long.wav"\r\n\r\n'.encode()
    yield wav_header(size // 2, _RATE)
    for start in range(0, size, _PIECE):
        yield bytes(min(_PIECE, size - start))
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()


class _Watch:
    """Looks at the API's memory again and again while it is entered; `most` is in MB."""

    def __init__(self, stack: BackgroundStack) -> None:
        self._stack = stack
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory")
        self.most = _api_mb(stack)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        # What is given back late is growth all the same.
        time.sleep(0.5)
        self.most = max(self.most, _api_mb(self._stack))

    def _look(self) -> None:
        while not self._enough.wait(0.05):
            self.most = max(self.most, _api_mb(self._stack))


def _api_mb(stack: BackgroundStack) -> float:
    return pss(processes(stack, API))
