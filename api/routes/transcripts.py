"""Transcripts and translations as OpenAI has them; a transcription in JSON is one of the Harmony door."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.earlier import transcription as earlier_transcription
from api.errors import UnsupportedMediaType
from api.intake import form_or_json, read_object
from api.openai import transcription
from api.openai.errors import HARMONY
from api.openai.forms import TRANSCRIPTION, TRANSCRIPTION_ANSWERS, TRANSLATION, TRANSLATION_ANSWERS
from api.services import services_of
from pipelines.catalog import Capability

router = APIRouter(tags=["openai"])


@router.post(
    "/v1/audio/transcriptions",
    response_class=Response,
    responses=TRANSCRIPTION_ANSWERS,
    openapi_extra=TRANSCRIPTION,
    summary="Transcribe (OpenAI, Harmony)",
)
async def create_transcription(request: Request) -> Response:
    """OpenAI's speech to text: the transcript, or with `stream` its events as it is made. `X-Job-Id` names the job.

    A client that leaves cancels the job, unless it sent `X-Keep-Job: true` or an idempotency key. A JSON body is one of
    the Harmony door: `{id, model, created, text, language, timestamps}` comes back.
    """
    if form_or_json(request):
        return await transcription.answer(request, Capability.TRANSCRIPTION)
    services = services_of(request)
    request.state.door = HARMONY
    body = await read_object(request, services.settings.max_inline_bytes)
    return await earlier_transcription.answer(request, services, body)


@router.post(
    "/v1/audio/translations",
    response_class=Response,
    responses=TRANSLATION_ANSWERS,
    openapi_extra=TRANSLATION,
    summary="Translate to English (OpenAI)",
)
async def create_translation(request: Request) -> Response:
    """OpenAI's translation of speech to English text: as of a transcription, whatever language is spoken."""
    if not form_or_json(request):
        raise UnsupportedMediaType("The body must be multipart/form-data.")
    return await transcription.answer(request, Capability.TRANSLATION)
