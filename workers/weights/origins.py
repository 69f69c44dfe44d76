"""What the sources of single files have in common: they state what a file is, then give it, from any byte on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from workers.weights.errors import WeightsOffline

BLOCK: Final = 1 << 20
_TRUE: Final = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Stated:
    """What a source says of a file before it is fetched; None where it says nothing."""

    #: The source with its revision resolved: what was really fetched.
    source: str
    #: Differs when the content may differ: an entity tag, a commit, the time of the last change.
    version: str
    size: int | None
    sha256: str | None = None
    #: SHA-1 of the file as a git blob: what a hub states of files outside its large-file storage.
    git_sha1: str | None = None


@dataclass(frozen=True)
class Reading:
    """Bytes of a file from `start` on, which may lie before what was asked for."""

    start: int
    blocks: Iterator[bytes]


class Origin(Protocol):
    """One kind of source. Raises WeightsUnavailable, WeightsMissing or WeightsOffline, never errors of what it uses."""

    def state(self, source: str) -> Stated:
        """What the source says of this file now."""
        ...

    def read(self, stated: Stated, start: int) -> AbstractContextManager[Reading]:
        """The bytes of the file that was stated, from `start` or earlier."""
        ...


def forbid_when_offline(source: str, *also: str) -> None:
    """WeightsOffline if HARMONY_OFFLINE, or one of the variables `also`, forbids the network."""
    from workers.settings import WorkerSettings

    said = [name for name in also if os.environ.get(name, "").lower() in _TRUE]
    if WorkerSettings().offline:
        said.append("HARMONY_OFFLINE")
    if said:
        raise WeightsOffline(
            f"{source} is not in the cache, and {said[0]} forbids to fetch it; "
            "`harmony models export` on a machine that has it makes a file for `harmony models import` here"
        )
