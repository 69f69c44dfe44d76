"""What hundreds of listeners cost: how much later each hears of an event, and what they take of the API's memory."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console

from benchmarks.footprint import pss
from benchmarks.load import Connection, LoadError, tone
from benchmarks.report import Figures
from benchmarks.stack import API, Database, processes, product
from harmony.background import BackgroundStack

#: Connections that are opened side by side.
_AT_ONCE = 50
#: Seconds that all listeners have to hear of one event.
_PATIENCE = 20.0
_WARM = 5
#: How long the job takes that everybody listens to: they have connected by then.
_LONG_MS = 8000


@dataclass
class Listener:
    """One stream; notes when it read of a job's end, and of any job's where it listens to one only."""

    connection: Connection
    heard: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    def of(self, job_id: str) -> asyncio.Future[float]:
        """When the end of the job was read here."""
        if job_id not in self.heard:
            self.heard[job_id] = asyncio.get_running_loop().create_future()
        return self.heard[job_id]

    async def read(self) -> None:
        rest = b""
        async for chunk in self.connection.chunks():
            *frames, rest = (rest + chunk).split(b"\n\n")
            now = time.monotonic()
            for frame in frames:
                if b"event: job.succeeded" in frame:
                    self._take(frame, now)

    def _take(self, frame: bytes, now: float) -> None:
        job_id: str = json.loads(frame[frame.index(b"data: ") + len(b"data: ") :])["job_id"]
        future = self.of(job_id)
        if not future.done():
            future.set_result(now)


def measure(databases: Sequence[Database], *, listeners: int, samples: int, console: Console) -> Figures:
    """Alone first, then with the crowd on `/v1/events`, then the same on the events of one job."""
    figures: Figures = {"listeners": listeners}
    for database in databases:
        with product(database) as stack:
            found = asyncio.run(_one(stack, listeners, samples))
        for name, value in found.items():
            figures[f"listeners_{database}_{name}"] = value
        console.print(f"listeners: {database} {found}", style="dim")
    return figures


async def _one(stack: BackgroundStack, count: int, samples: int) -> dict[str, float]:
    connection = await Connection.open(stack.url)
    async with _crowd(stack.url, ["/v1/events"]) as alone:
        await _times(connection, alone, _WARM)
        first = [times[0] for times in await _times(connection, alone, samples)]
        before = _api_mb(stack)
        async with _crowd(stack.url, ["/v1/events"] * count) as crowd:
            times = await _times(connection, crowd, samples)
            everywhere = _api_mb(stack)
        one = await _end_of_one(connection, stack.url, 1)
        many = await _end_of_one(connection, stack.url, count)
    connection.close()
    base = statistics.median(first)
    return {
        "alone_ms": 1000 * base,
        "added_median_ms": 1000 * (statistics.median(statistics.median(each) for each in times) - base),
        "added_last_ms": 1000 * (statistics.median(max(each) for each in times) - base),
        "single_added_median_ms": 1000 * (statistics.median(many) - one[0]),
        "single_added_last_ms": 1000 * (max(many) - one[0]),
        "api_kb_each": 1000 * (everywhere - before) / count,
    }


async def _times(connection: Connection, crowd: Sequence[Listener], samples: int) -> list[list[float]]:
    """Seconds from the request to each listener's `job.succeeded`, for one job after another."""
    found = []
    for _ in range(samples):
        started = time.monotonic()
        job_id = await connection.submit(tone(stages=1))
        async with asyncio.timeout(_PATIENCE):
            heard = await asyncio.gather(*(listener.of(job_id) for listener in crowd))
        found.append([at - started for at in heard])
    return found


async def _end_of_one(connection: Connection, url: str, count: int) -> list[float]:
    """Seconds from the end of a job, by its own document, to each of those who listen to that job alone."""
    options = {"stages": 1, "format": "wav", "delay_ms": _LONG_MS}
    job = {"kind": "speech", "model": "tone", "input": {"text": "do re mi"}, "options": options}
    job_id = await connection.submit(json.dumps(job).encode())
    async with _crowd(url, [f"/v1/jobs/{job_id}/events"] * count) as crowd:
        async with asyncio.timeout(_PATIENCE + _LONG_MS / 1000):
            heard = await asyncio.gather(*(listener.of(job_id) for listener in crowd))
        # Heard by the monotonic clock, ended by the calendar's.
        apart = time.time() - time.monotonic()
        answer = await connection.request("GET", f"/v1/jobs/{job_id}")
    ended = datetime.fromisoformat(json.loads(answer.body)["finished_at"]).timestamp()
    return [at + apart - ended for at in heard]


@asynccontextmanager
async def _crowd(url: str, paths: Sequence[str]) -> AsyncIterator[list[Listener]]:
    """One connected listener for each path."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def join(path: str) -> Listener:
        async with gate:
            connection = await Connection.open(url)
            await connection.begin("GET", path, headers="Accept: text/event-stream\r\n")
            return Listener(connection)

    crowd = list(await asyncio.gather(*map(join, paths)))
    reading = [asyncio.create_task(listener.read()) for listener in crowd]
    try:
        yield crowd
        # A job's own stream ends with the job; that is no failure.
        broken = [task for task in reading if task.done() and task.exception() is not None]
        if broken:
            raise LoadError(f"{len(broken)} of {len(crowd)} streams broke off")
    finally:
        for task, listener in zip(reading, crowd, strict=True):
            task.cancel()
            listener.connection.close()
        await asyncio.gather(*reading, return_exceptions=True)


def _api_mb(stack: BackgroundStack) -> float:
    return pss(processes(stack, API))
