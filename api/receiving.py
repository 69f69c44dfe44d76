"""One file of a form, stored while it arrives."""

from __future__ import annotations

import asyncio
from typing import BinaryIO, cast

import anyio.to_thread

from api.multipart import Part, media_type_of
from api.pipe import Pipe
from api.services import Services
from pipelines.errors import InvalidRequest
from storage.submitting import NewArtifact

#: So much of a file has come before a thread begins to store it, in bytes.
_BEGIN_BYTES = 64 * 1024


class FileSink:
    """Takes the file's pieces on the event loop, and stores them under `key` in a thread."""

    def __init__(self, services: Services, part: Part, key: str) -> None:
        self._services, self._part, self._key = services, part, key
        self._pipe = Pipe(asyncio.get_running_loop())
        self._storing: asyncio.Future[NewArtifact] | None = None

    async def feed(self, data: bytes) -> None:
        """The next piece."""
        # A client that sends next to nothing takes no thread.
        if self._pipe.held + len(data) > _BEGIN_BYTES:
            self._begin()
        await self._pipe.send(data)

    async def finish(self) -> NewArtifact:
        """The stored file; InvalidRequest `audio_empty` if there is nothing in it."""
        self._pipe.finish()
        stored = await self._begin()
        if stored.bytes == 0:
            raise InvalidRequest.of(self._part.name, "the file is empty", code="audio_empty")
        return stored

    async def abort(self, error: BaseException) -> NewArtifact | None:
        """The rest will not come; the file, if all of it had come and it is in the store."""
        if self._storing is None:
            return None
        self._pipe.finish(error)
        [stored] = await asyncio.gather(self._storing, return_exceptions=True)
        return stored if isinstance(stored, NewArtifact) else None

    def _begin(self) -> asyncio.Future[NewArtifact]:
        if self._storing is None:
            self._storing = asyncio.ensure_future(self._store())
        return self._storing

    async def _store(self) -> NewArtifact:
        media_type, source = media_type_of(self._part.content_type), cast("BinaryIO", self._pipe)
        put = self._services.artifacts.put
        try:
            stored = await anyio.to_thread.run_sync(
                lambda: put(self._key, source, media_type=media_type), limiter=self._services.uploads
            )
        finally:
            self._pipe.abandon()
        return NewArtifact("audio", self._key, media_type, stored.bytes, stored.sha256)
