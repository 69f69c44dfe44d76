"""A load generator that costs little: HTTP/1.1 over kept connections, one stream of server-sent events for all jobs.

It shares the machine with what it measures, so it does no more than the protocol asks.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

Document = dict[str, Any]

_ENDS = frozenset({b"job.succeeded", b"job.failed", b"job.cancelled", b"job.expired"})
_OK = range(200, 300)


class LoadError(Exception):
    """The system refused a request or a job did not succeed; a measurement of that says nothing."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower case) and, unless it is streamed, body of one response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._url = url
        self._host = urlsplit(url).netloc
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str) -> Self:
        return cls(url, *await _connect(url))

    def close(self) -> None:
        self._writer.close()

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """Sends one request; LoadError if it is refused."""
        answer = await self.begin(method, path, body, headers)
        length = int(answer.headers.get("content-length", 0))
        return Answer(answer.status, answer.headers, await self._reader.readexactly(length))

    async def submit(self, job: bytes, headers: str = "Content-Type: application/json\r\n") -> str:
        """The id of the accepted job."""
        answer = await self.request("POST", "/v1/jobs", job, headers)
        document: Document = json.loads(answer.body)
        return str(document["id"])

    async def begin(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """Sends one request and reads the head of its answer."""
        if self._reader.at_eof():
            # Servers close a connection that was idle for seconds, as it is while a job waits.
            self._writer.close()
            self._reader, self._writer = await _connect(self._url)
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self._writer.write(head.encode() + body)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").rstrip().split("\r\n")
        status = int(first.split(" ", 2)[1])
        if status not in _OK:
            raise LoadError(f"{method} {path} was answered with {first}")
        fields = (line.partition(":") for line in lines)
        return Answer(status, {name.lower(): value.strip() for name, _, value in fields})

    async def body(self, answer: Answer) -> AsyncIterator[bytes]:
        """The body of any answer, as it comes."""
        if (length := answer.headers.get("content-length")) is not None:
            yield await self._reader.readexactly(int(length))
            return
        async for chunk in self.chunks():
            yield chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body of an answer without a length (RFC 9112, section 7.1), as its chunks come."""
        while size := int(await self._reader.readline(), 16):
            yield (await self._reader.readexactly(size + 2))[:-2]


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


class Ends:
    """Hears of the end of every job through one `GET /v1/events`."""

    def __init__(self) -> None:
        self.count = 0
        self._times: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._error: Exception | None = None

    async def of(self, job_id: str) -> float:
        """When the job's `job.succeeded` was read here, by the monotonic clock; perhaps before this was asked."""
        if self._error is not None:
            raise self._error
        if job_id in self._times:
            return self._times.pop(job_id)
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[job_id] = future
        return await future

    async def listen(self, connection: Connection) -> None:
        """Reads until cancelled."""
        try:
            rest = b""
            async for chunk in connection.chunks():
                *frames, rest = (rest + chunk).split(b"\n\n")
                for frame in frames:
                    self._take(frame)
        except LoadError as error:
            self._fail(error)
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            self._fail(LoadError(f"the event stream broke off: {error!r}"))

    def _take(self, frame: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if b": " in line)
        kind = fields.get(b"event")
        if kind not in _ENDS:
            return
        document: Document = json.loads(fields[b"data"])
        if kind != b"job.succeeded":
            raise LoadError(f"{document['job_id']} ended as {kind.decode()}: {document['data']}")
        self.count += 1
        now = time.monotonic()
        waiting = self._waiting.pop(document["job_id"], None)
        if waiting is None:
            self._times[document["job_id"]] = now
        elif not waiting.done():
            waiting.set_result(now)

    def _fail(self, error: Exception) -> None:
        self._error = error
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Ends]:
    """An event stream that is connected when the block begins."""
    connection, ends = await Connection.open(url), Ends()
    await connection.begin("GET", "/v1/events", headers="Accept: text/event-stream\r\n")
    task = asyncio.create_task(ends.listen(connection))
    try:
        yield ends
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        connection.close()


def tone(*, stages: int, text: str = "do re mi") -> bytes:
    """A speech job that costs next to nothing to work on."""
    options = {"stages": stages, "format": "wav"}
    return json.dumps({"kind": "speech", "model": "tone", "input": {"text": text}, "options": options}).encode()
