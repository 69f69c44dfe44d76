"""One file from one source onto the disk, resumed where an earlier try ended, and checked against what was stated."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from workers.weights.errors import WeightsCorrupt, WeightsUnavailable
from workers.weights.origins import BLOCK, Origin, Reading, Stated

#: Tries in a row that bring no byte, and the pause after the first of them, in seconds.
_TRIES: Final = 3
_PAUSE: Final = 0.5

#: Told how many bytes of the file are on disk.
Arrived = Callable[[int], None]


def download(origin: Origin, stated: Stated, partial: Path, arrived: Arrived) -> str:
    """The whole file at `partial`; its SHA-256. What an interrupted try left there is gone on from.

    WeightsUnavailable where the bytes stop coming, WeightsCorrupt where they are not what was stated.
    """
    partial.touch()
    best, fruitless = _size(partial), 0
    while _size(partial) != stated.size:
        failure = _go_on(origin, stated, partial, arrived)
        if failure is None and stated.size is None:
            break
        fruitless = 0 if _size(partial) > best else fruitless + 1
        best = max(best, _size(partial))
        if fruitless == _TRIES:
            raise _stuck(stated, partial, failure) from failure
        if fruitless:
            time.sleep(_PAUSE * 2 ** (fruitless - 1))
    return _checked(stated, partial)


def _go_on(origin: Origin, stated: Stated, partial: Path, arrived: Arrived) -> WeightsUnavailable | None:
    """Appends what comes; why it stopped coming, None where the source ended it as if it were the end."""
    try:
        with origin.read(stated, _size(partial)) as reading, partial.open("ab") as output:
            # A server that knows no ranges begins anew.
            output.truncate(reading.start)
            _append(stated, reading, output, arrived)
    except WeightsUnavailable as error:
        return error
    except WeightsCorrupt:
        partial.unlink()
        raise
    return None


def _append(stated: Stated, reading: Reading, output: BinaryIO, arrived: Arrived) -> None:
    size = reading.start
    try:
        for block in reading.blocks:
            size += len(block)
            if stated.size is not None and size > stated.size:
                raise WeightsCorrupt(f"{stated.source}: more than the {stated.size} bytes that were stated")
            output.write(block)
            arrived(size)
    finally:
        output.flush()
        os.fsync(output.fileno())


def _stuck(stated: Stated, partial: Path, failure: WeightsUnavailable | None) -> WeightsUnavailable:
    said = f"{stated.source}: the source ended early" if failure is None else failure.detail
    return WeightsUnavailable(
        f"{said}; {_size(partial)} of {stated.size or 'unknown'} bytes are here, the next try goes on from there"
    )


def _checked(stated: Stated, partial: Path) -> str:
    sha256 = hashlib.sha256()
    # SHA-1 is what git names its blobs by; it guards against a broken transfer, not against an enemy.
    git = hashlib.sha1(b"blob %d\0" % _size(partial), usedforsecurity=False)
    with partial.open("rb") as stream:
        while block := stream.read(BLOCK):
            sha256.update(block)
            if stated.git_sha1 is not None:
                git.update(block)
    wrong = stated.sha256 not in (None, sha256.hexdigest()) or stated.git_sha1 not in (None, git.hexdigest())
    if wrong:
        partial.unlink()
        found = sha256.hexdigest() if stated.sha256 else git.hexdigest()
        raise WeightsCorrupt(f"{stated.source}: its hash is {found}; stated: {stated.sha256 or stated.git_sha1}")
    return sha256.hexdigest()


def _size(partial: Path) -> int:
    return partial.stat().st_size
