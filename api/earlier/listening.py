"""The routes that only listen: POST /v1/embed/speaker and POST /v1/audio/vad."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.earlier import words
from api.earlier.activity import RATE
from api.earlier.answering import Wanted, answered, telling
from api.earlier.embeddings import encoded
from api.earlier.names import find
from api.earlier.schemas import EarlierSpeakerEmbedding, EarlierVoiceActivity, parsed
from api.services import Services
from pipelines.catalog import Capability, Catalog


async def embedding(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """`{id, model, created, data}`: the speaker's embedding, to be sent back as `input_embedding`."""
    told = telling(lambda found: {"data": encoded(found["embedding"])})
    return await answered(request, services, partial(_embedding, services.catalog, body), told)


async def activity(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """`{id, model, created, speech_activity, timestamps}`."""
    told = partial(_heard, stamps=bool(body.get("get_timestamps")), seconds=bool(body.get("return_seconds")))
    return await answered(request, services, partial(_activity, services.catalog, body), telling(told))


def _embedding(catalog: Catalog, body: dict[str, Any]) -> Wanted:
    asked = parsed(body, EarlierSpeakerEmbedding)
    return _order(asked.model, asked.input_audio, Capability.EMBEDDING, catalog, {})


def _activity(catalog: Catalog, body: dict[str, Any]) -> Wanted:
    asked = parsed(body, EarlierVoiceActivity)
    options = asked.model_dump(exclude_none=True, exclude={"model", "input_audio", "get_timestamps", "return_seconds"})
    if "return_seconds" in find(asked.model, Capability.VAD, catalog).model.options(Capability.VAD):
        options["return_seconds"] = bool(asked.return_seconds)
    return _order(asked.model, asked.input_audio, Capability.VAD, catalog, options)


def _heard(document: dict[str, Any], *, stamps: bool, seconds: bool) -> dict[str, Any]:
    found = document["segments"]
    if not seconds and "sample_rate" not in document:
        # The model knows seconds only.
        found = [{name: round(stretch[name] * RATE) for name in ("start", "end")} for stretch in found]
    return {"speech_activity": bool(found), "timestamps": found if stamps else None}


def _order(name: str, audio: str, kind: Capability, catalog: Catalog, options: dict[str, Any]) -> Wanted:
    native = {
        "kind": kind.value,
        "model": find(name, kind, catalog).model.name,
        "input": {"audio": {"data": audio}},
        "options": options,
    }
    return Wanted(native, name, words.LISTENING)
