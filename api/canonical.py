"""The bodies of requests in one spelling."""

from __future__ import annotations

import json
from typing import Any

from pipelines.errors import InvalidRequest


def canonical_body(body: dict[str, Any]) -> bytes:
    """One spelling for every way to write the same request; refuses what no database can hold."""
    try:
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        encoded = text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest("The body holds half of a surrogate pair.", code="invalid_text") from error
    if r"\u0000" in text and _holds_nul(body):
        raise InvalidRequest("The body holds a NUL character.", code="invalid_text")
    return encoded


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))
