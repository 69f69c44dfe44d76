"""The forms of transcriptions and translations in the OpenAPI description, and what they are answered with."""

from __future__ import annotations

from typing import Any

from api.describing import DOOR_HEADERS
from api.openai.description import SPEECH_ANSWERS, Responses
from api.openai.listening import FORMATS, GRANULARITIES
from api.openapi import problems

_STRING: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean", "default": False}

#: OpenAI's fields, then ours: hotwords, vad_filter.
_FIELDS: dict[str, Any] = {
    "file": {"type": "string", "format": "binary", "description": "A recording of any usual format, 25 MiB at most."},
    "model": {**_STRING, "description": "A name from /v1/models, or one of OpenAI's."},
    "language": {**_STRING, "description": "What is spoken: `en`, `en-US`, `english`; found out if it is not said."},
    "prompt": {**_STRING, "description": "Text that might have come before: sets spelling, names and style."},
    "response_format": {**_STRING, "enum": list(FORMATS), "default": "json"},
    "temperature": {**_NUMBER, "minimum": 0, "maximum": 1},
    "timestamp_granularities[]": {
        "type": "array",
        "items": {**_STRING, "enum": list(GRANULARITIES)},
        "description": "Of verbose_json; segments if it is not said.",
    },
    "stream": {**_FLAG, "description": "Server-sent events as it is made; with verbose_json also of its segments."},
    "chunking_strategy": {
        "description": "`auto` or `server_vad`: leaves out what is not speech.",
        "anyOf": [
            {**_STRING, "enum": ["auto"]},
            {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {**_STRING, "enum": ["server_vad"]},
                    "threshold": {**_NUMBER, "minimum": 0, "maximum": 1},
                    "prefix_padding_ms": {"type": "integer", "minimum": 0},
                    "silence_duration_ms": {"type": "integer", "minimum": 0},
                },
            },
        ],
    },
    "keywords[]": {"type": "array", "items": _STRING, "description": "Words that are likely; like `hotwords`."},
    "hotwords": {**_STRING, "description": "Words that are likely in this recording."},
    "vad_filter": {**_FLAG, "description": "Leaves out what is not speech, as the model's option does."},
}

_TEXT: dict[str, Any] = {"text": _STRING}
_SEGMENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "start", "end", "text"],
    "properties": {
        "id": {"type": "integer"},
        "seek": {"type": "integer"},
        **dict.fromkeys(("start", "end"), _NUMBER),
        "text": _STRING,
        "tokens": {"type": "array", "items": {"type": "integer"}},
        **dict.fromkeys(("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"), _NUMBER),
    },
}
_WORD: dict[str, Any] = {
    "type": "object",
    "required": ["word", "start", "end"],
    "properties": {"word": _STRING, "start": _NUMBER, "end": _NUMBER},
}
_USAGE: dict[str, Any] = {
    "type": "object",
    "required": ["type", "seconds"],
    "properties": {"type": {**_STRING, "enum": ["duration"]}, "seconds": _NUMBER},
}
_VERBOSE: dict[str, Any] = {
    "task": {**_STRING, "enum": ["transcribe", "translate"]},
    "language": {**_STRING, "description": "Its English name: `english`."},
    "duration": _NUMBER,
    "segments": {"type": "array", "items": _SEGMENT},
    "words": {"type": "array", "items": _WORD},
}


def _form(description: str) -> dict[str, Any]:
    form = {"type": "object", "required": ["file", "model"], "properties": _FIELDS, "description": description}
    return {"multipart/form-data": {"schema": form}}


def _answers(properties: dict[str, Any], *others: dict[str, Any]) -> Responses:
    """`others` are what else may be answered in JSON."""
    transcript = {"type": "object", "required": ["text"], "properties": {**properties, **_VERBOSE}}
    content = {
        "application/json": {"schema": {"anyOf": [transcript, *others]} if others else transcript},
        "text/plain": {"schema": _STRING},
        "text/event-stream": {"schema": _STRING},
    }
    description = (
        "The transcript; all but `text` and `usage` come with verbose_json. With `stream` events "
        "`transcript.text.delta` and, at the end, `transcript.text.done` with the whole text and `usage`"
    )
    whole = {"description": description, "content": content}
    return {200: whole, 202: SPEECH_ANSWERS[202], **problems(404, 408, 409, 413, 415, 429, 504)}


TRANSCRIPTION: dict[str, Any] = {
    "parameters": DOOR_HEADERS,
    "requestBody": {
        "required": True,
        "content": {
            **_form("OpenAI's form."),
            "application/json": {"schema": {"$ref": "#/components/schemas/EarlierTranscription"}},
        },
    },
}
TRANSCRIPTION_ANSWERS = _answers({**_TEXT, "usage": _USAGE}, {"$ref": "#/components/schemas/EarlierTranscript"})

TRANSLATION: dict[str, Any] = {
    "parameters": DOOR_HEADERS,
    "requestBody": {"required": True, "content": _form("OpenAI's form; the text that comes back is English.")},
}
TRANSLATION_ANSWERS = _answers(_TEXT)
