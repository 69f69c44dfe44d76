"""A small file system of its own, so that a disk can be filled without filling the machine's."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

_FILLER = ".filler"


class SmallDisk:
    """A tmpfs on `folder`, where mounting is allowed; else the folder stays as it is and `why_not` says why."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._size = megabytes
        self.why_not: str | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            done = self._run("mount", "-t", "tmpfs", "-o", f"size={self._size}m,mode=700", "chaos", str(self.folder))
        except OSError as error:
            self.why_not = f"mount cannot be run: {error.strerror}"
        else:
            self.why_not = None if done.returncode == 0 else done.stderr.strip() or "mount was refused"
        return self

    def __exit__(self, *_: object) -> None:
        if self.why_not is None:
            # Lazily: a process that is being killed may still hold a file open.
            self._run("umount", "--lazy", str(self.folder)).check_returncode()

    @staticmethod
    def _run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def fill(self) -> None:
        """Takes all the room that is left."""
        handle = os.open(self.folder / _FILLER, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            block = b"\0" * 65536
            while len(block) > 1:
                try:
                    os.write(handle, block)
                except OSError:
                    # No room for so much: smaller pieces fill the rest.
                    block = block[: len(block) // 2]
        finally:
            os.close(handle)

    def free(self) -> None:
        """Gives it back."""
        with suppress(FileNotFoundError):
            (self.folder / _FILLER).unlink()
