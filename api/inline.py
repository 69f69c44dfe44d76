"""Recordings that come inside the JSON of a request, as base64."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.intake import too_large_inline
from api.services import Services
from pipelines.errors import InvalidRequest
from pipelines.requests import RECORDINGS
from storage.submitting import NewArtifact

_ANY_BYTES = "application/octet-stream"


@dataclass(frozen=True)
class Inline:
    """A JSON body whose recordings, by role, are decoded and still in memory."""

    body: dict[str, Any]
    recordings: dict[str, bytes]


def take_inline(body: dict[str, Any], max_inline: int) -> Inline:
    """Takes the base64 recordings out of a request; TooLarge or InvalidRequest names the one that is wrong."""
    found = {}
    for role, place in RECORDINGS.items():
        source = source_at(body, place)
        if source is None or not isinstance(source.get("data"), str):
            continue
        # From here on the request says that there are bytes, and no longer which.
        data, source["data"] = source["data"], ""
        found[role] = _decoded(data, f"{place}.data", max_inline)
    return Inline(body, found)


def add_recordings(inline: Inline, recordings: Mapping[str, object]) -> None:
    """Says in the request that there are these recordings, by role; those that are bytes come with it."""
    for role, given in recordings.items():
        here: Any = inline.body
        for part in RECORDINGS[role].split("."):
            here = here.setdefault(part, {})
        here["data"] = ""
        if isinstance(given, bytes):
            inline.recordings[role] = given


def source_at(body: dict[str, Any], place: str) -> dict[str, Any] | None:
    """The object at that place of a request, if there is one."""
    found: Any = body
    for part in place.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _decoded(data: str, field: str, limit: int) -> bytes:
    if len(data) // 4 * 3 - 2 > limit:
        raise too_large_inline(limit)
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "is not base64 (RFC 4648, section 4, without line breaks)"
        raise InvalidRequest.of(field, message, code="invalid_base64") from error
    if not decoded:
        raise InvalidRequest.of(field, "is empty", code="audio_empty")
    if len(decoded) > limit:
        raise too_large_inline(limit)
    return decoded


def input_key(job_id: str, role: str) -> str:
    """Where a job's own recording lies."""
    return f"jobs/{job_id}/input/{role}"


def store_inline(services: Services, job_id: str, inline: Inline, stored: dict[str, NewArtifact]) -> None:
    """Stores the recordings, and notes each in `stored` once it is: whoever fails removes what is noted."""
    for role, content in inline.recordings.items():
        key = input_key(job_id, role)
        put = services.artifacts.put(key, io.BytesIO(content), media_type=_ANY_BYTES)
        stored[role] = NewArtifact(role, key, _ANY_BYTES, put.bytes, put.sha256)
