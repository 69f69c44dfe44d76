"""A job's result in the format that a client asks for: made from what is stored, converted, or just served."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import Request
from sqlalchemy import Row
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.content import bytes_answer, file_chunks, no_page
from api.conversion import Made
from api.documents import read_job
from api.headers import names_tag
from api.services import Services
from api.written import VERSION, WRITTEN_TYPES, written
from media.formats import MEDIA_TYPES, AudioFormat
from pipelines.catalog import Capability
from pipelines.errors import Conflict, Gone, InvalidRequest
from pipelines.jobs import JobStatus
from pipelines.requests import AUDIO_FORMATS
from storage.artifacts import Disposition, content_disposition
from storage.queries import JobRows

_TRANSCRIPT = ("txt", "srt", "vtt", "json")
#: Kinds whose results are words or numbers; all others make audio.
_FORMATS = {
    Capability.TRANSCRIPTION: _TRANSCRIPT,
    Capability.TRANSLATION: _TRANSCRIPT,
    Capability.VAD: ("json",),
    Capability.EMBEDDING: ("json", "npy"),
}
TRANSCRIPT_KINDS = frozenset({Capability.TRANSCRIPTION, Capability.TRANSLATION})


def makes_sound(rows: JobRows) -> bool:
    """Whether the job's result is audio."""
    return rows.job.kind not in _FORMATS


def main_result(rows: JobRows) -> Row[Any]:
    """The first artifact of the last step that made one; Conflict or Gone where there is none (any more)."""
    status = JobStatus(rows.job.status)
    if not status.is_terminal:
        raise Conflict(
            f"The job is {status}; its result comes when it has succeeded.", code="not_finished", retry_after=1
        )
    if status is JobStatus.EXPIRED:
        raise Gone("The job has expired, and its result with it.", code="result_expired")
    if status is not JobStatus.SUCCEEDED:
        raise Conflict(f"The job has {status} and made no result.", code="no_result")
    if not rows.results:
        raise Gone("The result is no longer stored.", code="result_expired")
    last = max(row.step_index for row in rows.results)
    return next(row for row in rows.results if row.step_index == last)


async def bytes_or_link(services: Services, request: Request, row: Row[Any], *, download: bool = False) -> Response:
    """The stored bytes; where an object store keeps them, a redirection there."""
    disposition: Disposition = "attachment" if download else "inline"
    if services.links.presigned:
        link = await services.reading(partial(services.links.artifact, row, disposition))
        return RedirectResponse(link, status_code=303, headers={"cache-control": "no-store"})
    return await bytes_answer(services, request, row, disposition)


async def formatted(services: Services, request: Request, job_id: str, form: str) -> Response:
    """The job's result in this format, as a file to keep; InvalidRequest if its kind has no such format."""
    rows = await services.reading(partial(_found, services, job_id, form))
    row = main_result(rows)
    if form in AUDIO_FORMATS and row.media_type == MEDIA_TYPES[_audio(form)][0]:
        return await bytes_or_link(services, request, row, download=True)
    answer = _Answer(f'"{row.sha256}-{form}-{VERSION}"', f"{rows.job.id}.{form}")
    if names_tag(request.headers.get("if-none-match"), answer.tag):
        return Response(status_code=304, headers={"etag": answer.tag})
    if form in WRITTEN_TYPES:
        work = partial(written, services.artifacts, rows, row, form)
        content = await anyio.to_thread.run_sync(work, limiter=services.documents)
        return answer.of(Response(content), WRITTEN_TYPES[form])
    media_type, _ = MEDIA_TYPES[_audio(form)]
    if request.method == "HEAD":
        # How long it will be is known once it is made, and it is not made for this.
        return answer.of(Response(), media_type, length=None)
    made = await services.conversions.convert(request, row, _audio(form))
    return answer.of(_Sending(made), media_type, length=made.bytes)


class _Sending(StreamingResponse):
    """What was made for one client; it is given back when the client has it or is gone, begun or not."""

    def __init__(self, made: Made) -> None:
        super().__init__(file_chunks(made.file))
        self._made = made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._made.close()


@dataclass(frozen=True)
class _Answer:
    """What every made file is answered with."""

    tag: str
    name: str

    def of(self, response: Response, media_type: str, *, length: int | None = -1) -> Response:
        """The same with its headers; a `length` of -1 is what it has already, None is unknown."""
        headers = {
            "etag": self.tag,
            "accept-ranges": "none",
            "cache-control": "private, max-age=0, must-revalidate",
            "content-disposition": content_disposition("attachment", self.name),
            # Set here and not by Starlette, which would add a charset of its own.
            "content-type": media_type,
            **no_page(),
        }
        for name, value in headers.items():
            response.headers[name] = value
        if length is None:
            del response.headers["content-length"]
        elif length >= 0:
            response.headers["content-length"] = str(length)
        return response


def _found(services: Services, job_id: str, form: str) -> JobRows:
    rows = read_job(services, job_id)
    possible = _FORMATS.get(rows.job.kind, AUDIO_FORMATS)
    if form not in possible:
        message = f"a {rows.job.kind} job's result can be had as: {', '.join(possible)}"
        raise InvalidRequest.of("format", message, code="unsupported_format")
    return rows


def _audio(form: str) -> AudioFormat:
    return next(known for known in MEDIA_TYPES if known == form)
