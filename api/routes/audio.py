"""The addresses that OpenAI's door and the Harmony door share: whose a request is shows its body."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.documents import json_answer
from api.earlier import speech as earlier_speech
from api.errors import UnsupportedMediaType
from api.intake import form_or_json, read_object
from api.openai import speaking
from api.openai.description import SPEECH, SPEECH_ANSWERS, AudioVoiceList
from api.openai.errors import HARMONY
from api.openai.voices import voice_list
from api.openapi import problems
from api.services import services_of

router = APIRouter(tags=["openai"])

VoicesOf = Annotated[
    str | None, Query(max_length=64, description="A model's name: only its voices, and OpenAI's names on it.")
]


@router.post(
    "/v1/audio/speech",
    response_class=Response,
    responses={**SPEECH_ANSWERS, **problems(404, 408, 409, 413, 415, 429, 504)},
    openapi_extra=SPEECH,
    summary="Speak (OpenAI, Harmony)",
)
async def create_speech(request: Request) -> Response:
    """OpenAI's text to speech: the sound as it is made. `X-Job-Id` names the job behind it.

    A client that leaves cancels the job, unless it sent `X-Keep-Job: true` or an idempotency key. A body with `mode` is
    one of the Harmony door: `{id, model, created, data}` comes back.
    """
    services = services_of(request)
    if form_or_json(request):
        raise UnsupportedMediaType("The body must be application/json.")
    body = await read_object(request, services.settings.max_inline_bytes)
    if "mode" in body:
        request.state.door = HARMONY
        return await earlier_speech.answer(request, services, body)
    return await speaking.answer(request, services, body)


@router.get("/v1/audio/voices", response_model=AudioVoiceList, responses=problems(404), summary="List the voices")
async def list_audio_voices(request: Request, model: VoicesOf = None) -> Response:
    """Every `voice` for /v1/audio/speech: OpenAI's names, the models' own voices, and saved ones that can be used."""
    services = services_of(request)
    return json_answer(
        await services.reading(partial(voice_list, services, model)), headers={"cache-control": "no-cache"}
    )
