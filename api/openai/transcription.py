"""POST /v1/audio/transcriptions and /v1/audio/translations as OpenAI has them: a form comes in, a job is waited for."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import Request
from starlette.responses import Response

from api.errors import JobEnded
from api.openai.errors import in_words_of
from api.openai.heard import as_heard
from api.openai.listening import NAMES, Asked, check_name, read_fields, told
from api.openai.transcripts import written
from api.openai.uploads import Upload
from api.results import main_result
from api.services import Services
from api.visiting import Visit
from api.written import transcript
from pipelines.catalog import Capability
from pipelines.ids import new_id
from storage.chunks import PCM
from storage.queries import JobRows

#: These formats make something of the words' times.
_TIMED = frozenset({"srt", "vtt"})


async def answer(request: Request, kind: Capability) -> Response:
    """The transcript, or its stream; 202 with the job where `Prefer` asks for that."""
    visit = Visit.of(request)
    asked = await _ordered(visit, kind)
    with in_words_of(NAMES):
        try:
            if asked.stream and not visit.defers:
                return await as_heard(visit, asked)
            rows = await visit.ended()
            if rows is None:
                return await visit.accepted()
            if asked.stream:
                return await as_heard(visit, asked)
        except JobEnded as error:
            raise told(error) from error
    services = visit.services
    work = partial(_written, services, rows, kind, asked)
    content, media_type = await anyio.to_thread.run_sync(work, limiter=services.documents)
    return Response(content, headers={**visit.headers, "content-type": media_type})


async def _ordered(visit: Visit, kind: Capability) -> Asked:
    """Takes the form in and makes the job."""
    job_id = new_id("job")
    upload = Upload(visit.services, job_id, check_name)
    await upload.read(visit.request)
    try:
        asked = read_fields(upload.fields)
        recording = upload.recording
        visit.wait_outside()
    except BaseException:
        await upload.discard()
        raise
    body = {
        "kind": kind.value,
        "model": asked.model,
        "options": _options(visit.services, kind, asked),
    }
    with in_words_of(_names(asked)):
        # From here on the order removes the recording if nothing comes of it.
        stream = PCM if asked.stream else None
        await visit.order(body, recordings={"audio": recording}, stream=stream, job_id=job_id)
    return asked


def _options(services: Services, kind: Capability, asked: Asked) -> dict[str, Any]:
    """The options of the job; words take their time, so they are made where somebody reads them."""
    catalog = services.catalog
    model = catalog.default(kind) if catalog.means_default(asked.model, kind) else catalog.get(asked.model)
    options = dict(asked.options)
    if model is not None and "word_timestamps" in model.options(kind):
        options["word_timestamps"] = asked.words or asked.response_format in _TIMED
    return options


def _names(asked: Asked) -> dict[str, str]:
    """Native place → field; the filter goes by the field that asked for it."""
    return {**NAMES, "options.vad_filter": "chunking_strategy"} if asked.chunked else dict(NAMES)


def _written(services: Services, rows: JobRows, kind: Capability, asked: Asked) -> tuple[bytes, str]:
    return written(transcript(services.artifacts, rows, main_result(rows)), kind, asked)
