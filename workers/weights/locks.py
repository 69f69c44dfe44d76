"""What files without a pinned hash turned out to be at their first fetch, and which commit a branch was.

<cache>/locks/files/<hash of the sources>.json       size and SHA-256 of the file
<cache>/locks/commits/<hash of name and revision>.json
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.catalog import WeightFile
from pipelines.sources import scheme
from workers.weights.folders import version_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pinned:
    """A file of a set with its size and hash, from the family's file or from a lock."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Lock:
    """What the parts of one source gave."""

    parts: tuple[str, ...]
    sha256: str
    bytes: int
    #: The parts with their revisions resolved, and what their sources called this version.
    fetched: tuple[str, ...]
    versions: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """False once a file of this machine has changed since; where it is not to be seen, the copy serves."""
        now = [version_of(part) if scheme(part) == "path" else None for part in self.parts]
        return all(version in (None, before) for version, before in zip(now, self.versions, strict=True))


class Locks:
    """The locks of one cache; written only by who holds the cache."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._commits = folder / "commits"

    def pinned(self, file: WeightFile) -> Pinned | None:
        """What `file` must be; None if nothing has said so yet."""
        if file.sha256 is not None and file.bytes is not None:
            return Pinned(file.path, file.sha256, file.bytes)
        lock = self.lock(file)
        return None if lock is None else Pinned(file.path, lock.sha256, lock.bytes)

    def lock(self, file: WeightFile) -> Lock | None:
        """The lock of the first of its sources that has one which still holds and fits what is pinned."""
        for parts in file.sources:
            lock = self._read(parts)
            if lock is not None and lock.holds and agrees(file, lock.sha256, lock.bytes):
                return lock
        return None

    def keep(self, lock: Lock) -> None:
        _write(self._files / _name(lock.parts), asdict(lock))

    def drop(self, file: WeightFile) -> None:
        """Forgets what its sources gave, and the commits of their branches."""
        for parts in file.sources:
            (self._files / _name(parts)).unlink(missing_ok=True)
            for part in parts:
                if scheme(part) == "hf":
                    repo, _, rest = part.removeprefix("hf:").partition("@")
                    (self._commits / _name((repo, rest.partition("/")[0]))).unlink(missing_ok=True)

    def commit(self, repo: str, revision: str) -> str | None:
        """The commit that a branch or tag was when it was first asked for."""
        found = _load(self._commits / _name((repo, revision)))
        return None if found is None else str(found["commit"])

    def keep_commit(self, repo: str, revision: str, commit: str) -> None:
        _write(self._commits / _name((repo, revision)), {"repo": repo, "revision": revision, "commit": commit})

    def _read(self, parts: tuple[str, ...]) -> Lock | None:
        found = _load(self._files / _name(parts))
        return None if found is None else lock_of(found)


def lock_of(document: dict[str, Any]) -> Lock:
    """A lock from its JSON."""
    lists = {name: tuple(document[name]) for name in ("parts", "fetched", "versions")}
    return Lock(sha256=document["sha256"], bytes=document["bytes"], **lists)


def agrees(file: WeightFile, sha256: str, size: int) -> bool:
    """Whether this hash and size fit as much as is pinned of `file`."""
    return file.sha256 in (None, sha256) and file.bytes in (None, size)


def _name(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:40] + ".json"


def _load(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        log.warning("lock_unreadable file=%s", path.name)
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    building = path.with_suffix(".new")
    building.write_text(json.dumps(document, indent=1), encoding="utf-8")
    building.replace(path)
