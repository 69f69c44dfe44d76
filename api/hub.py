"""Tells event streams and long-polls what happened: one listener on the database and one reader for the whole process.

A change names jobs; one query reads the new events of every job that somebody follows, another those of all jobs if
somebody follows all. While a query runs further changes gather, so that the cost follows the database's pace and not
the number of followers. Everything but the queries happens on the event loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio.to_thread

from api.frames import Frame, all_frames, job_frames
from pipelines.errors import HarmonyError
from storage.changes import Change, ChangeThread
from storage.queries import JobReader

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: Frames that one catching-up query reads.
_PAGE = 500

#: Ids that one query names; SQLite takes 32,766 parameters, a planner likes fewer.
_IDS = 500


class Listener:
    """One who follows a job (or, without `job_id`, all of them) from behind a number."""

    def __init__(self, read: Callable[[int], list[Frame]], job_id: str | None, after: int, room: int) -> None:
        self.job_id = job_id
        #: Number of the last frame that the follower has taken.
        self.taken = after
        #: Number of the last frame that was put in front of it.
        self.fed = after
        #: What came before it listened, or too fast for it, is read from the database.
        self.behind = True
        self.closed = False
        self._read = read
        self._again = False
        self._room = room
        self._frames: deque[Frame] = deque()
        self._wake = asyncio.Event()

    def feed(self, frames: Iterable[Frame]) -> None:
        """Puts new frames in front of it; never waits for it."""
        if self.behind:
            self.stir()
            return
        self._frames.extend(frame for frame in frames if frame.number > self.fed)
        if self._frames:
            self.fed = self._frames[-1].number
            self._wake.set()
        if len(self._frames) > self._room:
            self._frames.clear()
            self.behind = True

    def stir(self) -> None:
        """Lets one that reads for itself look again."""
        self._again = True
        self._wake.set()

    def close(self) -> None:
        """Ends the waiting; no more will come."""
        self.closed = True
        self._wake.set()

    async def next(self, seconds: float) -> list[Frame]:
        """What came since the last call, in order; empty after `seconds`, or when the hub closes."""
        end = asyncio.get_running_loop().time() + seconds
        while not self.closed:
            frames = await self._catch_up() if self.behind else self._take()
            if frames:
                self.taken = frames[-1].number
                return frames
            try:
                async with asyncio.timeout_at(end):
                    await self._wake.wait()
            except TimeoutError:
                return []
        return []

    def _take(self) -> list[Frame]:
        self._wake.clear()
        frames = list(self._frames)
        self._frames.clear()
        return frames

    async def _catch_up(self) -> list[Frame]:
        self._wake.clear()
        self._again = False
        frames = await _in_thread(partial(self._read, self.taken))
        if len(frames) < _PAGE and not self._again:
            self.behind = False
            self.fed = frames[-1].number if frames else self.taken
        return frames


class Hub:
    """The followers of this process."""

    def __init__(self, url: str, reader: JobReader, *, room: int) -> None:
        self._url = url
        self._reader = reader
        self._room = room
        self._jobs: dict[str, set[Listener]] = {}
        self._everyone: set[Listener] = set()
        self._changed: set[str] = set()
        self._look_at_all = False
        self._wake = (asyncio.Event(), asyncio.Event())
        self._thread: ChangeThread | None = None
        self._pumps: list[asyncio.Task[None]] = []
        self._closed = False

    def start(self) -> None:
        """Begins to listen; on a running event loop."""
        loop = asyncio.get_running_loop()

        def tell(change: Change | None) -> None:
            # The loop may close while this thread is on its way out.
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._on_change, change)

        self._thread = ChangeThread(self._url, tell)
        self._thread.start()
        self._pumps = [
            loop.create_task(_pump(self._wake[0], self._feed_jobs)),
            loop.create_task(_pump(self._wake[1], self._feed_everyone)),
        ]

    def end_streams(self) -> None:
        """Ends every stream and long-poll, so that a server that stops need not wait for them."""
        self._closed = True
        for listener in self._all():
            listener.close()

    async def stop(self) -> None:
        """Stops listening."""
        self.end_streams()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        if self._thread is not None:
            await anyio.to_thread.run_sync(self._thread.stop)

    @property
    def closing(self) -> bool:
        """Whether this process is on its way out: nobody is told anything any more."""
        return self._closed

    @property
    def followers(self) -> int:
        """How many streams and long-polls there are."""
        return len(self._everyone) + sum(map(len, self._jobs.values()))

    @contextmanager
    def follow(self, job_id: str | None, after: int) -> Iterator[Listener]:
        """A listener for the block: of one job behind `seq`, or of all behind `position`."""
        if job_id is None:
            listener = Listener(
                lambda number: all_frames(self._reader.all_events(number, _PAGE)), None, after, self._room
            )
            group = self._everyone
        else:
            listener = Listener(
                lambda number: job_frames(self._reader.events(job_id, number, _PAGE)), job_id, after, self._room
            )
            group = self._jobs.setdefault(job_id, set())
        listener.closed = self._closed
        group.add(listener)
        try:
            yield listener
        finally:
            group.discard(listener)
            if job_id is not None and not group and self._jobs.get(job_id) is group:
                del self._jobs[job_id]

    def _all(self) -> list[Listener]:
        return [*self._everyone, *(listener for group in self._jobs.values() for listener in group)]

    def _on_change(self, change: Change | None) -> None:
        if change is None or change.everything:
            self._look_at_all = True
        else:
            self._changed |= change.jobs & self._jobs.keys()
        if self._jobs and (self._changed or self._look_at_all):
            self._wake[0].set()
        if self._everyone and (change is None or change.positions):
            self._wake[1].set()

    async def _feed_jobs(self) -> None:
        changed, self._changed = self._changed, set()
        if self._look_at_all:
            self._look_at_all = False
            changed |= await self._advanced()
        ids = [job_id for job_id in changed if job_id in self._jobs]
        for start in range(0, len(ids), _IDS):
            some = ids[start : start + _IDS]
            after = min((listener.fed for job_id in some for listener in self._jobs.get(job_id, ())), default=0)
            frames = await _in_thread(partial(self._read_jobs, some, after))
            for job_id in some:
                for listener in self._jobs.get(job_id, ()):
                    listener.feed(frames.get(job_id, ()))

    async def _advanced(self) -> set[str]:
        """The second look of rule 8: jobs that moved on though nobody told us."""
        found: set[str] = set()
        ids = list(self._jobs)
        for start in range(0, len(ids), _IDS):
            versions = await _in_thread(partial(self._reader.versions, ids[start : start + _IDS]))
            for job_id, seq in versions.items():
                if any(listener.behind or listener.fed < seq for listener in self._jobs.get(job_id, ())):
                    found.add(job_id)
        return found

    async def _feed_everyone(self) -> None:
        for listener in self._everyone:
            if listener.behind:
                listener.stir()
        current = [listener for listener in self._everyone if not listener.behind]
        if not current:
            return
        after = min(listener.fed for listener in current)
        frames = await _in_thread(lambda: all_frames(self._reader.all_events(after, _PAGE)))
        for listener in self._everyone:
            listener.feed(frames)
        if len(frames) == _PAGE:
            self._wake[1].set()

    def _read_jobs(self, ids: list[str], after: int) -> dict[str, list[Frame]]:
        rows = self._reader.events_of(ids, after)
        by_job: dict[str, list[Frame]] = {}
        for row, frame in zip(rows, job_frames(rows), strict=True):
            by_job.setdefault(row.job_id, []).append(frame)
        return by_job


async def _pump(wake: asyncio.Event, feed: Callable[[], Awaitable[None]]) -> None:
    while True:
        await wake.wait()
        wake.clear()
        try:
            await feed()
        except HarmonyError as error:
            # The next second's look finds what was missed now.
            _log.warning("events.unread code=%s", error.code)
        except Exception:  # noqa: BLE001 - a fault in one round must not silence every stream from then on
            _log.exception("events.unread")


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await anyio.to_thread.run_sync(work)
