"""Results that are words or numbers, written in the format that a client asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from pipelines.errors import Conflict
from pipelines.npy import float32_vector
from pipelines.subtitles import cues, srt, vtt
from storage.artifacts import ArtifactStore
from storage.queries import JobRows

#: Formats that are written from a result's document, with their media types.
WRITTEN_TYPES = {
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
    "npy": "application/octet-stream",
}
#: Stands in every entity tag: what the same result is written as has changed since the first version.
VERSION = 2
#: A longer document is not taken into memory; that is more than a week of speech with a time for each word.
MOST_BYTES = 16 * 1024 * 1024


def written(store: ArtifactStore, rows: JobRows, row: Row[Any], form: str) -> bytes:
    """The job's result, whose artifact is `row`, in this format; Conflict if it is longer than MOST_BYTES."""
    output = transcript(store, rows, row)
    if form == "npy":
        return float32_vector(output["embedding"]["vector"])
    if form == "json":
        return json.dumps(output, ensure_ascii=False, separators=(",", ":")).encode()
    if form == "txt":
        return f"{output.get('text') or ''}\n".encode()
    shown = cues(output.get("segments") or ())
    return (srt(shown) if form == "srt" else vtt(shown)).encode()


def transcript(store: ArtifactStore, rows: JobRows, row: Row[Any]) -> Mapping[str, Any]:
    """What the job's row says, or where it was too long for that, what its artifact does."""
    short: Mapping[str, Any] | None = rows.job.output
    if short is not None:
        return short
    if row.bytes > MOST_BYTES:
        detail = (
            f"The result has {row.bytes} bytes; up to {MOST_BYTES} are written in another format. "
            "Without `format` it comes as it is stored."
        )
        raise Conflict(detail, code="result_too_large")
    document: Mapping[str, Any] = json.loads(store.read(row.key, row.sha256))
    return document
