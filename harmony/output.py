"""What the supervisor prints: each line with the name of the process that said it."""

from __future__ import annotations

import sys
import zlib
from typing import TextIO

#: ANSI colours that are legible on light and dark grounds.
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Prefixer:
    """Writes `name | line`, the name in its own colour on a terminal."""

    def __init__(self, width: int, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._width = width
        self._colours = self._stream.isatty()

    def __call__(self, name: str, line: str) -> None:
        prefix = f"{name:<{self._width}} |"
        if self._colours:
            # From the name alone, so that a process keeps its colour from run to run.
            colour = _COLOURS[zlib.crc32(name.encode()) % len(_COLOURS)]
            prefix = f"\033[{colour}m{prefix}\033[0m"
        self.plain(f"{prefix} {line}")

    def plain(self, line: str) -> None:
        """One line of the supervisor's own, without a name."""
        print(line, file=self._stream, flush=True)
