"""An order of a Harmony route, the wait for it, and its answer."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import anyio.to_thread
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from api.documents import JSON_TYPE, json_answer
from api.openai.errors import HARMONY, in_words_of
from api.openai.flowing import Flowing, begun
from api.results import main_result
from api.services import Services
from api.sounds import RAW
from api.streaming import follow_audio
from api.visiting import Visit
from api.written import written
from media.formats import MEDIA_TYPES, AudioFormat
from storage.chunks import PCM
from storage.queries import JobRows

#: A multiple of three, so that the base64 of each part ends where the next begins.
_PART = 3 * 64 * 1024


@dataclass(frozen=True)
class Wanted:
    """A native request, and what the client calls its model and its fields."""

    body: dict[str, Any]
    name: str
    words: Mapping[str, str]
    #: Whether the answer is the sound itself, as it is made.
    stream: bool = False


#: Makes the answer of a job that has succeeded; in a thread.
Telling = Callable[[Services, Wanted, JobRows], Response]


async def answered(
    request: Request, services: Services, wanting: Callable[[], Wanted], telling: Telling | None = None
) -> Response:
    """What `wanting` makes of the body, ordered, waited for and told; without `telling` it is sound.

    202 and the job where `Prefer` asks not to wait so long.
    """
    # From here on errors are problems, whichever door the route began as.
    request.state.door = HARMONY
    visit = Visit.of(request)
    # In a thread: recordings in the body may be long.
    wanted = await services.reading(wanting)
    with in_words_of(wanted.words):
        if wanted.stream and not visit.defers:
            form = _form(wanted)
            # What needs the whole sound is refused by name.
            await visit.order(wanted.body, stream=PCM if form in RAW else form)
            return await _flowing(visit, wanted)
        await visit.order(wanted.body)
        rows = await visit.ended()
        if rows is None:
            return await visit.accepted()
        if wanted.stream:
            return await _flowing(visit, wanted)
    response = await services.reading(partial(telling or _sound, services, wanted, rows))
    response.headers.update(visit.headers)
    return response


def telling(part: Callable[[dict[str, Any]], dict[str, Any]]) -> Telling:
    """An answer made from what the job found; Conflict where that is too long to be taken into memory."""

    def told(services: Services, wanted: Wanted, rows: JobRows) -> Response:
        found = json.loads(written(services.artifacts, rows, main_result(rows), "json"))
        return json_answer({**_head(wanted, rows), **part(found)})

    return told


async def _flowing(visit: Visit, wanted: Wanted) -> Response:
    """The bytes of the sound as they are made, or as they were."""
    form = _form(wanted)
    return Flowing(visit, await begun(visit, follow_audio(visit.services, visit.job_id, form)), MEDIA_TYPES[form][0])


def _form(wanted: Wanted) -> AudioFormat:
    """The format of the sound; an unknown one is refused with the order."""
    asked = wanted.body["options"].get("format")
    return next((known for known in MEDIA_TYPES if known == asked), "wav")


def _head(wanted: Wanted, rows: JobRows) -> dict[str, Any]:
    return {"id": rows.job.id, "model": wanted.name, "created": int(rows.job.created_at)}


def _sound(services: Services, wanted: Wanted, rows: JobRows) -> Response:
    """`{id, model, created, data}` around the stored bytes, which are never whole in memory."""
    row = main_result(rows)
    source = services.artifacts.open(row.key)
    begin, end = json.dumps({**_head(wanted, rows), "data": ""}, ensure_ascii=False).encode()[:-2], b'"}'
    response = StreamingResponse(_in_base64(begin, source, end), media_type=JSON_TYPE)
    response.headers["content-length"] = str(len(begin) + 4 * -(-row.bytes // 3) + len(end))
    return response


async def _in_base64(begin: bytes, source: BinaryIO, end: bytes) -> AsyncIterator[bytes]:
    try:
        yield begin
        while part := await anyio.to_thread.run_sync(_filled, source):
            yield base64.b64encode(part)
        yield end
    finally:
        source.close()


def _filled(source: BinaryIO) -> bytes:
    """The next part: a short read in between would put padding inside the base64."""
    part = b""
    while len(part) < _PART and (more := source.read(_PART - len(part))):
        part += more
    return part
