"""Artifacts in a folder of one machine.

A key is one file in one of 256 fixed folders, its slashes written as commas: a new job needs no new folder, so that a
put costs one sync of the file and one of a folder, and a delete leaves no empty folders behind.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pipelines.errors import TransientError
from storage.artifacts import (
    CHUNK,
    Disposition,
    Listed,
    Stored,
    checked_key,
    checked_prefix,
    checked_range,
    copy_checked,
    corrupt,
    missing,
)
from storage.links import LinkSigner, link_signer

#: No key begins with a dot, so no artifact is taken for a draft.
DRAFT = ".draft-"


class LocalArtifacts:
    """The ArtifactStore of one machine, in `data_dir/artifacts`; its links are paths of the API, signed by `signer`."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir / "artifacts"
        self.signer: LinkSigner = link_signer(data_dir)
        self._folders: set[Path] = set()
        with _as_ours():
            self._make_folder(self.root)

    def put(self, key: str, source: BinaryIO, *, media_type: str) -> Stored:
        """Streams in; see ArtifactStore."""
        del media_type  # Kept in the artifact's row, from where the API serves it.
        return self._write(key, iter(lambda: source.read(CHUNK), b""))

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Writes bytes; see ArtifactStore."""
        del media_type
        return self._write(key, (data,))

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Opens a range; see ArtifactStore."""
        checked_range(start, end)
        path = self._path(key)
        with _as_ours():
            try:
                file = path.open("rb")
            except FileNotFoundError as error:
                raise missing(key) from error
            file.seek(start)
        return file if end is None else cast("BinaryIO", io.BufferedReader(_Window(file, end - start), CHUNK))

    def stat(self, key: str) -> int | None:
        """Its length; see ArtifactStore."""
        path = self._path(key)
        with _as_ours():
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return None

    def fetch(self, key: str, path: Path, sha256: str) -> None:
        """Copies out, checked; see ArtifactStore."""
        with self.open(key) as source:
            copy_checked(source, path, sha256, key=key)

    def read(self, key: str, sha256: str) -> bytes:
        """Reads, checked; see ArtifactStore."""
        with self.open(key) as source:
            data = source.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise corrupt(key)
        return data

    def delete(self, key: str) -> None:
        """Removes; see ArtifactStore."""
        path = self._path(key)
        with _as_ours():
            path.unlink(missing_ok=True)

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Everything under a prefix; a file that goes while we look is left out."""
        beginning = checked_prefix(prefix).replace("/", ",")
        for entry in self._entries():
            if entry.name.startswith(DRAFT) or not entry.name.startswith(beginning):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            yield Listed(entry.name.replace(",", "/"), status.st_size, status.st_mtime)

    def drop_partial(self, older_than: float) -> int:
        """Removes old drafts; see ArtifactStore."""
        before = time.time() - older_than
        drafts = [Path(entry.path) for entry in self._entries() if entry.name.startswith(DRAFT)]
        old = [draft for draft in drafts if draft.stat().st_mtime <= before]
        for draft in old:
            draft.unlink(missing_ok=True)
        return len(old)

    def link(
        self, key: str, *, resource: str, filename: str, media_type: str, seconds: int, disposition: Disposition
    ) -> str:
        """A path of the API: `resource` with expiry and signature; the API knows the rest from the artifact's row."""
        checked_key(key)
        del filename, media_type, disposition
        return self.signer.link(resource, int(time.time()) + seconds)

    def check(self) -> None:
        """Writes and removes a draft; see ArtifactStore."""
        draft = self.root / f"{DRAFT}{secrets.token_hex(8)}"
        with _as_ours():
            draft.write_bytes(b"check")
            draft.unlink()

    def _path(self, key: str) -> Path:
        name = checked_key(key).replace("/", ",")
        return self.root / f"{zlib.crc32(name.encode()) & 0xFF:02x}" / name

    def _write(self, key: str, chunks: Iterable[bytes]) -> Stored:
        path = self._path(key)
        draft = path.with_name(f"{DRAFT}{secrets.token_hex(8)}")
        digest = hashlib.sha256()
        size = 0
        with _as_ours():
            self._make_folder(path.parent)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    with _as_ours():
                        _write_all(file, chunk)
                with _as_ours():
                    os.fdatasync(file.fileno())
            with _as_ours():
                draft.rename(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        with _as_ours():
            _sync_folder(path.parent)
        return Stored(size, digest.hexdigest())

    def _make_folder(self, folder: Path) -> None:
        if folder in self._folders:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)
        self._folders.add(folder)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        for folder in sorted(path for path in self.root.iterdir() if path.is_dir()):
            with os.scandir(folder) as entries:
                yield from entries


class _Window(io.RawIOBase):
    """The next `length` bytes of a file, which it closes with itself."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))[: self._left]
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _as_ours() -> Iterator[None]:
    """A full or failing disk is a dependency that is away."""
    try:
        yield
    except OSError as error:
        raise TransientError(
            f"the artifact folder cannot be used: {error.strerror}", code="storage_unavailable"
        ) from error


def _write_all(file: io.FileIO, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
