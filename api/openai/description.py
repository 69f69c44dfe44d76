"""OpenAI's routes in the OpenAPI description: their bodies are read by the door, and their errors are its own."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.describing import DOOR_HEADERS, reference, schemas_of
from api.openai.errors import ROUTES
from api.openai.speech import SpeechRequest

_PROBLEM = "application/problem+json"

Responses = dict[int | str, dict[str, Any]]


class OpenAIErrorDetail(BaseModel):
    """What is wrong."""

    message: str
    type: Literal["invalid_request_error", "rate_limit_error", "server_error"]
    param: str | None = Field(description="The field that is wrong.")
    code: str = Field(description="As in docs/problems.md, or OpenAI's where it has one.")


class OpenAIError(BaseModel):
    """Every error of these routes, unless the body was one of the Harmony door."""

    error: OpenAIErrorDetail


class AudioVoice(BaseModel):
    """What `voice` may be; OpenAI's fields, then ours."""

    id: str
    object: Literal["audio.voice"]
    created_at: int
    name: str
    type: Literal["alias", "built_in", "audio_sample"] = Field(
        description="One of OpenAI's names, a voice of a model, or one that somebody saved."
    )
    alias_of: str | None = Field(description="The model's voice behind one of OpenAI's names.")
    model: str | None = Field(description="The model that has it; null: every model that clones.")
    language: str | None
    gender: str | None


class NamedVoice(BaseModel):
    """The same in fewer words."""

    id: str
    name: str


class AudioVoiceList(BaseModel):
    """All voices; `voices` is what clients of other servers look for."""

    object: Literal["list"]
    data: list[AudioVoice]
    voices: list[NamedVoice]


BODIES: tuple[type[BaseModel], ...] = (SpeechRequest, OpenAIError)

_BAD = (
    "What the request asks for cannot be had; `param` names the field: `missing_required_parameter`, "
    "`unknown_parameter`, `invalid_value`, `string_above_max_length`, or a code of a 422 of the native routes"
)

#: Their JSON bodies may be those of the Harmony door.
_SHARED = frozenset({"/v1/audio/speech", "/v1/audio/transcriptions"})

SPEECH: dict[str, Any] = {
    "parameters": DOOR_HEADERS,
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [reference("SpeechRequest"), reference("EarlierSpeech")],
                },
                "example": {"model": "tts-1", "input": "Hello.", "voice": "alloy"},
            }
        },
    },
}

_SOUND = {"schema": {"type": "string", "format": "binary"}}
SPEECH_ANSWERS: Responses = {
    200: {
        "description": "The sound as it is made; with `stream_format` `sse` events `speech.audio.delta` and, at the "
        "end, `speech.audio.done` with `usage`; for a body with `mode` JSON with base64",
        "content": {
            "audio/*": _SOUND,
            "text/event-stream": {"schema": {"type": "string"}},
            "application/json": {"schema": reference("EarlierData")},
        },
    },
    202: {
        "description": "Not waited for (`Prefer`): the job",
        "content": {"application/json": {"schema": reference("Job")}},
    },
}


def components() -> dict[str, Any]:
    """The schemas of the bodies and of the error object."""
    found = schemas_of(*BODIES)
    # Pydantic knows no schema that stands beside those of the model.
    found["SpeechRequest"]["properties"]["reference"]["anyOf"][1] = reference("VoiceSource")
    return found


def describe_errors(path: str, operation: dict[str, Any]) -> None:
    """Puts OpenAI's error object in the errors of its routes; those of both doors keep the problem beside it."""
    if path not in ROUTES:
        return
    answers = operation["responses"]
    answers["400"] = {"description": _BAD, "content": {}}
    for status, answer in answers.items():
        if int(status) < 400:  # noqa: PLR2004 - where errors begin
            continue
        told = {"application/json": {"schema": reference("OpenAIError")}}
        problem = answer.get("content", {}).get(_PROBLEM)
        answer["content"] = told | ({_PROBLEM: problem} if problem is not None and path in _SHARED else {})
