"""What a step has made while it still runs: rows that its claim adds, and that listeners read as they come.

Rows are written under the claim's fencing number, like results: whoever lost the step adds nothing, so the rows of all
attempts together are one sound without a gap and without a repetition. Their bytes lie in the store before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Row, bindparam, case, delete, insert, select, update

from pipelines.errors import NotFound
from pipelines.events import EventType
from pipelines.jobs import JobStatus, Phase
from storage.claims import Claim, Signal, Told
from storage.database import AnyConnection, Database, ReadConnection, WriteConnection, db_now
from storage.history import NewEvent, append
from storage.tables import jobs
from storage.tables_chunks import chunks

#: Raw samples: what listeners of `wav` and `pcm` read. Any other format names the job's own.
PCM = "pcm"
#: Of one step: each is two seconds of work or a clause, and a text has no more clauses than characters.
MOST_CHUNKS = 100_000


@dataclass(frozen=True)
class NewChunk:
    """A chunk to be: its bytes lie in the store already."""

    number: int
    kind: Literal["audio", "segments"] = "audio"
    key: str | None = None
    samples: int = 0
    sample_rate: int | None = None
    clauses: int = 0
    text: str | None = None
    encoded_key: str | None = None
    encoded_bytes: int | None = None
    body: Sequence[Mapping[str, Any]] | None = None
    #: Where it ends, in seconds of the whole.
    ends_at: float = 0.0
    last: bool = False


# Statements of the hot path are built once: building one costs more than running it.
_held_job = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.fence == bindparam("under_fence"),
        jobs.c.phase == Phase.CLAIMED.value,
        jobs.c.status == JobStatus.RUNNING.value,
    )
    .values(seq=jobs.c.seq + 1)
    .returning(jobs.c.seq, jobs.c.stream, db_now().label("now"))
)
_status = select(jobs.c.status).where(
    jobs.c.id == bindparam("of_job"),
    jobs.c.fence == bindparam("under_fence"),
    jobs.c.phase == Phase.CLAIMED.value,
)
_insert_chunks = insert(chunks)
_after = (
    select(chunks)
    .where(chunks.c.job_id == bindparam("of_job"), chunks.c.number > bindparam("behind"))
    .order_by(chunks.c.step_index, chunks.c.number)
    .limit(bindparam("most"))
)
_after_in_step = _after.where(chunks.c.step_index == bindparam("of_step"))


def add_chunks(connection: WriteConnection, claim: Claim, new: Sequence[NewChunk]) -> Told:
    """See JobStore.add_chunks."""
    work = claim.work
    held = {"of_job": work.job_id, "under_fence": claim.fence}
    row = connection.execute(_held_job, held).one_or_none()
    if row is None:
        status = connection.scalar(_status, held)
        return Told(Signal.CANCEL if status == JobStatus.CANCELLING else Signal.LOST)
    own = {"job_id": work.job_id, "step_index": work.index, "fence": claim.fence, "created_at": row.now}
    connection.execute(_insert_chunks, [{**asdict(chunk), **own} for chunk in new])
    append(connection, work.job_id, row.seq, row.now, [NewEvent(EventType.STEP_CHUNK, _told(work.index, new))])
    return Told(Signal.GO_ON, row.stream)


def _told(index: int, new: Sequence[NewChunk]) -> dict[str, Any]:
    """What the event says: how far the step is, and of a transcript where the new segments are and what they say."""
    told: dict[str, Any] = {"step": index, "chunks": new[-1].number + 1, "seconds": round(new[-1].ends_at, 3)}
    segments = [segment for chunk in new for segment in chunk.body or ()]
    if segments:
        shown = ("id", "start", "end", "text")
        told["segments"] = [{name: one[name] for name in shown if name in one} for one in segments]
    return told


def stream_of(connection: AnyConnection, job_id: str) -> str | None:
    """In which format somebody listens to the job; NotFound if it is not there."""
    row = connection.execute(select(jobs.c.stream).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        msg = f"There is no job {job_id[:64]}."
        raise NotFound(msg, code="job_not_found")
    stream: str | None = row.stream
    return stream


def open_stream(connection: WriteConnection, job_id: str, form: str) -> str:
    """See JobStore.open_stream."""
    is_open = jobs.c.stream.is_not(None) & (jobs.c.stream != PCM)
    opened = update(jobs).where(jobs.c.id == job_id).values(stream=case((is_open, jobs.c.stream), else_=form))
    connection.execute(opened)
    return stream_of(connection, job_id) or form


def forget_chunks(connection: WriteConnection, job_id: str) -> list[str]:
    """Removes the rows of a job that has ended; the keys of their bytes, which are to be noted as garbage."""
    gone = connection.execute(
        delete(chunks).where(chunks.c.job_id == job_id).returning(chunks.c.key, chunks.c.encoded_key)
    )
    return [key for row in gone for key in row if key is not None]


class ChunkReader:
    """Reads chunks as they come; never writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, job_id: str, step_index: int | None = None, number: int = -1, limit: int = 1000) -> list[Row[Any]]:
        """Up to `limit` chunks behind `number` in order, of one step or of the only one that makes any."""
        with self._database.read() as connection:
            return chunks_after(connection, job_id, step_index, number, limit)


def chunks_after(
    connection: ReadConnection, job_id: str, step_index: int | None, number: int, limit: int
) -> list[Row[Any]]:
    """See ChunkReader.after."""
    asked = {"of_job": job_id, "behind": number, "most": limit}
    if step_index is None:
        return list(connection.execute(_after, asked).all())
    return list(connection.execute(_after_in_step, {**asked, "of_step": step_index}).all())
