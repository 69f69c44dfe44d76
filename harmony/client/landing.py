"""Where a download is written: beside its place until it is whole, so that one that broke off is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from harmony.client.documents import Artifact, Job
from harmony.client.problems import DownloadBroken, result_of
from harmony.client.tails import Download

_BLOCK = 1 << 20


def artifact_of(what: Job | Artifact) -> Artifact:
    """What a job made, or the artifact itself; JobFailed if the job made nothing."""
    if "sha256" in what:
        return cast("Artifact", what)
    return result_of(what)["artifacts"][0]


class Landing:
    """A download on its way to the file `to`, which is there once it is whole; blocks as files do.

    What has come so far stays in a hidden file beside `to`, named after its content; the next download goes on there.
    Into a pipe or a device it is written at once.
    """

    def __init__(self, artifact: Artifact, to: Path) -> None:
        self._to = to
        self._direct = to.exists() and not to.is_file()
        self._half = to if self._direct else to.with_name(f".{to.name}.{artifact['sha256'][:16]}.part")
        self._tail = Download(artifact)
        self._file: BinaryIO | None = None

    def begin(self) -> Download:
        """What is left to be fetched, behind what is there already."""
        self._file = self._half.open("wb" if self._direct else "ab+")
        if not self._direct:
            self._file.seek(0)
            while block := self._file.read(_BLOCK):
                list(self._tail.feed(block))
        return self._tail

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes."""
        if self._file is None:
            raise ValueError("a landing is begun before it is written to")
        self._file.write(chunk)

    def finish(self) -> Path:
        """Puts the file in its place; DownloadBroken, and nothing is left of it, if it is not what the job made."""
        self.close()
        try:
            self._tail.check()
        except DownloadBroken:
            if not self._direct:
                self._half.unlink(missing_ok=True)
            raise
        if not self._direct:
            self._half.replace(self._to)
        return self._to

    def close(self) -> None:
        """Lets go of the file; what has come stays."""
        if self._file is not None:
            self._file.close()
