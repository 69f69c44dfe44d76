"""How much of the bare engine's speed is left when its work comes as jobs: real models, recordings and sentences."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from benchmarks.bare import LANGUAGE, MODELS, VOICE
from benchmarks.load import Connection, Ends, listening
from benchmarks.material import recordings, sentences
from benchmarks.report import Figures
from benchmarks.stack import product
from workers.settings import WorkerSettings
from workers.slot import THREAD_VARIABLES
from workers.wav import write_wav

KINDS = ("transcription", "speech")
_BOUNDARY = "harmony-benchmark"


def measure(*, items: int, rounds: int, console: Console) -> Figures:
    """Alternating rounds of both arms, on an engine that is loaded; the stack is idle while the bare engine runs."""
    figures: Figures = {"efficiency_items": items, "engine_threads": WorkerSettings().engine_threads}
    with product("sqlite") as stack:
        for kind in KINDS:
            jobs = _transcriptions(items) if kind == "transcription" else _speeches(items)
            asyncio.run(_seconds(stack.url, jobs[:1]))
            with program("benchmarks.bare", kind, str(items)) as bare:
                pairs = [_pair(number, bare, stack.url, jobs) for number in range(rounds)]
            ratios = [alone / ours for alone, ours in pairs]
            figures |= {
                f"efficiency_ratio_{kind}": statistics.median(ratios),
                f"efficiency_ratio_{kind}_least": min(ratios),
                f"efficiency_bare_{kind}_s": statistics.median(alone for alone, _ in pairs),
                f"efficiency_system_{kind}_s": statistics.median(ours for _, ours in pairs),
            }
            console.print(f"efficiency: {kind} {statistics.median(ratios):.3f}", style="dim")
    return figures


def _pair(number: int, bare: subprocess.Popen[str], url: str, jobs: Sequence[tuple[bytes, str]]) -> tuple[float, float]:
    """Seconds of the bare engine and of the system, in an order that changes from round to round."""
    if number % 2:
        ours = asyncio.run(_seconds(url, jobs))
        return _bare_seconds(bare), ours
    return _bare_seconds(bare), asyncio.run(_seconds(url, jobs))


@contextmanager
def program(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A bare engine's program, with as many threads as a slot has, once it is ready."""
    threads = str(WorkerSettings().engine_threads)
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | dict.fromkeys(THREAD_VARIABLES, threads),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if _line(process) != "ready":
            raise RuntimeError(f"{module} did not start")
        yield process
    finally:
        process.terminate()
        process.communicate()


def _bare_seconds(process: subprocess.Popen[str]) -> float:
    return float(said(process, ""))


def said(process: subprocess.Popen[str], line: str) -> str:
    """What the program answers to a line."""
    if process.stdin is None:
        raise RuntimeError("the bare engine was started without a pipe")
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return _line(process)


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("the bare engine was started without a pipe")
    return process.stdout.readline().strip()


async def _seconds(url: str, jobs: Sequence[tuple[bytes, str]]) -> float:
    """From the first submit to the last end, all submitted at once."""
    async with listening(url) as ends:
        started = time.monotonic()
        finished = await asyncio.gather(*(_end_of(url, ends, *job) for job in jobs))
    return max(finished) - started


async def _end_of(url: str, ends: Ends, body: bytes, media_type: str) -> float:
    connection = await Connection.open(url)
    job_id = await connection.submit(body, f"Content-Type: {media_type}\r\n")
    connection.close()
    return await ends.of(job_id)


def _speeches(items: int) -> list[tuple[bytes, str]]:
    """A body and its type for each job."""
    options = {"voice": VOICE, "format": "wav"}
    jobs = [
        {"kind": "speech", "model": MODELS["speech"], "input": {"text": text}, "options": options}
        for text in sentences(items)
    ]
    return [(json.dumps(job).encode(), "application/json") for job in jobs]


def _transcriptions(items: int) -> list[tuple[bytes, str]]:
    """The same, with the recording as the file of a form."""
    job = {"kind": "transcription", "model": MODELS["transcription"], "options": {"language": LANGUAGE}}
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="job"\r\nContent-Type: application/json\r\n\r\n'
        f"{json.dumps(job)}\r\n"
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="audio"; filename="audio.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    bodies = [head.encode() + write_wav(audio) + f"\r\n--{_BOUNDARY}--\r\n".encode() for audio in recordings(items)]
    return [(body, f"multipart/form-data; boundary={_BOUNDARY}") for body in bodies]
