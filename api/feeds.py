"""What jobs have made so far, as it grows: told by their events, read once for all who listen in this process.

One task for each job that somebody listens to reads the new rows; whoever listens takes its bytes at its own pace from
blocks that are shared. So a listener costs a block and a place in a list, and one that stops reading holds up nobody.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from api.blocks import Blocks, Stored
from api.growth import Growth
from pipelines.errors import HarmonyError, Unavailable

_log = logging.getLogger(__name__)


class Feed:
    """The sound of one job so far, as samples or in the job's own format; what there is does not change any more."""

    def __init__(self, blocks: Blocks, *, encoded: bool) -> None:
        self._blocks = blocks
        self._encoded = encoded
        self._pieces: list[Stored] = []
        self._starts: list[int] = []
        self._news = asyncio.Event()
        #: Bytes so far.
        self.size = 0
        self.sample_rate: int | None = None
        #: No more will come.
        self.ended = False
        #: It has the last chunk.
        self.whole = False
        #: Why it ended before the last chunk; without one the job has succeeded all the same.
        self.error: HarmonyError | None = None

    async def fill(self, batches: AsyncIterator[Sequence[Row[Any]]]) -> None:
        """Takes what comes, to the end."""
        try:
            async for rows in batches:
                for row in rows:
                    self._take(row)
                self._tell()
                if self.whole:
                    return
        except HarmonyError as error:
            self.error = error
        except Exception:  # noqa: BLE001 - whoever listens must hear of it, whatever it is
            _log.exception("audio.unread")
            self.error = Unavailable("The sound could not be read.", retry_after=2)
        finally:
            self.ended = True
            self._tell()

    async def read(self, start: int) -> bytes:
        """Some of the bytes from `start` on, which must be there."""
        number = bisect_right(self._starts, start) - 1
        return await self._blocks.read(self._pieces[number], start - self._starts[number])

    async def grown(self) -> None:
        """Waits until there is more, or the end."""
        await self._news.wait()

    def _take(self, row: Row[Any]) -> None:
        self.sample_rate = self.sample_rate or row.sample_rate
        key = row.encoded_key if self._encoded else row.key
        size = (row.encoded_bytes if self._encoded else row.samples * 2) or 0
        if key is not None and size:
            self._pieces.append(Stored(key, size))
            self._starts.append(self.size)
            self.size += size
        # Of what nobody wanted encoded while it was made, the last chunk is not the last of its encoding.
        self.whole = bool(row.last) and (self.size > 0 or not self._encoded)

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


@dataclass
class _Shared:
    feed: Feed
    filling: asyncio.Task[None]
    listeners: int = 0


class Feeds:
    """The feeds of this process, each for as long as somebody listens."""

    def __init__(self, growth: Growth, blocks: Blocks) -> None:
        self.growth = growth
        self.blocks = blocks
        self._shared: dict[tuple[str, bool], _Shared] = {}

    @contextmanager
    def follow(self, job_id: str, *, encoded: bool) -> Iterator[Feed]:
        """The job's feed for the block; on the event loop."""
        place = (job_id, encoded)
        shared = self._shared.get(place)
        if shared is None or shared.feed.error is not None:
            feed = Feed(self.blocks, encoded=encoded)
            shared = self._shared[place] = _Shared(feed, asyncio.ensure_future(self._fill(feed, job_id)))
        shared.listeners += 1
        try:
            yield shared.feed
        finally:
            shared.listeners -= 1
            if shared.listeners == 0:
                shared.filling.cancel()
                if self._shared.get(place) is shared:
                    del self._shared[place]

    async def _fill(self, feed: Feed, job_id: str) -> None:
        async with aclosing(self.growth.batches(job_id)) as batches:
            await feed.fill(batches)
