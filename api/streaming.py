"""Following what a job makes while it makes it: its sound from any byte on, a transcript segment by segment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import Any

from api.documents import read_job
from api.growth import check_success
from api.results import TRANSCRIPT_KINDS, main_result, makes_sound
from api.services import Services
from api.sounds import RAW, Growing, Rest, Sound, result_sound, stream_expired
from api.written import transcript
from media.formats import MEDIA_TYPES, AudioFormat
from pipelines.errors import Conflict, InvalidRequest
from pipelines.jobs import JobStatus
from pipelines.streams import is_streamed
from storage.chunks import PCM
from storage.queries import JobRows


async def follow_audio(
    services: Services, job_id: str, form: AudioFormat, offset: int = 0
) -> AsyncGenerator[bytes, None]:
    """The job's sound in `form` from byte `offset` on, each piece as soon as it is made.

    `form` is the job's own format, `wav` or `pcm`. Of a job that does not stream, the result once it is there. Errors
    before the first piece and in the middle: JobEnded where the job ends without success, Unavailable where this
    process leaves or storage does, Gone `stream_expired`, BadRange behind the end, InvalidRequest for another format.
    """
    async with opened(services, job_id, form, offset) as sound:
        while piece := await sound.read(offset):
            yield piece
            offset += len(piece)


@asynccontextmanager
async def opened(services: Services, job_id: str, form: AudioFormat, offset: int = 0) -> AsyncIterator[Sound]:
    """The job's sound, to be read from `offset` on; errors as of `follow_audio`."""
    rows = await services.reading(partial(read_job, services, job_id))
    check_form(rows, form)
    rows = await _ready(services, rows, form)
    async with AsyncExitStack() as stack:
        if await _is_live(services, rows, form):
            feed = stack.enter_context(services.feeds.follow(job_id, encoded=form not in RAW))
            yield Growing(feed, form, Rest(services, job_id, form, stack), job_id)
            return
        heard = is_streamed(rows.steps) and is_open(rows, form)
        if offset and heard and (form not in RAW or own_format(rows) not in RAW):
            # What it would go on from was encoded piece by piece, and is not the beginning of the result.
            raise stream_expired(job_id)
        yield await stack.enter_async_context(result_sound(services, rows, form))


async def follow_segments(services: Services, job_id: str) -> AsyncGenerator[Sequence[Mapping[str, Any]], None]:
    """The segments of a transcription or translation, each list as soon as it is there; errors as of `follow_audio`."""
    rows = await services.reading(partial(read_job, services, job_id))
    if rows.job.kind not in TRANSCRIPT_KINDS:
        raise Conflict(f"A {rows.job.kind} job makes no segments.", code="no_segments")
    told = 0
    if not JobStatus(rows.job.status).is_terminal:
        await services.writing(partial(services.jobs.open_stream, job_id, PCM))
        async with aclosing(services.feeds.growth.batches(job_id)) as batches:
            async for batch in batches:
                for row in batch:
                    if row.body:
                        told += len(row.body)
                        yield row.body
                if batch[-1].last:
                    return
        rows = await services.reading(partial(read_job, services, job_id))
    check_success(rows)
    document = await services.reading(partial(transcript, services.artifacts, rows, main_result(rows)))
    rest = (document.get("segments") or ())[told:]
    if rest:
        yield rest


def own_format(rows: JobRows) -> AudioFormat:
    """The format of the job's result."""
    form: AudioFormat = (rows.job.request.get("options") or {}).get("format", "wav")
    return form


def check_form(rows: JobRows, form: str) -> AudioFormat:
    """The format; Conflict for a job without sound, InvalidRequest if its sound cannot be followed in this one."""
    if not makes_sound(rows):
        detail = f"A {rows.job.kind} job makes no sound. Its result is at /v1/jobs/{rows.job.id}/result."
        raise Conflict(detail, code="no_audio")
    possible = sorted({*RAW, own_format(rows)})
    if form not in possible:
        message = f"this job's sound can be followed as: {', '.join(possible)}"
        raise InvalidRequest.of("format", message, code="unsupported_format")
    return next(known for known in MEDIA_TYPES if known == form)


def is_open(rows: JobRows, form: str) -> bool:
    """Whether somebody wants, or wanted, the sound in this format while it is made."""
    return rows.job.stream is not None if form in RAW else rows.job.stream == form


async def _ready(services: Services, rows: JobRows, form: AudioFormat) -> JobRows:
    """Opens the stream of a job that has one, and waits for the end of one that has none."""
    job = rows.job
    if JobStatus(job.status).is_terminal:
        check_success(rows)
        return rows
    if is_streamed(rows.steps):
        if not is_open(rows, form):
            await services.writing(partial(services.jobs.open_stream, job.id, PCM if form in RAW else form))
        return rows
    await services.feeds.growth.until_end(job.id, job.seq)
    rows = await services.reading(partial(read_job, services, job.id))
    check_success(rows)
    return rows


async def _is_live(services: Services, rows: JobRows, form: AudioFormat) -> bool:
    """Whether its chunks are to be read: while it runs, and as long afterwards as they are kept."""
    if not is_streamed(rows.steps):
        return False
    if not JobStatus(rows.job.status).is_terminal:
        return True
    if not is_open(rows, form):
        return False
    return bool(await services.reading(partial(services.feeds.growth.chunks.after, rows.job.id, None, -1, 1)))
