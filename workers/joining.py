"""The pauses of speech that was made clause by clause: what is between two pieces, in place of what the engine left."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from workers.contract import Samples

#: What ends with a piece of text.
End = Literal["clause", "sentence", "paragraph", "text"]

#: From the last sound of a piece to the first of the next, in seconds, at the voice's own pace.
PAUSES: Final[dict[End, float]] = {"clause": 0.12, "sentence": 0.3, "paragraph": 0.6, "text": 0.6}
#: The part of a pause that lies before the first sound of the next piece: a soft onset is not cut off.
LEAD_SECONDS: Final = 0.03
#: At each edge that is cut.
FADE_SECONDS: Final = 0.005
_FRAME_SECONDS: Final = 0.005
#: A frame is silent so far below the loudest of its piece, in dB. Measured on Kokoro: from −50 to −60 dB only the noise
#: of its vocoder goes on, for up to 0.2 s; the quietest consonants at an end of a word are at −45.
_SILENT_DB: Final = -50.0
#: Below it nothing is heard, however quiet the rest is: the step of 16 bits.
_NOTHING: Final = 2.0**-15


class Joiner:
    """Gives each piece its edges; nothing is remembered of a piece, so that each can be made again by itself.

    Engines leave silence of their own, Kokoro some 0.3 s before and 0.4 s behind: too much within a sentence. It is cut
    to the pause that belongs there, or made up to it. The first edge of all and the last stay as the engine made them.
    """

    def __init__(self, sample_rate: int, speed: float = 1.0) -> None:
        """`speed` is how much faster than at their own pace the pieces are spoken; pauses shrink with it."""
        self._rate = sample_rate
        self._speed = speed

    def piece(self, audio: Samples, end: End, *, is_first: bool, is_last: bool) -> Samples:
        """The piece from its own edge to the next piece's: float32 [n], mono. A silent one becomes a pause."""
        lead, tail = self._samples(LEAD_SECONDS), self._samples(PAUSES[end] - LEAD_SECONDS)
        begin, stop = _heard(audio, max(1, round(_FRAME_SECONDS * self._rate)))
        if begin == stop and not (is_first and is_last):
            return np.zeros(0 if is_last else lead + tail, np.float32)
        piece = audio if is_last else self._ended(audio, stop, tail)
        return piece if is_first else self._begun(piece, begin, lead)

    def _begun(self, audio: Samples, begin: int, lead: int) -> Samples:
        """`lead` samples before the first sound: what the engine made of them, silence for the rest."""
        kept = audio[max(0, begin - lead) :].copy()
        fade = min(self._samples(FADE_SECONDS, paced=False), len(kept))
        kept[:fade] *= np.linspace(0.0, 1.0, fade, endpoint=False, dtype=np.float32)
        return np.pad(kept, (max(0, lead - begin), 0))

    def _ended(self, audio: Samples, stop: int, tail: int) -> Samples:
        """`tail` samples behind the last sound."""
        kept = audio[: stop + tail].copy()
        fade = min(self._samples(FADE_SECONDS, paced=False), len(kept))
        kept[len(kept) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        return np.pad(kept, (0, stop + tail - len(kept)))

    def _samples(self, seconds: float, *, paced: bool = True) -> int:
        return round(seconds * self._rate / (self._speed if paced else 1.0))


def _heard(audio: Samples, frame: int) -> tuple[int, int]:
    """The first sample that is heard and the one behind the last, to a frame; the same twice if none is."""
    if len(audio) == 0:
        return 0, 0
    starts = np.arange(0, len(audio), frame)
    counts = np.diff(np.append(starts, len(audio)))
    levels = np.sqrt(np.add.reduceat(np.square(audio, dtype=np.float64), starts) / counts)
    found = np.flatnonzero(levels > max(float(levels.max()) * 10 ** (_SILENT_DB / 20), _NOTHING))
    if len(found) == 0:
        return 0, 0
    return int(starts[found[0]]), int(min(starts[found[-1]] + frame, len(audio)))
