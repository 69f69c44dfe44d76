"""Weights as one file, for machines without a network: a tar of a manifest and the files under their hashes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.catalog import WeightSet
from workers.weights.errors import WeightsCorrupt, WeightsUnavailable
from workers.weights.locks import Lock
from workers.weights.store import WeightStore, alternates

MANIFEST: Final = "manifest.json"
BLOBS: Final = "blobs/"
FORMAT: Final = "harmony-weights"
VERSION: Final = 1
_COMPRESSED: Final = (".gz", ".tgz")
_SHA256: Final = r"^[0-9a-f]{64}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BundledFile(_Strict):
    """A file of a model, by the path that its engine looks for."""

    path: str
    sha256: str = Field(pattern=_SHA256)
    bytes: int = Field(ge=0)


class BundledLock(_Strict):
    """What the sources of a file without a pinned hash gave; see Lock."""

    parts: tuple[str, ...] = Field(min_length=1)
    sha256: str = Field(pattern=_SHA256)
    bytes: int = Field(ge=0)
    fetched: tuple[str, ...]
    versions: tuple[str, ...]

    @model_validator(mode="after")
    def _lists_have_one_length(self) -> Self:
        if not len(self.parts) == len(self.fetched) == len(self.versions):
            msg = "parts, fetched and versions must have one length"
            raise ValueError(msg)
        return self


class BundledModel(_Strict):
    """A model of the machine that wrote the file."""

    name: str
    licence: str
    files: tuple[BundledFile, ...] = Field(min_length=1)


class Manifest(_Strict):
    """What a bundle holds; its first member."""

    format: Literal["harmony-weights"] = FORMAT
    version: Literal[1] = VERSION
    models: tuple[BundledModel, ...]
    locks: tuple[BundledLock, ...] = ()

    @property
    def blobs(self) -> dict[str, int]:
        """Each content once: SHA-256 → size."""
        return {file.sha256: file.bytes for model in self.models for file in model.files}

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        blobs = self.blobs
        stated = [file for model in self.models for file in model.files] + list(self.locks)
        if any(blobs.get(item.sha256) != item.bytes for item in stated):
            msg = "a file is named with two sizes, or a lock names a file that is not here"
            raise ValueError(msg)
        return self


class BundleRefused(WeightsCorrupt):
    """The file is not what `harmony models export` writes, or was damaged on the way."""

    code = "bundle_refused"


def manifest_of(text: bytes, name: str) -> Manifest:
    """The manifest; BundleRefused names what is wrong with it."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise BundleRefused(f"{name}: its manifest is of another format than {FORMAT}")
        if found.get("version") != VERSION:
            raise BundleRefused(f"{name}: version {found.get('version')!r} of the format; this program reads {VERSION}")
        return Manifest.model_validate(found)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BundleRefused(f"{name}: its manifest is wrong: {places}") from error
    except ValueError as error:
        raise BundleRefused(f"{name}: its manifest is not JSON") from error


def export(store: WeightStore, sets: Sequence[tuple[str, WeightSet]], target: Path) -> Manifest:
    """Writes the cached weights of these models to `target`, compressed if its name ends in .gz or .tgz.

    The file appears when it is whole. WeightsUnavailable names what is not in the cache, WeightsCorrupt what is broken.
    """
    models = tuple(_bundled(store, name, weights) for name, weights in sets)
    locks = {lock.parts: lock for _, weights in sets for lock in _locks(store, weights)}
    known = {file.sha256 for model in models for file in model.files}
    manifest = Manifest(
        models=models,
        locks=tuple(
            BundledLock(
                parts=lock.parts, sha256=lock.sha256, bytes=lock.bytes, fetched=lock.fetched, versions=lock.versions
            )
            for lock in locks.values()
            if lock.sha256 in known
        ),
    )
    building = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with building.open("xb") as output:
            _write(store, manifest, output, compressed=target.name.endswith(_COMPRESSED))
            output.flush()
            os.fsync(output.fileno())
        building.replace(target)
    finally:
        building.unlink(missing_ok=True)
    return manifest


def _bundled(store: WeightStore, name: str, weights: WeightSet) -> BundledModel:
    pins = store.pinned(weights)
    if pins is None:
        raise WeightsUnavailable(f"the weights of {name} are not here; harmony models pull {name}")
    files = tuple(BundledFile(path=pin.path, sha256=pin.sha256, bytes=pin.bytes) for pin in pins)
    return BundledModel(name=name, licence=weights.licence, files=files)


def _locks(store: WeightStore, weights: WeightSet) -> Iterator[Lock]:
    for item in alternates(weights):
        for file in item.files:
            lock = None if file.sha256 and file.bytes is not None else store.places.locks.lock(file)
            if lock is not None:
                yield lock


def _write(store: WeightStore, manifest: Manifest, output: IO[bytes], *, compressed: bool) -> None:
    text = manifest.model_dump_json(indent=1).encode()
    owners = {file.sha256: (model.name, file) for model in manifest.models for file in model.files}
    # Weights hardly shrink: the least effort is enough for the text among them.
    with (
        tarfile.open(fileobj=output, mode="w:gz", compresslevel=1)
        if compressed
        else tarfile.open(fileobj=output, mode="w")
    ) as archive:
        archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
        for sha256, (model, file) in owners.items():
            with (store.places.blobs / sha256).open("rb") as stream:
                reader = _Hashing(stream)
                archive.addfile(_member(BLOBS + sha256, file.bytes), reader)
            if reader.digest.hexdigest() != sha256:
                raise WeightsCorrupt(
                    f"{file.path} of {model} is damaged in the cache; harmony models pull --again {model}"
                )


def _member(name: str, size: int) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.mode = size, 0o644
    return made


class _Hashing(io.RawIOBase):
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data
