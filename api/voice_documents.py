"""Saved voices as clients see them. How they sound is never told, only in which spaces it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from pipelines.times import rfc3339
from storage.voices import VoiceRows


def voice_document(rows: VoiceRows, base: str) -> dict[str, Any]:
    """A voice; `base` is the public address that links begin with."""
    row, itself = rows.voice, f"{base}/v1/voices/{rows.voice.id}"
    return {
        "id": row.id,
        "object": "voice",
        "name": row.name,
        "language": row.language,
        "description": row.description,
        "labels": row.labels,
        "status": row.status,
        "reasons": row.reasons,
        "warnings": row.warnings,
        "seconds": row.seconds,
        "speech_seconds": row.speech_seconds,
        "clipped_share": row.clipped_share,
        "speakers": row.speakers,
        "pitch": row.pitch,
        "bytes": row.bytes,
        "media_type": row.media_type,
        "sha256": row.sha256,
        "embeddings": [{"space": known.name, "revision": known.revision} for known in rows.embeddings],
        "job": row.job_id,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "links": {"self": itself, "preview": f"{itself}/preview", "job": f"{base}/v1/jobs/{row.job_id}"},
    }


@dataclass(frozen=True)
class Preview:
    """What to listen to, in the words of an artifact's row."""

    id: str
    job_id: str
    key: str
    media_type: str
    bytes: int
    sha256: str
    sample_rate: int | None
    role: str = "audio"
    purpose: str = "preview"


def preview_of(row: Row[Any]) -> Preview:
    """The piece that the check made; until then, and of a refused voice, the recording itself."""
    made = row.preview or {"key": row.key, "media_type": row.media_type, "bytes": row.bytes, "sha256": row.sha256}
    return Preview(
        row.id, row.id, made["key"], made["media_type"], made["bytes"], made["sha256"], made.get("sample_rate")
    )
