"""Server-sent events: the stream's lines, or its bytes, as events.

Source: the WHATWG HTML standard, "Parsing an event stream".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

#: The three ends of a line. No others: text that was spoken may hold a U+2028, which str.splitlines() would cut at.
_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class ServerSentEvent:
    """One event: its type (`message` if unnamed), its data, and the id to resume after."""

    type: str
    data: str
    id: str | None


@dataclass
class EventParser:
    """Takes a stream as it comes; what it breaks off in the middle of is dropped."""

    _rest: bytes = b""
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """The events that are whole with these bytes."""
        self._rest += chunk
        # A CR at the end may be half of a line's end.
        held = self._rest.endswith(b"\r")
        *lines, rest = _END.split(self._rest[:-1] if held else self._rest)
        self._rest = rest + b"\r" if held else rest
        for line in lines:
            if (event := self.line(line.decode("utf-8", "replace"))) is not None:
                yield event

    def line(self, line: str) -> ServerSentEvent | None:
        """The event that ends with this line (without its end), if one does."""
        if not line:
            event = ServerSentEvent(self._name or "message", "\n".join(self._data), self._id) if self._data else None
            self._name, self._data = "", []
            return event
        # A line that starts with a colon has an empty field name: a comment, sent to keep the connection alive.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None


def parse_events(lines: Iterable[str]) -> Iterator[ServerSentEvent]:
    """The events of `lines` (without their ends). What the stream breaks off in the middle of is dropped."""
    parser = EventParser()
    for line in lines:
        if (event := parser.line(line)) is not None:
            yield event
