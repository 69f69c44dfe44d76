"""POST /v1/audio/transcriptions with a JSON body: what was said."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.earlier import words
from api.earlier.answering import Wanted, answered, telling
from api.earlier.names import find
from api.earlier.schemas import EarlierTranscription, parsed
from api.services import Services
from pipelines.catalog import Capability, Catalog

_KIND = Capability.TRANSCRIPTION


async def answer(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """`{id, model, created, text, language, timestamps}`; the last two are null unless they are asked for."""
    language, stamps = bool(body.get("get_language")), bool(body.get("get_timestamps"))
    told = partial(_told, get_language=language, get_timestamps=stamps)
    return await answered(request, services, partial(_wanted, services.catalog, body), telling(told))


def _wanted(catalog: Catalog, body: dict[str, Any]) -> Wanted:
    asked = parsed(body, EarlierTranscription)
    named = find(asked.model, _KIND, catalog)
    native = {
        "kind": _KIND.value,
        "model": named.model.name,
        "input": {"audio": {"data": asked.input_audio}},
        "options": {},
    }
    return Wanted(native, asked.model, words.LISTENING)


def _told(document: dict[str, Any], *, get_language: bool, get_timestamps: bool) -> dict[str, Any]:
    return {
        "text": document["text"],
        "language": document.get("language") if get_language else None,
        "timestamps": document["segments"] if get_timestamps else None,
    }
