"""One data directory belongs to one stack at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "harmony.lock"


class DataDirInUse(Exception):
    """Another stack runs on this data directory."""


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Makes the directory, readable by its owner only, and holds it; DataDirInUse names the process that has it.

    The kernel gives the lock back when the process ends, however it ends.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(data_dir / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            sentence = f"{data_dir} is in use by process {holder}; stop it, or name another --data-dir"
            raise DataDirInUse(sentence) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
