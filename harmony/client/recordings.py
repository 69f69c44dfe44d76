"""Recordings that are sent: by path, as bytes, as an open file, or as an artifact that the server has already."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from harmony.client.documents import Artifact

#: A path, the bytes, or a file that is open for reading; one that can be wound back is sent from its beginning.
File = str | PathLike[str] | bytes | BinaryIO
#: The same, or an artifact of an earlier job, which does not travel again.
Audio = File | Artifact


def is_artifact(audio: object) -> bool:
    return isinstance(audio, Mapping)


def repeatable(files: Mapping[str, File]) -> bool:
    """Whether every file can be read a second time."""
    return all(isinstance(file, (str, PathLike, bytes)) or file.seekable() for file in files.values())


@contextmanager
def parts(field: str, document: Mapping[str, Any], files: Mapping[str, File]) -> Iterator[dict[str, Any]]:
    """The form as httpx takes it: JSON first, as `field`, so that it can be refused before the files have travelled."""
    with ExitStack() as opened:
        form: dict[str, Any] = {field: (None, json.dumps(document), "application/json")}
        for name, file in files.items():
            if isinstance(file, (str, PathLike)):
                path = Path(file)
                form[name] = (path.name, opened.enter_context(path.open("rb")))
            else:
                form[name] = (name, file)
        yield form
