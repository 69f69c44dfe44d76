"""Where the sound of a WAV of ours begins and ends: looked for from both ends, so most of a long file is never read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import PermanentError
from workers.wav import wav_header

_HEADER: Final = len(wav_header(0, 1))
_FRAME_SECONDS: Final = 0.01
#: Frames that are looked at together.
_AT_ONCE: Final = 4096

_Whole = NDArray[np.int16]


class Samples16:
    """The samples of a file as our own code writes it: mono, 16 bits, behind the shortest header."""

    def __init__(self, path: Path) -> None:
        """PermanentError `audio_undecodable` for any other file, `audio_empty` for one without samples."""
        with path.open("rb") as file:
            head = file.read(_HEADER)
        if len(head) < _HEADER or head[:4] != b"RIFF" or head[36:40] != b"data" or head[22] != 1:
            raise PermanentError("not a WAV file of ours", code="audio_undecodable")
        self.rate = int.from_bytes(head[24:28], "little")
        self.count = (path.stat().st_size - _HEADER) // 2
        if self.count == 0:
            raise PermanentError("the sound is empty", code="audio_empty")
        self._samples: _Whole = np.memmap(path, "<i2", "r", _HEADER, (self.count,))

    def heard(self, threshold_db: float, keep_seconds: float) -> tuple[int, int]:
        """The first sample that is kept and the one behind the last; all of a sound that is nothing but silence.

        A frame of 10 ms is silent if its effective value is below `threshold_db` of full scale.
        """
        frame = max(1, round(_FRAME_SECONDS * self.rate))
        level = 32768 * 10 ** (threshold_db / 20)
        first = self._first(frame, level)
        if first is None:
            return 0, self.count
        keep = round(keep_seconds * self.rate)
        return max(0, first - keep), min(self.count, self._last(frame, level) + keep)

    def _first(self, frame: int, level: float) -> int | None:
        step = frame * _AT_ONCE
        for start in range(0, self.count, step):
            loud = _loud(self._samples[start : start + step], frame, level)
            if loud.any():
                return start + int(loud.argmax()) * frame
        return None

    def _last(self, frame: int, level: float) -> int:
        step = frame * _AT_ONCE
        for start in reversed(range(0, self.count, step)):
            loud = _loud(self._samples[start : start + step], frame, level)
            if loud.any():
                return min(self.count, start + (len(loud) - int(loud[::-1].argmax())) * frame)
        return 0


def _loud(samples: _Whole, frame: int, level: float) -> NDArray[np.bool_]:
    """Of each frame, of which the last may be shorter, whether it is heard."""
    starts = np.arange(0, len(samples), frame)
    sums = np.add.reduceat(np.square(samples.astype(np.float64)), starts)
    counts = np.minimum(frame, len(samples) - starts)
    return np.asarray(sums / counts > level * level)
