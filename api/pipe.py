"""A stream from the event loop to a thread, with little of it in memory at any time."""

from __future__ import annotations

import asyncio
import io
import queue
import threading
from typing import cast

#: Pieces in flight; the server hands over some 64 KiB at a time.
_PIECES = 8


class BrokenUpload(OSError):
    """The sending side went away before the end."""


class Pipe(io.RawIOBase):
    """Written on the event loop with `send`, read in one thread as a file."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        self._room = asyncio.Semaphore(_PIECES)
        self._rest = memoryview(b"")
        self._ended = False
        self._abandoned = threading.Event()

    async def send(self, piece: bytes) -> None:
        """Hands over a piece once there is room; what nobody reads any more is dropped."""
        if not piece or self._abandoned.is_set():
            return
        await self._room.acquire()
        self._pieces.put(piece)

    def finish(self, error: BaseException | None = None) -> None:
        """The end, or why there is none: the reader then raises BrokenUpload."""
        self._pieces.put(b"" if error is None else error)

    def abandon(self) -> None:
        """The reader has stopped: `send` must not wait for it."""
        self._abandoned.set()
        for _ in range(_PIECES):
            self._room.release()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if not self._rest and not self._ended:
            self._rest = memoryview(self._next())
        view = memoryview(cast("bytearray", buffer))
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next(self) -> bytes:
        piece = self._pieces.get()
        if isinstance(piece, BaseException):
            self._ended = True
            raise BrokenUpload("the upload was broken off") from piece
        if piece:
            self._loop.call_soon_threadsafe(self._room.release)
        else:
            self._ended = True
        return piece
