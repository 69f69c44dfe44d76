"""The answer of POST /v1/audio/speech: a job, and its sound as it is made."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.openai.errors import in_words_of
from api.openai.flowing import Flowing, as_events, begun, with_errors
from api.openai.speech import NAMES, SpeechRequest, native_speech, parse_speech
from api.services import Services
from api.streaming import follow_audio
from api.visiting import Visit
from media.formats import AudioFormat

#: As OpenAI names them.
MEDIA_TYPES: dict[AudioFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
_EVENTS = "text/event-stream; charset=utf-8"


async def answer(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """The sound, or server-sent events with it; 202 with the job where `Prefer` asks for that."""
    visit = Visit.of(request)
    with in_words_of(NAMES):
        asked, native = await services.reading(partial(_native, services, body))
        form = asked.form
        # What is not waited for is not listened to either.
        await visit.order(native, stream=None if visit.defers else streamed_as(form))
        if visit.defers and await visit.ended() is None:
            return await visit.accepted()
        pieces = await begun(visit, follow_audio(services, visit.job_id, form))
    if asked.stream_format == "sse":
        return Flowing(visit, with_errors(visit, as_events(visit, asked.input, pieces)), _EVENTS)
    return Flowing(visit, pieces, MEDIA_TYPES[form])


def streamed_as(form: AudioFormat) -> str:
    """The format that the sound is to be made in piece by piece."""
    return "pcm" if form in {"wav", "pcm"} else form


def _native(services: Services, body: dict[str, Any]) -> tuple[SpeechRequest, dict[str, Any]]:
    asked = parse_speech(body, services.settings.openai_max_characters)
    native = native_speech(asked, services.catalog)
    # Only the native request holds the recording on, until it is stored: whoever brought it waits for a job.
    body.clear()
    return asked.model_copy(update={"reference": None}), native
