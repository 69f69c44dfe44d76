"""The routes that only the Harmony door has; speech and transcription share OpenAI's addresses, in routes/audio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import json_answer
from api.earlier import conversion, listening, schemas
from api.earlier.answers import EarlierActivity, EarlierData, EarlierModelList
from api.earlier.description import taking
from api.earlier.lists import model_list
from api.errors import UnsupportedMediaType
from api.intake import form_or_json, read_object
from api.openapi import problems
from api.schemas import Job
from api.services import Services, services_of
from pipelines.catalog import Capability

router = APIRouter(tags=["harmony"])

_Answer = Callable[[Request, Services, dict[str, Any]], Awaitable[Response]]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"model": Job, "description": "Not waited for (`Prefer`): the job"},
    **problems(408, 409, 413, 415, 422, 429, 503, 504),
}


@router.post(
    "/v1/embed/speaker",
    response_model=EarlierData,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierSpeakerEmbedding),
    summary="Embed a speaker (Harmony)",
)
@router.post(
    "/v1/audio/embeddings",
    response_model=EarlierData,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierSpeakerEmbedding),
    summary="Embed a speaker (Harmony, another address)",
)
async def embed_speaker(request: Request) -> Response:
    """How somebody sounds, to be sent back as `input_embedding` or `target_embedding` instead of a recording."""
    return await _answered(request, listening.embedding)


@router.post(
    "/v1/voice/convert",
    response_model=EarlierData,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierConversion),
    summary="Convert a voice (Harmony)",
)
@router.post(
    "/v1/audio/voice-conversion",
    response_model=EarlierData,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierConversion),
    summary="Convert a voice (Harmony, another address)",
)
async def convert_voice(request: Request) -> Response:
    """The same words in the voice of another recording or of an embedding."""
    return await _answered(request, conversion.answer)


@router.post(
    "/v1/audio/vad",
    response_model=EarlierActivity,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierVoiceActivity),
    summary="Find speech (Harmony)",
)
async def detect_activity(request: Request) -> Response:
    """Whether and where somebody speaks."""
    return await _answered(request, listening.activity)


@router.post(
    "/v1/audio/convert",
    response_model=EarlierData,
    responses=_ANSWERS,
    openapi_extra=taking(schemas.EarlierRestoration),
    summary="Restore a recording (Harmony)",
)
async def restore(request: Request) -> Response:
    """No model does this yet: it is refused by the name of the model."""
    return await _answered(request, conversion.restoration)


async def _answered(request: Request, answer: _Answer) -> Response:
    services = services_of(request)
    if form_or_json(request):
        raise UnsupportedMediaType("The body must be application/json.")
    return await answer(request, services, await read_object(request, services.settings.max_inline_bytes))


def _list_route(path: str, kind: Capability | None, what: str) -> None:
    async def models(request: Request) -> Response:
        """What `model` may be, with the languages and voices of each."""
        return json_answer(model_list(services_of(request).catalog, kind), headers={"cache-control": "no-cache"})

    name = path.removeprefix("/v1/").replace("/", "_").replace("-", "_")
    summary = f"List the models for {what} (Harmony)"
    router.add_api_route(f"{path}/models", models, response_model=EarlierModelList, summary=summary, name=name)


for _path, _kind, _what in (
    ("/v1/audio/speech", Capability.SPEECH, "speech"),
    ("/v1/audio/transcriptions", Capability.TRANSCRIPTION, "transcription"),
    ("/v1/embed", Capability.EMBEDDING, "speakers' embeddings"),
    ("/v1/embed/speaker", Capability.EMBEDDING, "speakers' embeddings"),
    ("/v1/audio/embeddings", Capability.EMBEDDING, "speakers' embeddings"),
    ("/v1/voice/convert", Capability.VOICE_CONVERSION, "voice conversion"),
    ("/v1/audio/voice-conversion", Capability.VOICE_CONVERSION, "voice conversion"),
    ("/v1/audio/vad", Capability.VAD, "voice activity"),
    ("/v1/audio/convert", None, "restoration"),
):
    _list_route(_path, _kind, _what)
