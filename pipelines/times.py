"""Times as people and clients read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def rfc3339(seconds: float | None) -> str | None:
    """Seconds since the epoch as `2026-01-31T12:00:00.123Z`; None stays None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(value: object) -> datetime:
    """The moment that a client wrote; ValueError unless it is RFC 3339 with its zone."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        msg = "must be a time as in RFC 3339 with its zone, such as 2026-01-31T12:00:00Z"
        raise ValueError(msg)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as error:
        msg = "is before the first year or after the last"
        raise ValueError(msg) from error
