"""A transcript as server-sent events while it is made: `transcript.text.delta`, `.segment` and `.done`.

The deltas one after the other are the text of `done`, to the letter. What goes wrong before the first event is answered
with its status; afterwards an event with `error` ends the stream, which OpenAI's SDKs raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from api.documents import read_job
from api.errors import JobEnded, WaitExceeded
from api.openai.flowing import Flowing, Pieces, begun, event, with_errors
from api.openai.listening import Asked, told
from api.openai.transcripts import token_usage
from api.results import main_result
from api.streaming import follow_segments
from api.visiting import Visit, succeeded
from api.waiting import until_end
from api.written import transcript


async def as_heard(visit: Visit, asked: Asked) -> Response:
    """The answer, once its first event is there; errors as of `api.openai.flowing.begun`."""
    events = await begun(visit, _events(visit, asked))
    return Flowing(visit, with_errors(visit, _told(events)), "text/event-stream; charset=utf-8")


async def _events(visit: Visit, asked: Asked) -> Pieces:
    """The events, all those of what was heard at once together."""
    text: str | None = None
    async with aclosing(follow_segments(visit.services, visit.job_id)) as batches:
        async for batch in batches:
            events = []
            for segment in batch:
                # As the native result joins them.
                delta = segment["text"].strip() if text is None else f" {segment['text'].strip()}"
                text = (text or "") + delta
                events.append(event({"type": "transcript.text.delta", "delta": delta}))
                if asked.response_format == "verbose_json" and asked.segments:
                    events.append(_segment_event(segment))
            yield b"".join(events)
    document = await _result(visit)
    yield event({"type": "transcript.text.done", "text": text or "", "usage": token_usage(document)})


async def _told(events: Pieces) -> Pieces:
    """The same events; a job that fails does so in this door's words."""
    try:
        async with aclosing(events):
            async for one in events:
                yield one
    except JobEnded as error:
        raise told(error) from error


async def _result(visit: Visit) -> Mapping[str, Any]:
    """The native result, once the job has ended."""
    services, limit = visit.services, visit.services.settings.door_wait_seconds
    if not await until_end(services, visit.job_id, limit):
        raise WaitExceeded(visit.job_id, limit)
    rows = succeeded(await services.reading(partial(read_job, services, visit.job_id)))
    work = partial(transcript, services.artifacts, rows, main_result(rows))
    return await anyio.to_thread.run_sync(work, limiter=services.documents)


def _segment_event(segment: Mapping[str, Any]) -> bytes:
    """OpenAI's event of a segment, which always has a speaker: nobody is told apart here, so it has no name."""
    shown = {name: segment[name] for name in ("start", "end", "text")}
    return event({"type": "transcript.text.segment", "id": f"seg_{segment['id']:03}", **shown, "speaker": ""})
