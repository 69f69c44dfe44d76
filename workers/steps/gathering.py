"""Sound as it is made, piece by piece: in memory while it is short, then in a file, so that a long text costs no more.

Mono, 16 bits, little-endian, as in the WAV that it ends as.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedRandom, BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from workers.steps.scratch import Scratch
from workers.wav import wav_header

#: What is kept in memory, in bytes: a minute and a half at 24 kHz. A short job needs no file.
_MOST: Final = 4 << 20
_PIECE: Final = 1 << 20
_HEADER: Final = len(wav_header(0, 1))


class GatheredSound:
    """Everything that was made so far."""

    def __init__(self, scratch: Scratch, most: int = _MOST) -> None:
        self._scratch = scratch
        self._most = most
        self._held = bytearray()
        self._file: BufferedRandom | None = None
        #: Bytes of samples.
        self.size = 0

    @property
    def samples(self) -> int:
        return self.size // 2

    def add(self, pcm: bytes) -> None:
        """Puts samples (s16le) behind what is there."""
        self.size += len(pcm)
        if self._file is None and self.size <= self._most:
            self._held += pcm
            return
        if self._file is None:
            self._file = self._path.open("w+b")
            self._file.write(bytes(_HEADER))
            self._file.write(self._held)
            self._held = bytearray()
        self._file.write(pcm)

    def since(self, place: int) -> Iterator[bytes]:
        """The samples' bytes from number `place` on, in pieces that fit into memory."""
        if self._file is None:
            if place < self.size:
                yield bytes(self._held[place:])
            return
        while place < self.size:
            self._file.seek(_HEADER + place)
            piece = self._file.read(min(_PIECE, self.size - place))
            self._file.seek(0, 2)
            place += len(piece)
            yield piece

    def part(self, place: int) -> BinaryIO:
        """The samples' bytes from number `place` on, to be read once and closed."""
        if self._file is None:
            return BytesIO(self._held[place:])
        self._file.flush()
        source = self._path.open("rb")
        source.seek(_HEADER + place)
        return source

    def wav(self, sample_rate: int) -> bytes | Path:
        """The whole as a WAV file, or its bytes; nothing may be added any more."""
        header = wav_header(self.samples, sample_rate)
        if self._file is None:
            return header + self._held
        with self._file as file:
            file.seek(0)
            file.write(header)
        return self._path

    @property
    def _path(self) -> Path:
        return self._scratch.path("speech.wav")
