"""A job's sound for whoever reads it from some byte on: as it grows, or the result that is stored."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, BinaryIO, Protocol

import anyio.to_thread
from sqlalchemy import Row

from api.blocks import BLOCK, Stored
from api.conversion import channels_in
from api.errors import BadRange
from api.feeds import Feed
from api.results import main_result
from api.services import Services
from media.formats import MEDIA_TYPES, AudioFormat
from pipelines.errors import Gone, TransientError
from storage.queries import JobRows

#: Formats that are samples, with a header or without.
RAW = frozenset({"wav", "pcm"})

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
#: The length of what has no end yet, as in other programs' streams.
_ENDLESS = 0xFFFFFFFF
#: Where a WAV file's samples begin is known within so many bytes.
_HEAD = 4096


class Sound(Protocol):
    """Bytes from some place on; those that are there do not change."""

    #: Names these bytes among all that the same address may ever give (an entity tag).
    tag: str

    @property
    def sample_rate(self) -> int | None:
        """Samples per second, as far as known."""

    @property
    def made(self) -> int:
        """How many bytes there are so far."""

    @property
    def total(self) -> int | None:
        """How many there are in all; None while that is open."""

    async def read(self, position: int) -> bytes:
        """Some bytes from `position` on, as soon as there are any; none at the end.

        BadRange behind the end, JobEnded where the job ends without success, Gone for what cannot be gone on with,
        StepError where storage is away.
        """


def wav_head(sample_rate: int, size: int | None, channels: int = 1) -> bytes:
    """The 44 bytes before `size` bytes of samples, or before a stream of them."""
    frame = 2 * channels
    data = _ENDLESS if size is None else size
    riff = _ENDLESS if size is None else 36 + size
    return _HEADER.pack(
        b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, channels, sample_rate, sample_rate * frame, frame, 16, b"data", data
    )


class Growing:
    """Out of a feed; what comes once it has ended before its last chunk is read from the result."""

    def __init__(self, feed: Feed, form: AudioFormat, rest: Rest, job_id: str) -> None:
        self.tag = f'"{job_id}-{form}"'
        self._feed = feed
        self._head = _HEADER.size if form == "wav" else 0
        self._rest = rest
        self._result: Sound | None = None

    @property
    def sample_rate(self) -> int | None:
        return self._feed.sample_rate if self._result is None else self._result.sample_rate

    @property
    def made(self) -> int:
        if self._result is not None:
            return self._result.made
        return self._feed.size + (self._head if self._feed.sample_rate is not None else 0)

    @property
    def total(self) -> int | None:
        if self._result is not None:
            return self._result.total
        return self.made if self._feed.whole else None

    async def read(self, position: int) -> bytes:
        """See Sound."""
        feed = self._feed
        while self._result is None:
            if position < self._head and feed.sample_rate is not None:
                return wav_head(feed.sample_rate, None)[position:]
            if self._head <= position < feed.size + self._head:
                return await feed.read(position - self._head)
            if not feed.ended:
                await feed.grown()
            elif feed.error is not None:
                raise feed.error
            elif feed.whole:
                return _none_left(position, self.made)
            else:
                self._result = await self._rest.go_on(position, feed)
        return await self._result.read(position)


class Rest:
    """The result, in place of chunks that were never written: nobody listened when they were made."""

    def __init__(self, services: Services, job_id: str, form: AudioFormat, stack: AsyncExitStack) -> None:
        self._services = services
        self._job_id = job_id
        self._form = form
        self._stack = stack

    async def go_on(self, position: int, feed: Feed) -> Sound:
        """The result from `position` on; Gone if what the feed had does not go on there."""
        rows = await self._services.reading(partial(self._services.reader.get, self._job_id))
        if rows is None:
            raise stream_expired(self._job_id)
        row = main_result(rows)
        same = is_raw(row) and self._form in RAW and feed.sample_rate in {None, row.sample_rate}
        if position and feed.size and not same:
            raise stream_expired(self._job_id)
        return await self._stack.enter_async_context(result_sound(self._services, rows, self._form))


class Whole:
    """A stored artifact, from the byte `skipped` on, behind a head of our own."""

    def __init__(self, services: Services, row: Row[Any], skipped: int = 0, head: bytes = b"") -> None:
        self.tag = f'"{row.sha256}-{len(head)}-{skipped}"'
        self.sample_rate: int | None = row.sample_rate
        self._blocks = services.feeds.blocks
        self._stored = Stored(row.key, row.bytes)
        self._skipped = skipped
        self._head = head

    @property
    def made(self) -> int:
        return len(self._head) + self._stored.bytes - self._skipped

    @property
    def total(self) -> int:
        return self.made

    async def read(self, position: int) -> bytes:
        """See Sound."""
        if position < len(self._head):
            return self._head[position:]
        if position >= self.made:
            return _none_left(position, self.made)
        return await self._blocks.read(self._stored, position - len(self._head) + self._skipped)


class Converted:
    """A file that was made for this reader."""

    def __init__(self, file: BinaryIO, size: int, row: Row[Any], form: AudioFormat) -> None:
        self.tag = f'"{row.sha256}-{form}"'
        self.sample_rate: int | None = row.sample_rate
        self.made = size
        self.total = size
        self._file = file

    async def read(self, position: int) -> bytes:
        """See Sound."""
        if position >= self.made:
            return _none_left(position, self.made)
        return await anyio.to_thread.run_sync(partial(self._at, position))

    def _at(self, position: int) -> bytes:
        self._file.seek(position)
        return self._file.read(BLOCK)


@asynccontextmanager
async def result_sound(services: Services, rows: JobRows, form: AudioFormat) -> AsyncIterator[Sound]:
    """The result of a job that has succeeded, in a format; Gone where it is no longer stored."""
    row = main_result(rows)
    if row.media_type == MEDIA_TYPES[form][0] and form != "wav":
        yield Whole(services, row)
    elif is_raw(row) and form in RAW:
        begin = await services.reading(partial(_samples_at, services, row))
        size = row.bytes - begin
        head = wav_head(row.sample_rate, size, channels_in(row, size)) if form == "wav" else b""
        yield Whole(services, row, begin, head)
    else:
        made = await services.conversions.convert(None, row, form)
        try:
            yield Converted(made.file, made.bytes, row, form)
        finally:
            made.close()


def is_raw(row: Row[Any]) -> bool:
    """Whether an artifact is samples of 16 bits, with a header or without."""
    return row.sample_rate is not None and row.media_type in {MEDIA_TYPES[form][0] for form in ("wav", "pcm")}


def stream_expired(job_id: str) -> Gone:
    """What was heard while it was made cannot be gone on with."""
    detail = f"What was made of it piece by piece is no longer kept. The whole is at /v1/jobs/{job_id}/result."
    return Gone(detail, code="stream_expired")


def _none_left(position: int, total: int) -> bytes:
    if position > total:
        raise BadRange(total)
    return b""


def _samples_at(services: Services, row: Row[Any]) -> int:
    """Where the samples of a stored file begin; TransientError where they are not found."""
    if row.media_type == MEDIA_TYPES["pcm"][0]:
        return 0
    with services.artifacts.open(row.key, start=0, end=min(row.bytes, _HEAD)) as file:
        head = file.read(_HEAD)
    place = 12
    while head[:4] == b"RIFF" and place + 8 <= len(head):
        if head[place : place + 4] == b"data":
            return place + 8
        size = int.from_bytes(head[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    raise TransientError("The stored file is no WAV file.", code="artifact_corrupt")
