"""The parts of the OpenAPI description that types alone do not say."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.bulk_schemas import BulkRequest
from api.describing import reference, schemas_of
from api.earlier import description as earlier
from api.openai import description as openai
from api.schemas import Problem
from pipelines.requests import JobRequest, RetryRequest
from pipelines.voice_requests import VoiceRequest

#: status → which codes a client may meet.
_PROBLEMS = {
    403: "`foreign_origin`, `link_invalid`",
    404: "`job_not_found`, `artifact_not_found`, `model_not_found`, `endpoint_not_found`, `delivery_not_found`, "
    "`bulk_not_found`, `voice_not_found`, `unknown_queue`, `route_not_found`",
    405: "`method_not_allowed`",
    408: "`body_timeout`: the body came too slowly",
    409: (
        "`already_finished`, `not_finished`, `no_result`, `endpoint_disabled`, `delivery_not_ended`, "
        "`too_many_endpoints`, `too_many_secrets`, `too_many_orders`, `too_many_voices`"
    ),
    410: "`link_expired`, `result_expired`, `artifact_gone`, `voice_deleted`",
    413: "`body_too_large`, `audio_too_large`",
    415: "`unsupported_media_type`",
    416: "`range_not_satisfiable`",
    421: "`foreign_host`",
    422: (
        "`invalid_request`, `invalid_json`, `invalid_body`, `invalid_multipart`, `invalid_base64`, `invalid_text`, "
        "`invalid_option`, `invalid_secret`, `invalid_cursor`, `invalid_event_id`, `invalid_header`, "
        "`invalid_idempotency_key`, `idempotency_mismatch`, `unknown_field`, `missing_field`, `too_long`, "
        "`field_not_supported`, `unknown_kind`, `unknown_model`, `unsupported_kind`, `no_model`, `unknown_voice`, "
        "`unsupported_language`, `unsupported_format`, `text_empty`, `text_too_long`, `audio_empty`, "
        "`unknown_artifact`, `cannot_clone`, `voice_not_ready`, `embedding_mismatch`, `reference_too_short`, "
        "`sample_rate_unsupported`, `not_streamable`, "
        "`unknown_event`, `unknown_step`, `deadline_passed`, `deadline_too_far`, `url_invalid`, `address_refused`"
    ),
    429: "`submitter_full`; see Retry-After, RateLimit and RateLimit-Policy",
    500: "`internal_error`",
    504: "`wait_exceeded`: the job goes on, and the answer names it",
    503: (
        "`no_worker`, `queue_full`, `database_unavailable`, `storage_unavailable`, `conversion_failed`; see Retry-After"
    ),
}
#: What any route may be answered with.
_ALWAYS = (403, 421, 422, 500, 503)

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The problem answers of a route."""
    content = {"application/problem+json": {"schema": reference("Problem")}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


#: Beside the JSON that the response model describes.
EVENT_STREAM: dict[str, Any] = {
    "description": "Events as JSON, or as a stream for `Accept: text/event-stream`",
    "content": {
        "text/event-stream": {
            "schema": {"type": "string", "description": "`id`: the number, `event`: the type, `data`: an Event as JSON"}
        }
    },
}

_BINARY = {"schema": {"type": "string", "format": "binary"}}
BYTES: Responses = {
    200: {"description": "The bytes", "content": {"audio/*": _BINARY, "application/octet-stream": _BINARY}},
    206: {"description": "A range of the bytes", "content": {"audio/*": _BINARY, "application/octet-stream": _BINARY}},
    303: {"description": "The bytes are at an object store: Location is a presigned link"},
    304: {"description": "The client has them (If-None-Match)"},
}

_SOUND_CONTENT = {"audio/*": _BINARY, "application/octet-stream": _BINARY}
SOUND: Responses = {
    200: {"description": "The sound from its first byte, or from `offset`, as it grows", "content": _SOUND_CONTENT},
    206: {
        "description": "The range; of a sound that still grows, so much of it as there is (`bytes N-M/*`)",
        "content": _SOUND_CONTENT,
    },
}

_EXAMPLE = {
    "kind": "speech",
    "model": "kokoro",
    "input": {"text": "Hello."},
    "options": {"voice": "af_heart", "format": "wav"},
    "labels": {"project": "demo"},
}

IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same request gives the same job (`Idempotency-Replayed: true`).",
}

#: The body of an order for many jobs.
BULK: dict[str, Any] = {
    "parameters": [IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": reference("BulkRequest")}},
    },
}

#: The body of a retry, which may be left out.
RETRY: dict[str, Any] = {
    "parameters": [IDEMPOTENCY_KEY],
    "requestBody": {
        "required": False,
        "content": {"application/json": {"schema": reference("RetryRequest")}},
    },
}

#: The body of a submit, which is read as a stream and therefore not by the framework.
SUBMIT: dict[str, Any] = {
    "parameters": [
        IDEMPOTENCY_KEY,
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "examples": ["wait=30", "respond-async"]},
            "description": "`wait=N` (at most 60 s): 200 with the finished job if it ends in time, else 202.",
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": reference("JobRequest"), "example": _EXAMPLE},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["job"],
                    "properties": {
                        "job": {
                            **reference("JobRequest"),
                            "description": "Without the recordings that come as files.",
                        },
                        **{
                            name: {"type": "string", "format": "binary", "description": description}
                            for name, description in (
                                ("audio", "A recording of any usual format: stands for `input.audio`."),
                                ("reference", "Of speech, whom to sound like: stands for `input.reference.audio`."),
                                ("target", "Of voice conversion, whose voice: stands for `input.target.audio`."),
                            )
                        },
                    },
                },
                "encoding": {"job": {"contentType": "application/json"}},
            },
        },
    },
}

#: The body of a new voice, which is read as a stream, too.
VOICE: dict[str, Any] = {
    "parameters": [IDEMPOTENCY_KEY],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": reference("VoiceRequest")},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["voice", "audio"],
                    "properties": {
                        "voice": {**reference("VoiceRequest"), "description": "Without `audio`."},
                        "audio": {
                            "type": "string",
                            "format": "binary",
                            "description": "A recording of any usual format, 2 s to 10 min long.",
                        },
                    },
                },
                "encoding": {"voice": {"contentType": "application/json"}},
            },
        },
    },
}


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` complete."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the description


def _describe(app: FastAPI) -> dict[str, Any]:
    description = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, summary=app.summary
    )
    schemas = description["components"]["schemas"]
    schemas |= schemas_of(JobRequest, RetryRequest, BulkRequest, VoiceRequest)
    schemas |= schemas_of(*earlier.BODIES) | openai.components()
    schemas["Problem"] = schemas_of(Problem)["Problem"] | {"title": "Problem"}
    # Our 422 is a problem; FastAPI's own shape of it is never sent.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for address, path in description["paths"].items():
        for operation in path.values():
            operation["responses"] |= {str(status): answer for status, answer in problems(*_ALWAYS).items()}
            openai.describe_errors(address, operation)
    return description
