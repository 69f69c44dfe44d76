"""The Harmony bodies in the OpenAPI description: they are read as a whole, and therefore not by the framework."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.describing import DOOR_HEADERS, reference
from api.earlier import answers, schemas

BODIES: tuple[type[BaseModel], ...] = (
    schemas.EarlierSpeech,
    schemas.EarlierTranscription,
    schemas.EarlierSpeakerEmbedding,
    schemas.EarlierConversion,
    schemas.EarlierVoiceActivity,
    schemas.EarlierRestoration,
    # An answer that shares its route with OpenAI's.
    answers.EarlierTranscript,
)


def taking(body: type[BaseModel]) -> dict[str, Any]:
    """What a route takes, for `openapi_extra`."""
    return {
        "parameters": DOOR_HEADERS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference(body.__name__)}}},
    }
