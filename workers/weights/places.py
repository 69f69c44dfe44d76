"""The folders of one cache, and who may write to them.

<cache>/blobs/<sha256>                 a verified file
<cache>/sets/<hash>/<path>             the same file where the engine looks for it
<cache>/locks/                         what files without a pinned hash were at their first fetch
<cache>/partial/<hash>                 a file that is being fetched, to be gone on with
<cache>/scratch/                       what is being made
<cache>/lock                           held by the one process that writes
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workers.weights.locks import Locks

#: A download that nobody went on with for so long is given up, in seconds.
_FORGOTTEN: Final = 7 * 86_400.0


def default_cache() -> Path:
    """HARMONY_CACHE_DIR, else `harmony-speech` in the user's cache folder."""
    if configured := os.environ.get("HARMONY_CACHE_DIR"):
        return Path(configured).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "harmony-speech"


@dataclass(frozen=True)
class Places:
    """One cache."""

    cache: Path

    @property
    def blobs(self) -> Path:
        return self.cache / "blobs"

    @property
    def sets(self) -> Path:
        return self.cache / "sets"

    @property
    def partial(self) -> Path:
        return self.cache / "partial"

    @property
    def scratch(self) -> Path:
        return self.cache / "scratch"

    @property
    def locks(self) -> Locks:
        return Locks(self.cache / "locks")

    @contextmanager
    def held(self) -> Iterator[None]:
        """One writing process at a time; the kernel lets go of a dead one's lock."""
        for folder in (self.blobs, self.sets, self.partial, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.cache / "lock").open("ab") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever holds the lock owns the scratch folder: what lies there was left by a process that was killed.
            for left in self.scratch.iterdir():
                shutil.rmtree(left, ignore_errors=True)
            for left in self.partial.iterdir():
                if left.stat().st_mtime < time.time() - _FORGOTTEN:
                    left.unlink()
            yield
