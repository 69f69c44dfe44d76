"""Results in other audio formats, by the same limited helper process as in a worker, a few at once.

No thread of a request and no connection of the database waits for it, and a client that goes away ends the helper. What
is made is a file without a name: it is gone when it is sent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import threading
import wave
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
from fastapi import Request
from sqlalchemy import Row
from starlette.requests import ClientDisconnect

from api.bounds import Bound
from media.client import MediaHelper
from media.formats import MEDIA_TYPES, AudioFormat, written_rate
from media.protocol import MediaLimits
from pipelines.errors import StepCancelled, StepError, Unavailable
from storage.artifacts import ArtifactStore

_log = logging.getLogger(__name__)

#: Helpers at once, and conversions that may wait for one.
AT_ONCE = 2
MOST_WAITING = 32
#: Files that are made or are still being sent: each is on the disk until its client, however slow, has it.
MOST_MADE = 16
#: A client would not wait for longer, in seconds.
_SECONDS = 300
_BUSY = f"{MOST_WAITING} results wait already to be converted."
_FULL = f"{MOST_MADE} converted results are being sent already."


class Made:
    """A file that a result was converted to, opened; it has no name any more, and a place until it is closed."""

    def __init__(self, file: BinaryIO, places: Bound) -> None:
        self.file = file
        self.bytes = os.fstat(file.fileno()).st_size
        self._places: Bound | None = places

    def close(self) -> None:
        """Gives the disk and the place back; on the event loop, as often as one likes."""
        self.file.close()
        if self._places is not None:
            self._places.leave()
            self._places = None


class Conversions:
    """Of one process; made and used on the event loop."""

    def __init__(self, store: ArtifactStore, audio_seconds: float) -> None:
        self._store = store
        self._limits = MediaLimits(audio_seconds=audio_seconds, cpu_seconds=_SECONDS, wall_seconds=_SECONDS)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._threads = anyio.CapacityLimiter(AT_ONCE)
        self._waiting = 0
        self._places = Bound(MOST_MADE)
        #: Those that end by themselves after their client has left; somebody must hold them.
        self._leaving: set[asyncio.Task[Made]] = set()

    async def convert(self, request: Request | None, row: Row[Any], form: AudioFormat) -> Made:
        """The artifact's sound in another format; whoever gets it closes it. Without a request, its task may be ended.

        Unavailable if too many wait or are being sent, or if it cannot be converted; ClientDisconnect if nobody waits
        any more.
        """
        if self._waiting >= MOST_WAITING:
            raise Unavailable(_BUSY, code="overloaded", retry_after=10)
        if self._places.is_full:
            raise Unavailable(_FULL, code="overloaded", retry_after=10)
        gone = threading.Event()
        work = asyncio.create_task(self._in_turn(partial(self._convert, row, form, gone), gone))
        left = asyncio.create_task(_until_gone(request))
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientDisconnect
        finally:
            left.cancel()
            # Ends the helper, if it still works.
            gone.set()
            if not work.done():
                self._leaving.add(work)
                work.add_done_callback(self._dispose)
        try:
            return work.result()
        except StepError as error:
            if error.code.startswith(("artifact_", "storage_")):
                raise
            _log.warning("conversion_failed code=%s detail=%s", error.code, error.detail)
            raise Unavailable(
                f"The result could not be converted: {error.detail}.", code="conversion_failed"
            ) from error

    async def _in_turn(self, work: partial[BinaryIO], gone: threading.Event) -> Made:
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            if gone.is_set():
                raise StepCancelled("nobody waits any more")
            return await self._made(work)
        finally:
            self._turns.release()

    async def _made(self, work: partial[BinaryIO]) -> Made:
        if not self._places.try_enter():
            raise Unavailable(_FULL, code="overloaded", retry_after=10)
        try:
            return Made(await anyio.to_thread.run_sync(work, limiter=self._threads), self._places)
        except BaseException:
            self._places.leave()
            raise

    def _dispose(self, work: asyncio.Task[Made]) -> None:
        """What came though nobody waits: closed, or an error that nobody hears."""
        self._leaving.discard(work)
        if not work.cancelled() and work.exception() is None:
            work.result().close()

    def _convert(self, row: Row[Any], form: AudioFormat, gone: threading.Event) -> BinaryIO:
        with tempfile.TemporaryDirectory(prefix="harmony-result-") as name:
            source, target = Path(name) / "source", Path(name) / "target"
            self._store.fetch(row.key, source, row.sha256)
            if row.media_type == MEDIA_TYPES["pcm"][0]:
                source = _with_header(source, row.sample_rate, channels_in(row, row.bytes))
            rate = None if row.sample_rate is None else written_rate(form, row.sample_rate)
            helper = MediaHelper(self._limits)
            try:
                helper.encode(source, target, form, sample_rate=rate, should_stop=gone.is_set)
            finally:
                helper.close()
            return target.open("rb")


async def _until_gone(request: Request | None) -> None:
    """Returns when the client has left; the request has no body that anybody would miss."""
    if request is None:
        await asyncio.Event().wait()
        return
    while (await request.receive())["type"] != "http.disconnect":
        continue


def channels_in(row: Row[Any], size: int) -> int:
    """One, or two: as many as `size` bytes of its samples of 16 bits are for its length."""
    mono = 2 * float(row.seconds or 0) * int(row.sample_rate or 0)
    return 2 if mono and round(size / mono) == 2 else 1  # noqa: PLR2004 - channels


def _with_header(raw: Path, rate: int, channels: int) -> Path:
    """Samples as a file that says what they are."""
    path = raw.with_suffix(".wav")
    with raw.open("rb") as samples, path.open("wb") as file, wave.open(file, "wb") as written:
        written.setparams((channels, 2, rate, raw.stat().st_size // (2 * channels), "NONE", ""))
        # The header goes out with the first samples.
        written.writeframes(b"")
        shutil.copyfileobj(samples, file)
    return path
