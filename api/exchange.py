"""One request and its answer at the edge: a body that comes too slowly is a 408; one that nobody reads ends the line.

An answer that is sent before the body was read says `Connection: close`. What is still on its way is then read and
dropped for a moment: a connection closed over unread bytes is reset, and the client might never see the answer.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from starlette.types import Message, Receive, Send

from api.errors import BodyTimeout

_CLOSE = (b"connection", b"close")

#: How long, and how much, is read only to be dropped.
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 2**20

#: So much of a body that is taken in ahead waits in memory, in bytes, and in such pieces it is handed on.
SMALL_BODY = 8 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Pace:
    """How long a body may keep us waiting: `seconds` in all, and one more for each so many bytes that came."""

    seconds: float
    bytes_per_second: int


class Exchange:
    """Stands between the server and the app for one request."""

    def __init__(self, receive: Receive, send: Send, pace: Pace, *, has_body: bool) -> None:
        self._receive = receive
        self._send = send
        self._pace = pace
        self._unread = has_body
        self._fetched: SpooledTemporaryFile[bytes] | None = None
        #: The client has left.
        self._gone = False
        self._waited = 0.0
        self._read = 0

    async def fetch(self, at_most: int) -> None:
        """Takes in the body, or so much of it, ahead of whoever asks for it; BodyTimeout if the client is too slow.

        What is more than small waits in a file. It is written on the event loop, piece by piece into the system's
        memory, which takes less than to hand it to a thread. OSError if there is no room.
        """
        fetched: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=SMALL_BODY)  # noqa: SIM115 - it outlives this call
        try:
            # No name for a piece: it would keep it in memory until the next one comes.
            while self._unread and self._read < at_most:
                fetched.write((await self.receive()).get("body", b""))
            fetched.seek(0)
        except BaseException:
            fetched.close()
            raise
        if self._gone:
            # Which is what whoever asks will hear.
            fetched.close()
        else:
            self._fetched = fetched

    def close(self) -> None:
        """Drops what was taken in and not asked for."""
        if self._fetched is not None:
            self._fetched.close()
            self._fetched = None

    async def receive(self) -> Message:
        """The next piece of the body; BodyTimeout if the client is too slow. How long the app takes does not count."""
        if self._fetched is not None:
            piece = self._fetched.read(_PIECE)
            more = self._fetched.tell() < self._read
            if not more:
                self.close()
            return {"type": "http.request", "body": piece, "more_body": more or self._unread}
        if not self._unread:
            return await self._receive()
        begin = time.monotonic()
        allowed = self._pace.seconds + self._read / self._pace.bytes_per_second - self._waited
        try:
            async with asyncio.timeout(max(0.0, allowed)):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTimeout(
                f"The body came too slowly: {self._read} bytes in {self._waited + allowed:.0f} s."
            ) from error
        self._waited += time.monotonic() - begin
        self._note(message)
        return message

    async def send(self, message: Message) -> None:
        """The answer, which ends the connection if the body was not read."""
        if not self._unread:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send({**message, "headers": [*message.get("headers", ()), _CLOSE]})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            # All that the client waits for is sent; the connection is closed by what comes last.
            await self._send({**message, "more_body": True})
            await self._drop_rest()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drop_rest(self) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while self._unread and dropped < _LINGER_BYTES:
                    before = self._read
                    self._note(await self._receive())
                    dropped += self._read - before
        except TimeoutError:
            return

    def _note(self, message: Message) -> None:
        self._read += len(message.get("body", b""))
        self._gone = message["type"] != "http.request"
        self._unread = not self._gone and message.get("more_body", False)
