"""Stored bytes in memory for those who listen at the same time: each block is read once, however many wait for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import anyio.to_thread

from pipelines.errors import TransientError
from storage.artifacts import ArtifactStore

#: What is read at once, in bytes: over a second of samples at 24 kHz, ten of MP3.
BLOCK = 64 * 1024
#: What is kept of it for the next listener, in bytes.
_KEPT = 16 * 2**20


@dataclass(frozen=True)
class Stored:
    """Bytes in the store that do not change any more: the key, and how many they are."""

    key: str
    bytes: int


class Blocks:
    """The blocks that were read last; of one process, and used on its event loop."""

    def __init__(self, store: ArtifactStore, kept: int = _KEPT) -> None:
        self._store = store
        self._most = kept
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._coming: dict[tuple[str, int], asyncio.Task[bytes]] = {}

    async def read(self, stored: Stored, start: int) -> bytes:
        """The bytes from `start` to the end of their block; StepError if they are not there or storage is away."""
        number, begin = divmod(start, BLOCK)
        block = await self._block(stored, number)
        return block[begin:] if begin else block

    async def _block(self, stored: Stored, number: int) -> bytes:
        place = (stored.key, number)
        found = self._kept.get(place)
        if found is not None:
            self._kept.move_to_end(place)
            return found
        coming = self._coming.get(place)
        if coming is None:
            coming = asyncio.ensure_future(anyio.to_thread.run_sync(partial(self._load, stored, number)))
            self._coming[place] = coming
            coming.add_done_callback(partial(self._came, place))
        # Who leaves does not take it away from the others.
        return await asyncio.shield(coming)

    def _came(self, place: tuple[str, int], coming: asyncio.Task[bytes]) -> None:
        del self._coming[place]
        if coming.cancelled() or coming.exception() is not None:
            return
        block = coming.result()
        self._kept[place] = block
        self._bytes += len(block)
        while self._bytes > self._most:
            self._bytes -= len(self._kept.popitem(last=False)[1])

    def _load(self, stored: Stored, number: int) -> bytes:
        start, end = number * BLOCK, min(stored.bytes, (number + 1) * BLOCK)
        with self._store.open(stored.key, start=start, end=end) as file:
            block = file.read(end - start)
        if len(block) != end - start:
            raise TransientError("The stored bytes are fewer than their row says.", code="artifact_corrupt")
        return block
