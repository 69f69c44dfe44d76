"""Files that an event loop sends: read in a thread, so that a slow disk holds up nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio.to_thread
import httpx


class _InThreads(httpx.AsyncByteStream):
    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await anyio.to_thread.run_sync(next, self._content, b""):
            yield chunk


def off_the_loop(request: httpx.Request) -> httpx.Request:
    """The same request; its body, if it is made of files, is read in threads."""
    if request.headers.get("content-type", "").startswith("multipart/") and isinstance(
        request.stream, httpx.SyncByteStream
    ):
        request.stream = _InThreads(iter(request.stream))
    return request
