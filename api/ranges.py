"""Byte ranges (RFC 9110, section 14): one range of an artifact, or all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from api.errors import BadRange

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """The bytes [start, end) of `total`, None while it grows; partial if the client asked for a range."""

    start: int
    end: int
    total: int | None
    partial: bool

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The value of Content-Range."""
        return f"bytes {self.start}-{self.end - 1}/{'*' if self.total is None else self.total}"


def choose_span(header: str | None, total: int, *, if_range: str | None, tag: str) -> Span:
    """What to send. Several ranges, and what is no range of bytes, get everything; BadRange is a 416."""
    whole = Span(0, total, total, partial=False)
    if header is None or (if_range is not None and if_range.strip() != tag):
        return whole
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return whole
    first, last = match[1], match[2]
    if first == "":
        start, end = max(0, total - int(last)), total
    else:
        start, end = int(first), total if last == "" else min(total, int(last) + 1)
        if last != "" and int(last) < start:
            return whole
    if start >= total or start >= end:
        raise BadRange(total)
    return Span(start, end, total, partial=True)
