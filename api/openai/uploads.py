"""A form of OpenAI's: its fields as pairs in the order in which they came, and the file stored while it arrives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastapi import Request

from api.inline import input_key
from api.multipart import Part, read_form
from api.ordering import drop
from api.receiving import FileSink
from api.services import Services
from pipelines.errors import FieldProblem, InvalidRequest, TooLarge
from storage.submitting import NewArtifact

FILE = "file"
#: What all other fields of a form may have together, with their names, in bytes.
_FIELD_BYTES = 256 * 1024


class Upload:
    """Reads one request; nothing stays stored of one that is refused or broken off."""

    def __init__(self, services: Services, job_id: str, check_name: Callable[[str], None]) -> None:
        """`check_name` refuses what is not a field, before any of it is read."""
        self._services, self._key, self._check_name = services, input_key(job_id, "audio"), check_name
        self._limit = services.settings.openai_max_file_bytes
        self.fields: list[tuple[str, str]] = []
        self._stored: NewArtifact | None = None
        self._sink: FileSink | None = None
        self._value = bytearray()
        self._file_bytes = self._field_bytes = 0

    async def read(self, request: Request) -> None:
        """Takes the whole form in. InvalidRequest names the field, TooLarge the limit."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limit + _FIELD_BYTES:
            raise self._too_large()
        try:
            content_type = request.headers.get("content-type", "")
            await read_form(content_type, request.stream(), self._begin, self._piece, self._end)
        except BaseException as error:
            if self._sink is not None:
                self._stored = await self._sink.abort(error)
            await self.discard()
            raise

    async def discard(self) -> None:
        """Removes the stored file: no job will point at it."""
        if self._stored is not None:
            await self._services.reading(partial(drop, self._services, {"audio": self._stored}))

    @property
    def recording(self) -> NewArtifact:
        """The file, once the form was read; InvalidRequest if it held none."""
        if self._stored is None:
            raise InvalidRequest.of(FILE, "is required: the recording as a file of the form", code="missing_field")
        return self._stored

    async def _begin(self, part: Part) -> None:
        if part.name != FILE:
            self._check_name(part.name)
            if part.is_file:
                raise InvalidRequest.of(part.name, "is a file; it must be a plain field", code="invalid_request")
            # A form of nothing but empty fields must end, too.
            self._count(part, len(part.name))
            self._value.clear()
            return
        if self._stored is not None:
            raise InvalidRequest.of(FILE, "is in the form twice", code="invalid_multipart")
        if not part.is_file:
            raise InvalidRequest.of(FILE, "must be a file, with a name", code="invalid_request")
        self._sink = FileSink(self._services, part, self._key)

    async def _piece(self, part: Part, data: bytes) -> None:
        if self._sink is not None:
            self._file_bytes += len(data)
            if self._file_bytes > self._limit:
                raise self._too_large()
            await self._sink.feed(data)
            return
        self._count(part, len(data))
        self._value += data

    async def _end(self, part: Part) -> None:
        if self._sink is not None:
            self._stored = await self._sink.finish()
            self._sink = None
            return
        try:
            self.fields.append((part.name, self._value.decode()))
        except UnicodeDecodeError as error:
            raise InvalidRequest.of(part.name, "is not UTF-8", code="invalid_request") from error

    def _count(self, part: Part, size: int) -> None:
        self._field_bytes += size
        if self._field_bytes > _FIELD_BYTES:
            message = f"is too long: all fields but the file have {_FIELD_BYTES} bytes together"
            raise InvalidRequest.of(part.name, message, code="too_long")

    def _too_large(self) -> TooLarge:
        message = f"is larger than {self._limit} bytes (HARMONY_OPENAI_MAX_FILE_BYTES)"
        return TooLarge(f"{FILE}: {message}", code="audio_too_large", fields=(FieldProblem(FILE, message),))
