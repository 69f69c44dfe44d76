"""Files of this machine: `path:/FOLDER/FILE`. They are copied, so that a later edit cannot change what was checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.sources import parts
from workers.weights.errors import WeightsMissing, WeightsUnavailable
from workers.weights.origins import BLOCK, Reading, Stated


class Folders:
    """The file systems that this process sees."""

    def state(self, source: str) -> Stated:
        """Its size and the time of its last change; see Origin.

        A folder that is not there may be mounted later. What a folder lacks, it will lack the next time, too.
        """
        place = _place(source)
        try:
            found = place.stat()
        except FileNotFoundError as error:
            kind = WeightsMissing if place.parent.is_dir() else WeightsUnavailable
            raise kind(f"{source}: {error.strerror}") from error
        except OSError as error:
            raise WeightsUnavailable(f"{source}: {error.strerror}") from error
        if not place.is_file():
            raise WeightsMissing(f"{source}: not a file")
        return Stated(source=source, version=_version(found), size=found.st_size)

    @contextmanager
    def read(self, stated: Stated, start: int) -> Iterator[Reading]:
        """The file from `start` on; see Origin."""
        try:
            with _place(stated.source).open("rb") as stream:
                stream.seek(start)
                yield Reading(start, iter(lambda: stream.read(BLOCK), b""))
                if _version(os.fstat(stream.fileno())) != stated.version:
                    raise WeightsUnavailable(f"{stated.source}: it was changed while it was being read")
        except OSError as error:
            if error.filename is None:
                raise  # of the cache, not of the source
            raise WeightsUnavailable(f"{stated.source}: {error.strerror}") from error


def version_of(source: str) -> str | None:
    """What `state` would call this version of the file; None if it cannot be seen."""
    try:
        return _version(_place(source).stat())
    except OSError:
        return None


def _place(source: str) -> Path:
    return Path(parts(source)["path"]).expanduser()


def _version(found: os.stat_result) -> str:
    return f"{found.st_size} {found.st_mtime_ns}"
