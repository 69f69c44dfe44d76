"""Speakers' embeddings as base64.

Of Harmony Speech, as earlier releases had it: 256 numbers, raw, float32 and little-endian. All others were pickles
then, which run code when they are read: here they are JSON, `{family, dimensions, vector}`, and a pickle is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Mapping
from typing import Any

from pipelines.catalog import Model
from pipelines.errors import InvalidRequest

#: The space whose embeddings are raw numbers, and how many the published weights have.
RAW_SPACE = "harmonyspeech"
RAW_NUMBERS = 256
_BYTES = 4

#: How files begin that hold pickles: as PyTorch writes them, and bare ones of protocol 2 to 5.
_PICKLES = (b"PK\x03\x04", *(bytes([0x80, protocol]) for protocol in range(2, 6)))

#: No embedding is longer: 8192 numbers in JSON.
_MOST = 512 * 1024


def encoded(embedding: Mapping[str, Any]) -> str:
    """`{family, dimensions, vector}` in the form of its family."""
    if embedding["family"] == RAW_SPACE:
        vector = embedding["vector"]
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
    return base64.b64encode(json.dumps(embedding, separators=(",", ":")).encode()).decode("ascii")


def decoded(text: str, model: Model, field: str) -> dict[str, Any]:
    """What a native request says; InvalidRequest for what is neither form."""
    if len(text) > _MOST:
        raise InvalidRequest.of(field, f"is longer than {_MOST} characters", code="too_long")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "is not base64 (RFC 4648, section 4, without line breaks)"
        raise InvalidRequest.of(field, message, code="invalid_base64") from error
    raw = model.space == RAW_SPACE
    # By its length first: raw numbers may begin with any bytes.
    if raw and len(content) == RAW_NUMBERS * _BYTES:
        return _raw(content)
    if content.startswith(_PICKLES):
        message = "is a pickle of an earlier release, which would run code when read; make it anew at /v1/embed/speaker"
        raise InvalidRequest.of(field, message, code="embedding_mismatch")
    found = _object(content)
    if found is not None:
        return found
    if raw and content and len(content) % _BYTES == 0:
        return _raw(content)
    forms = "{family, dimensions, vector} in JSON"
    if raw:
        forms = f"{RAW_NUMBERS} numbers in raw float32, or {forms}"
    message = f"{model.name} takes {forms}, in base64"
    raise InvalidRequest.of(field, message, code="embedding_mismatch")


def _raw(content: bytes) -> dict[str, Any]:
    return {"family": RAW_SPACE, "vector": list(struct.unpack(f"<{len(content) // _BYTES}f", content))}


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
