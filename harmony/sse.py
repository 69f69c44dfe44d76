"""Server-sent events: the stream's lines as events.

Source: the WHATWG HTML standard, "Parsing an event stream".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class ServerSentEvent:
    """One event: its type (`message` if unnamed), its data, and the id to resume after."""

    type: str
    data: str
    id: str | None


def parse_events(lines: Iterable[str]) -> Iterator[ServerSentEvent]:
    """The events of `lines` (without their ends). What the stream breaks off in the middle of is dropped."""
    name, data, last_id = "", list[str](), None
    for line in lines:
        if not line:
            if data:
                yield ServerSentEvent(name or "message", "\n".join(data), last_id)
            name, data = "", []
            continue
        # A line that starts with a colon has an empty field name: a comment, sent to keep the connection alive.
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value
