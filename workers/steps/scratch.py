"""A folder for the files of one step."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Self


class Scratch:
    """A folder for files of one step; made when first asked for, gone when the block ends."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def path(self, name: str) -> Path:
        """A file's place in the folder."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="harmony-")
        return Path(self._folder.name) / name
