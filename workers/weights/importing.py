"""Takes a file of weights into the cache: all of it is checked before any of it can be seen."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from workers.weights.bundles import BLOBS, MANIFEST, BundleRefused, Manifest, manifest_of
from workers.weights.locks import Lock
from workers.weights.origins import BLOCK
from workers.weights.store import WeightStore

#: No manifest is larger: a hundred models with a thousand files each.
_MANIFEST_LIMIT: Final = 32 << 20
_BROKEN: Final = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


def import_bundle(store: WeightStore, source: Path) -> Manifest:
    """What `source` held, now in the cache; BundleRefused says why it was not taken, and nothing has changed then."""
    with store.places.held(), TemporaryDirectory(dir=store.places.scratch, prefix="import-") as folder:
        checked = Path(folder)
        try:
            manifest = _unpack(source, checked, store.cache)
        except _BROKEN as error:
            raise BundleRefused(f"{source.name}: not a whole file of `harmony models export`: {error}") from error
        for sha256 in manifest.blobs:
            (checked / sha256).replace(store.places.blobs / sha256)
        for lock in manifest.locks:
            store.places.locks.keep(Lock(lock.parts, lock.sha256, lock.bytes, lock.fetched, lock.versions))
    return manifest


def _unpack(source: Path, folder: Path, cache: Path) -> Manifest:
    with source.open("rb") as stream:
        compressed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        # As a stream, front to back: only what was asked for is ever written, under names of our own.
        with tarfile.open(fileobj=stream, mode="r|gz" if compressed else "r|") as archive:
            members = iter(archive)
            manifest = _manifest(archive, next(members, None), source.name)
            _has_room(cache, sum(manifest.blobs.values()), source.name)
            missing = dict(manifest.blobs)
            for member in members:
                sha256 = member.name.removeprefix(BLOBS)
                if not _is_plain(member) or not member.name.startswith(BLOBS) or sha256 not in missing:
                    raise BundleRefused(f"{source.name}: {member.name!r} does not belong into such a file")
                _take(archive, member, missing.pop(sha256), folder / sha256, source.name)
    if missing:
        raise BundleRefused(f"{source.name}: {BLOBS}{next(iter(missing))} is missing; {len(missing)} in all")
    return manifest


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo | None, name: str) -> Manifest:
    if member is None or member.name != MANIFEST or not _is_plain(member) or member.size > _MANIFEST_LIMIT:
        raise BundleRefused(f"{name}: does not begin with {MANIFEST}; `harmony models export` did not write it")
    return manifest_of(_opened(archive, member).read(), name)


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, size: int, target: Path, name: str) -> None:
    if member.size != size:
        raise BundleRefused(f"{name}: {member.name} has {member.size} bytes; its manifest says {size}")
    digest = hashlib.sha256()
    with _opened(archive, member) as stream, target.open("xb") as output:
        while block := stream.read(BLOCK):
            digest.update(block)
            output.write(block)
        output.flush()
        os.fsync(output.fileno())
    if digest.hexdigest() != target.name:
        raise BundleRefused(f"{name}: the SHA-256 of {member.name} is {digest.hexdigest()}")


def _opened(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(member)
    if stream is None:
        raise BundleRefused(f"{member.name!r} is not a file")
    return stream


def _is_plain(member: tarfile.TarInfo) -> bool:
    """A file as we write them: no link, no device, no sparse one."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)


def _has_room(cache: Path, needed: int, name: str) -> None:
    free = shutil.disk_usage(cache).free
    if needed > free:
        raise BundleRefused(f"{name}: needs {needed / 1e9:.1f} GB in {cache}, where {free / 1e9:.1f} GB are free")
