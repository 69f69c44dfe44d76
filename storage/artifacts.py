"""Bytes in storage: what every artifact store can do, and how a deployment gets its own.

Keys are made by us, like `jobs/job_…/steps/0/3/audio.wav`; nothing a client sends becomes part of one. The SHA-256 of
an artifact lives in its row: a reader passes it, and bytes that differ never reach an engine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol
from urllib.parse import quote

from pipelines.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from storage.settings import StorageSettings

#: What passes through memory at a time.
CHUNK = 1 << 20
#: A key becomes one file name (at most 255 bytes) with room for a suffix.
MAX_KEY = 200

Disposition = Literal["inline", "attachment"]

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_PREFIX = re.compile(r"[A-Za-z0-9._/-]*")


@dataclass(frozen=True)
class Stored:
    """What was written: its length, and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Listed:
    """One stored artifact as the orphan sweep sees it; `modified` is in seconds since 1970."""

    key: str
    bytes: int
    modified: float


class ArtifactStore(Protocol):
    """Where artifacts are kept; synchronous, thread-safe, usable after a fork.

    Every method raises TransientError when storage cannot be reached, ValueError for a key that is not ours. Reading a
    key that is not there raises PermanentError `artifact_missing`.
    """

    def put(self, key: str, source: BinaryIO, *, media_type: str) -> Stored:
        """Streams `source` from its present position; durable when it returns, and never seen half-written."""

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """The same for bytes that are in memory anyway."""

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """A stream of the bytes [start, end), to be closed by the caller; empty beyond the end."""

    def stat(self, key: str) -> int | None:
        """Its length in bytes, None where there is no such key."""

    def fetch(self, key: str, path: Path, sha256: str) -> None:
        """Copies into a file; TransientError `artifact_corrupt` (and no file) if the bytes are not as recorded."""

    def read(self, key: str, sha256: str) -> bytes:
        """A small artifact as bytes, checked like `fetch`."""

    def delete(self, key: str) -> None:
        """Removes it; a key that is not there is fine."""

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Everything under a prefix, in no promised order."""

    def drop_partial(self, older_than: float) -> int:
        """Removes what killed writers left more than `older_than` seconds ago; returns how many."""

    def link(
        self, key: str, *, resource: str, filename: str, media_type: str, seconds: int, disposition: Disposition
    ) -> str:
        """Opens this artifact for `seconds`: the store's own URL, or `resource`, a path of our API, signed."""

    def check(self) -> None:
        """Returns if the store can be written to and read from now."""


def artifact_store(settings: StorageSettings) -> ArtifactStore:
    """The store of this deployment; boto3 is imported only where it is S3."""
    if settings.artifacts == "local":
        from storage.local import LocalArtifacts

        return LocalArtifacts(settings.data_dir)
    from storage.s3 import S3Artifacts
    from storage.s3_client import S3Options

    return S3Artifacts(
        S3Options(
            bucket=settings.s3_bucket,
            region=settings.s3_region,
            endpoint=settings.s3_endpoint,
            public_endpoint=settings.s3_public_endpoint,
            access_key=settings.s3_access_key.get_secret_value() if settings.s3_access_key else None,
            secret_key=settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None,
            path_style=settings.s3_path_style,
        )
    )


def checked_key(key: str) -> str:
    """The key itself, if it is one of ours."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ValueError(f"not an artifact key: {key!r}")
    return key


def checked_prefix(prefix: str) -> str:
    """The beginning of a key, possibly empty."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not the beginning of an artifact key: {prefix!r}")
    return prefix


def checked_range(start: int, end: int | None) -> None:
    """Refuses ranges that no store could serve."""
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"not a range of bytes: {start}–{end}")


def missing(key: str) -> PermanentError:
    """There is no such artifact (any more)."""
    return PermanentError(f"artifact {key} is not in storage", code="artifact_missing")


def corrupt(key: str) -> TransientError:
    """What storage gave is not what was written; another read may succeed."""
    return TransientError(f"artifact {key} does not have the checksum recorded for it", code="artifact_corrupt")


def copy_checked(source: BinaryIO, path: Path, sha256: str, *, key: str) -> None:
    """Streams an opened artifact into a file; removes the file if anything goes wrong."""
    digest = hashlib.sha256()
    try:
        with path.open("wb") as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if digest.hexdigest() != sha256:
        path.unlink()
        raise corrupt(key)


def content_disposition(kind: Disposition, filename: str) -> str:
    """The header's value by RFC 6266: an ASCII stand-in, and the true name by RFC 8187 where they differ."""
    clean = "".join(
        "_" if ord(character) < ord(" ") or character in '/\\"\x7f' else character for character in filename
    )
    plain = clean.encode("ascii", "replace").decode("ascii").replace("?", "_").replace("%", "_") or "file"
    header = f'{kind}; filename="{plain}"'
    return header if plain == clean else f"{header}; filename*=UTF-8''{quote(clean, safe='', errors='replace')}"
