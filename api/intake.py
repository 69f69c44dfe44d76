"""Reading the body of a submit, in both of its forms, and storing its audio before anything else is written."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import json
import math
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

import anyio.to_thread
from fastapi import Request

from api.errors import UnsupportedMediaType
from api.multipart import Part, media_type_of, read_form
from api.pipe import Pipe
from api.services import Services
from api.submitting import Prepared, prepare
from pipelines.errors import InvalidRequest, TooLarge
from storage.submitting import NewArtifact

#: What surrounds the audio in a JSON body, or the field `job` of a form, in bytes.
_MAX_JSON = 2 * 2**20


@dataclass(frozen=True)
class Inline:
    """A JSON body whose audio, if it brought any, is decoded and still in memory."""

    body: dict[str, Any]
    audio: bytes | None


def input_key(job_id: str) -> str:
    """Where a job's own recording lies."""
    return f"jobs/{job_id}/input/audio"


async def read_json_body(request: Request, max_inline: int) -> bytes:
    """The raw body, not more than inline audio and its surroundings can need."""
    limit = math.ceil(max_inline / 3) * 4 + _MAX_JSON
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large_inline(max_inline)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large_inline(max_inline)
    return bytes(body)


def parse_json_body(raw: bytes, max_inline: int) -> Inline:
    """The object in the body; its base64 audio is taken out and decoded."""
    body = parse_object(raw)
    audio = body.get("input", {}).get("audio") if isinstance(body.get("input"), dict) else None
    data = audio.get("data") if isinstance(audio, dict) else None
    if not isinstance(audio, dict) or not isinstance(data, str):
        return Inline(body, None)
    # From here on the request says that there are bytes, and no longer which.
    audio["data"] = ""
    if len(data) // 4 * 3 - 2 > max_inline:
        raise _too_large_inline(max_inline)
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "is not base64 (RFC 4648, section 4, without line breaks)"
        raise InvalidRequest.of("input.audio.data", message, code="invalid_base64") from error
    if not decoded:
        raise InvalidRequest.of("input.audio.data", "is empty", code="audio_empty")
    if len(decoded) > max_inline:
        raise _too_large_inline(max_inline)
    return Inline(body, decoded)


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object; InvalidRequest for anything else, NaN and too deep nesting included."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", code="invalid_json") from error
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.", code="invalid_body")
    return body


def store_inline(services: Services, job_id: str, audio: bytes) -> NewArtifact:
    """Stores audio that came inside JSON."""
    stored = services.artifacts.put(input_key(job_id), io.BytesIO(audio), media_type="application/octet-stream")
    return NewArtifact("audio", input_key(job_id), "application/octet-stream", stored.bytes, stored.sha256)


@dataclass
class Form:
    """A submit that arrives as multipart/form-data: the field `job` with JSON, the file `audio`."""

    services: Services
    job_id: str
    prepared: Prepared | None = None
    audio: NewArtifact | None = None
    _job: bytearray | None = field(default=None, repr=False)
    _pipe: Pipe | None = field(default=None, repr=False)
    _storing: asyncio.Future[NewArtifact] | None = field(default=None, repr=False)

    async def read(self, request: Request) -> None:
        """Streams the file to storage while it arrives; a broken upload leaves nothing behind."""
        try:
            content_type = request.headers.get("content-type", "")
            await read_form(content_type, request.stream(), self._begin, self._piece, self._end)
        except BaseException as error:
            if self._pipe is not None and self._storing is not None:
                self._pipe.finish(error)
                await asyncio.gather(self._storing, return_exceptions=True)
            raise

    def checked(self) -> Prepared:
        """The request, once the form was read; InvalidRequest if it held none or no file."""
        if self.prepared is None:
            raise InvalidRequest.of(
                "job", "the form needs a field `job` with the request as JSON", code="missing_field"
            )
        if self.audio is None:
            raise InvalidRequest.of("audio", "the form needs a file `audio`", code="missing_field")
        return self.prepared

    async def _begin(self, part: Part) -> None:
        if part.name == "job" and self._job is None:
            self._job = bytearray()
        elif part.name == "audio" and self._storing is None and self.audio is None:
            self._pipe = Pipe(asyncio.get_running_loop())
            self._storing = asyncio.ensure_future(self._store(self._pipe, media_type_of(part.content_type)))
        elif part.name in {"job", "audio"}:
            raise InvalidRequest.of(part.name, "is in the form twice", code="invalid_multipart")
        else:
            raise InvalidRequest.of(part.name, "is not a field of this form; it has: job, audio", code="unknown_field")

    async def _piece(self, part: Part, data: bytes) -> None:
        if part.name == "audio" and self._pipe is not None:
            await self._pipe.send(data)
        elif self._job is not None:
            self._job += data
            if len(self._job) > _MAX_JSON:
                raise TooLarge(f"job: is larger than {_MAX_JSON} bytes", code="body_too_large")

    async def _end(self, part: Part) -> None:
        if part.name == "job" and self._job is not None:
            raw = bytes(self._job)
            # A request that comes before its file is checked before the file is taken.
            self.prepared = await self.services.reading(lambda: _prepare_form(self.services, raw))
        elif self._pipe is not None and self._storing is not None:
            self._pipe.finish()
            self.audio = await self._storing
            self._pipe = None
            if self.audio.bytes == 0:
                raise InvalidRequest.of("audio", "the file is empty", code="audio_empty")

    async def _store(self, pipe: Pipe, media_type: str) -> NewArtifact:
        key = input_key(self.job_id)
        source = cast("BinaryIO", io.BufferedReader(pipe, 2**20))
        try:
            stored = await anyio.to_thread.run_sync(
                lambda: self.services.artifacts.put(key, source, media_type=media_type), limiter=self.services.uploads
            )
        finally:
            pipe.abandon()
        return NewArtifact("audio", key, media_type, stored.bytes, stored.sha256)


def _prepare_form(services: Services, raw: bytes) -> Prepared:
    body = parse_object(raw)
    given = body.get("input")
    if isinstance(given, dict) and "audio" in given:
        message = "the file of the form is the audio; leave this field out"
        raise InvalidRequest.of("input.audio", message, code="invalid_request")
    if given is None or isinstance(given, dict):
        body["input"] = {**(given or {}), "audio": {"data": ""}}
    return prepare(services, body)


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


def _too_large_inline(limit: int) -> TooLarge:
    message = f"input.audio.data: audio in JSON is limited to {limit} bytes; send a multipart file"
    return TooLarge(message, code="audio_too_large")
