"""Rows of what a job makes, as it makes them: told by its events, without asking again and again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
from sqlalchemy import Row

from api.errors import JobEnded, leaving
from api.hub import Hub, Listener
from pipelines.events import EventType
from pipelines.jobs import JobStatus
from pipelines.problems import problem
from storage.chunks import ChunkReader
from storage.queries import JobReader, JobRows

_T = TypeVar("_T")

#: Rows that one query reads.
_PAGE = 200
#: Waiting has no end of its own; the hub is asked again this often, in seconds.
_LONG = 3600.0


@dataclass(frozen=True)
class Growth:
    """Where rows of chunks come from."""

    hub: Hub
    reader: JobReader
    chunks: ChunkReader

    async def batches(self, job_id: str) -> AsyncGenerator[Sequence[Row[Any]], None]:
        """The job's chunks from the first on, as they are made, to its end with success.

        Whoever has the last it needs leaves earlier: behind one that is `last`, another may come with the same sound
        encoded, for somebody who came at the last moment.

        JobEnded where it ends otherwise, Unavailable when this process leaves.
        """
        version = await _in_thread(partial(self.reader.version, job_id))
        if version is None:
            # Deleted meanwhile, so it had ended.
            raise _gone()
        seq, status = version
        behind, ended = -1, JobStatus(status).is_terminal
        with self.hub.follow(job_id, seq) as listener:
            while True:
                rows = await _in_thread(partial(self.chunks.after, job_id, None, behind, _PAGE))
                if rows:
                    yield rows
                    behind = rows[-1].number
                elif ended:
                    break
                if len(rows) < _PAGE and not ended:
                    ended = await _news(listener)
        await self.check_success(job_id)

    async def until_end(self, job_id: str, seq: int) -> None:
        """Waits for the job's end from its event `seq` on; Unavailable when this process leaves."""
        with self.hub.follow(job_id, seq) as listener:
            while not await _news(listener):
                pass

    async def check_success(self, job_id: str) -> None:
        """JobEnded if a job that has ended did so without success."""
        rows = await _in_thread(partial(self.reader.get, job_id))
        if rows is None:
            raise _gone()
        check_success(rows)


def check_success(rows: JobRows) -> None:
    """JobEnded for a job that has ended without success."""
    status = JobStatus(rows.job.status)
    if status is JobStatus.SUCCEEDED:
        return
    raise JobEnded(rows.job.error or _no_result(f"The job has {status} and made no result."))


def _gone() -> JobEnded:
    return JobEnded(_no_result("The job was deleted."))


def _no_result(detail: str) -> dict[str, Any]:
    return problem(code="no_result", title="Conflict", status=409, detail=detail)


async def _news(listener: Listener) -> bool:
    """Waits for more chunks or the end; whether it is the end. Unavailable when this process leaves."""
    while True:
        frames = await listener.next(_LONG)
        if any(frame.is_end for frame in frames):
            return True
        if any(frame.type == EventType.STEP_CHUNK for frame in frames):
            return False
        if listener.closed:
            raise leaving()


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await anyio.to_thread.run_sync(work)
