"""multipart/form-data as it arrives: small fields are gathered, a file passes through piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pipelines.errors import InvalidRequest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


@dataclass(frozen=True)
class Part:
    """One part's head."""

    name: str
    content_type: str
    is_file: bool


#: What the reader of a form is told: a part begins, a piece of it, it ends.
Begin = Callable[[Part], Awaitable[None]]
Piece = Callable[[Part, bytes], Awaitable[None]]
End = Callable[[Part], Awaitable[None]]


async def read_form(content_type: str, chunks: AsyncIterator[bytes], begin: Begin, piece: Piece, end: End) -> None:
    """Reads the form and tells of its parts in order; InvalidRequest if it is not a form or ends too early."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise InvalidRequest("The Content-Type names no boundary.", code="invalid_multipart")
    heads = _Heads()
    try:
        parser = MultipartParser(boundary, heads.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
            await heads.tell(begin, piece, end)
    except FormParserError as error:
        raise InvalidRequest("The body is not multipart/form-data.", code="invalid_multipart") from error
    if not heads.complete:
        raise InvalidRequest("The form ends before its last boundary.", code="invalid_multipart")


class _Heads:
    """Turns the parser's calls, which cannot wait, into a list that is worked off after each chunk."""

    def __init__(self) -> None:
        self.complete = False
        self._part = Part("", "", is_file=False)
        self._headers: dict[str, bytes] = {}
        self._name = b""
        self._value = b""
        self._told: list[tuple[str, Part, bytes]] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    async def tell(self, begin: Begin, piece: Piece, end: End) -> None:
        """Works the list off."""
        told, self._told = self._told, []
        for what, part, data in told:
            if what == "begin":
                await begin(part)
            elif what == "piece":
                await piece(part, data)
            else:
                await end(part)

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        content_type = self._headers.get("content-type", b"").decode("latin-1")
        self._part = Part(name, content_type, is_file=b"filename" in options)
        self._told.append(("begin", self._part, b""))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._told.append(("piece", self._part, data[start:end]))

    def _on_part_end(self) -> None:
        self._told.append(("end", self._part, b""))

    def _on_end(self) -> None:
        self.complete = True


def media_type_of(content_type: str) -> str:
    """The part's type if it says that it is a recording, else what means nothing: it is shown again, in a header."""
    message = Message()
    message["content-type"] = content_type
    kind = message.get_content_type()
    return kind if kind.startswith(("audio/", "video/")) and kind.isascii() else "application/octet-stream"
