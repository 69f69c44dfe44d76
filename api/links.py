"""Addresses and file names of artifacts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from storage.artifacts import ArtifactStore, Disposition
from storage.settings import StorageSettings

#: media type → extension of what our workers write and of what people commonly send.
_EXTENSIONS = {
    "application/json": "json",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "opus",
    "audio/wav": "wav",
    "audio/webm": "webm",
    "audio/x-wav": "wav",
    "text/plain": "txt",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
}


class Links:
    """Makes the links that documents hold."""

    def __init__(self, store: ArtifactStore, storage: StorageSettings) -> None:
        self._store = store
        self._seconds = storage.link_seconds
        self.base = storage.public_url.rstrip("/")
        self.presigned = storage.artifacts == "s3"

    def artifact(self, row: Row[Any], disposition: Disposition = "inline") -> str:
        """An absolute link to the bytes, open for a while to whoever has it."""
        link = self._store.link(
            row.key,
            resource=content_path(row.id),
            filename=filename(row),
            media_type=row.media_type,
            seconds=self._seconds,
            disposition=disposition,
        )
        return f"{self.base}{link}" if link.startswith("/") else link


def content_path(artifact_id: str) -> str:
    """Where the API serves an artifact's bytes; what a signature holds for."""
    return f"/v1/artifacts/{artifact_id}/content"


def filename(row: Row[Any]) -> str:
    """What a browser calls the file: the job and the kind of bytes, never a client's own name."""
    extension = _EXTENSIONS.get(row.media_type, "pcm" if row.role == "audio" and row.sample_rate else "bin")
    suffix = "" if row.purpose == "result" else f"-{row.purpose}"
    return f"{row.job_id}{suffix}.{extension}"
