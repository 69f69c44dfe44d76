"""Reading the body of a new voice, in both of its forms, and storing its recording before anything else is written."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from api.intake import parse_object
from api.multipart import Part, read_form
from api.receiving import FileSink
from api.services import Services
from api.settings import JSON_BYTES
from api.voice_making import PreparedVoice, prepare_voice
from pipelines.errors import InvalidRequest, TooLarge
from pipelines.jobs import Purpose
from pipelines.voice_requests import VoiceRequest
from storage.submitting import NewArtifact


def recording_key(voice_id: str) -> str:
    """Where a voice's own recording lies."""
    return f"voices/{voice_id}/reference"


def take_inline(body: dict[str, Any], most: int) -> bytes | None:
    """Takes base64 audio out of the body, decoded; None where it brings none. InvalidRequest, TooLarge."""
    audio = body.get("audio")
    data = audio.get("data") if isinstance(audio, dict) else None
    if not isinstance(audio, dict) or not isinstance(data, str):
        return None
    # From here on the request says that there are bytes, and no longer which.
    audio["data"] = ""
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "is not base64 (RFC 4648, section 4, without line breaks)"
        raise InvalidRequest.of("audio.data", message, code="invalid_base64") from error
    if not decoded:
        raise InvalidRequest.of("audio.data", "is empty", code="audio_empty")
    if len(decoded) > most:
        message = f"audio.data: audio in JSON is limited to {most} bytes; send a multipart file"
        raise TooLarge(message, code="audio_too_large")
    return decoded


def store_recording(services: Services, voice_id: str, request: VoiceRequest, inline: bytes | None) -> NewArtifact:
    """Stores the recording of a JSON body: what it brought, or a copy of an earlier artifact."""
    source, key = request.audio, recording_key(voice_id)
    if source is None or (source.data is None) == (source.artifact is None):
        raise InvalidRequest.of("audio", "must hold exactly one of: data, artifact", code="missing_field")
    if source.artifact is None:
        media_type = "application/octet-stream"
        stored = services.artifacts.put(key, io.BytesIO(inline or b""), media_type=media_type)
        return NewArtifact("audio", key, media_type, stored.bytes, stored.sha256)
    row = services.reader.artifact(source.artifact)
    if row is None or row.purpose == Purpose.INTERMEDIATE:
        message = "there is no input or result with this id"
        raise InvalidRequest.of("audio.artifact", message, code="unknown_artifact")
    with services.artifacts.open(row.key) as earlier:
        stored = services.artifacts.put(key, earlier, media_type=row.media_type)
    return NewArtifact("audio", key, row.media_type, stored.bytes, stored.sha256)


@dataclass
class VoiceForm:
    """A new voice that arrives as multipart/form-data: the field `voice` with JSON, the file `audio`."""

    services: Services
    voice_id: str
    #: Called in a thread once the request is known: refuses what could not be accepted.
    check: Callable[[PreparedVoice], None]
    prepared: PreparedVoice | None = None
    recording: NewArtifact | None = None
    _voice: bytearray | None = field(default=None, repr=False)
    _sink: FileSink | None = field(default=None, repr=False)

    async def read(self, request: Request) -> None:
        """Streams the file to storage while it arrives; a broken upload leaves nothing behind."""
        try:
            content_type = request.headers.get("content-type", "")
            await read_form(content_type, request.stream(), self._begin, self._piece, self._end)
        except BaseException as error:
            if self._sink is not None:
                self.recording = await self._sink.abort(error)
            raise

    def checked(self) -> tuple[PreparedVoice, NewArtifact]:
        """The request and its recording, once the form was read; InvalidRequest if one of them is missing."""
        if self.prepared is None:
            message = "the form needs a field `voice` with the request as JSON"
            raise InvalidRequest.of("voice", message, code="missing_field")
        if self.recording is None:
            raise InvalidRequest.of("audio", "the form needs a file `audio`", code="missing_field")
        return self.prepared, self.recording

    async def _begin(self, part: Part) -> None:
        if part.name == "voice" and self._voice is None:
            self._voice = bytearray()
        elif part.name == "audio" and self._sink is None and self.recording is None:
            self._sink = FileSink(self.services, part, recording_key(self.voice_id))
        elif part.name in {"voice", "audio"}:
            raise InvalidRequest.of(part.name, "is in the form twice", code="invalid_multipart")
        else:
            message = "is not a field of this form; it has: voice, audio"
            raise InvalidRequest.of(part.name, message, code="unknown_field")

    async def _piece(self, part: Part, data: bytes) -> None:
        if part.name == "audio" and self._sink is not None:
            await self._sink.feed(data)
        elif self._voice is not None:
            self._voice += data
            if len(self._voice) > JSON_BYTES:
                raise TooLarge(f"voice: is larger than {JSON_BYTES} bytes", code="body_too_large")

    async def _end(self, part: Part) -> None:
        if part.name == "voice" and self._voice is not None:
            raw = bytes(self._voice)
            # A request that comes before its file is checked before the file is taken.
            self.prepared = await self.services.reading(lambda: self._prepare(raw))
        elif self._sink is not None:
            self.recording = await self._sink.finish()
            self._sink = None

    def _prepare(self, raw: bytes) -> PreparedVoice:
        body = parse_object(raw)
        if "audio" in body:
            message = "the file of the form is the audio; leave this field out"
            raise InvalidRequest.of("audio", message, code="invalid_request")
        prepared = prepare_voice(self.services, self.voice_id, {**body, "audio": {"data": ""}})
        self.check(prepared)
        return prepared
