"""A stream from the event loop to a thread, with little of it in memory at any time."""

from __future__ import annotations

import asyncio
import io
import queue
import threading

#: Bytes in flight; the server hands over up to 256 KiB at a time.
_BYTES = 256 * 1024


class BrokenUpload(OSError):
    """The sending side went away before the end."""


class Pipe(io.RawIOBase):
    """Written on the event loop with `send`, read in one thread as a file."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pieces: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        self._room = asyncio.Event()
        self._room.set()
        #: Bytes that were sent and not read yet.
        self.held = 0
        self._rest = memoryview(b"")
        self._ended = False
        self._abandoned = threading.Event()

    async def send(self, piece: bytes) -> None:
        """Hands over a piece once there is room; what nobody reads any more is dropped."""
        if not piece or self._abandoned.is_set():
            return
        self.held += len(piece)
        self._pieces.put(piece)
        if self.held > _BYTES:
            self._room.clear()
            await self._room.wait()

    def finish(self, error: BaseException | None = None) -> None:
        """The end, or why there is none: the reader then raises BrokenUpload."""
        self._pieces.put(b"" if error is None else error)

    def abandon(self) -> None:
        """The reader has stopped: `send` must not wait for it."""
        self._abandoned.set()
        self._room.set()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """A piece as it came, or its beginning: nothing is gathered, so little is in memory."""
        if not self._rest and not self._ended:
            self._rest = memoryview(self._next())
        piece = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(piece) :]
        return bytes(piece)

    def _taken(self, count: int) -> None:
        self.held -= count
        if self.held <= _BYTES:
            self._room.set()

    def _next(self) -> bytes:
        piece = self._pieces.get()
        if isinstance(piece, BaseException):
            self._ended = True
            raise BrokenUpload("the upload was broken off") from piece
        if piece:
            self._loop.call_soon_threadsafe(self._taken, len(piece))
        else:
            self._ended = True
        return piece
