"""Reading the bodies of requests, in JSON or as a form."""

from __future__ import annotations

import json
from typing import Any

import anyio.to_thread
from fastapi import Request

from api.errors import UnsupportedMediaType
from api.settings import json_limit
from pipelines.errors import InvalidRequest, TooLarge


async def read_json_body(request: Request, max_inline: int) -> bytes:
    """The raw body, not more than inline audio and its surroundings can need."""
    limit = json_limit(max_inline)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise too_large_inline(max_inline)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large_inline(max_inline)
    return bytes(body)


async def read_object(request: Request, max_inline: int) -> dict[str, Any]:
    """The body as a JSON object; its bytes are let go of before anybody waits for what the object asks for."""
    raw = await read_json_body(request, max_inline)
    return await anyio.to_thread.run_sync(parse_object, raw)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object; InvalidRequest for anything else, NaN and too deep nesting included."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", code="invalid_json") from error
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.", code="invalid_body")
    return body


def form_or_json(request: Request) -> bool:
    """Whether the body is a form; UnsupportedMediaType if it is neither that nor JSON."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return True
    if kind == "application/json":
        return False
    raise UnsupportedMediaType("The body must be application/json or multipart/form-data.")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def too_large_inline(limit: int) -> TooLarge:
    """The refusal of recordings inside JSON that are too large, one or all together."""
    message = f"audio in JSON is limited to {limit} bytes; send a multipart file"
    return TooLarge(message, code="audio_too_large")
