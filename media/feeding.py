"""The worker's end of a sound that is encoded while it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from media.protocol import MAX_SOUND

#: Hands a request and the samples behind it to the helper; returns the bytes of its answer.
Exchange = Callable[[dict[str, Any], bytes], bytes]


class StreamEncoder:
    """Samples in (signed, 16 bits, little-endian, mono), bytes of one format out, as early as its codec gives them.

    All that `feed` and `finish` return, put together, depends on the samples alone, not on how they were parted; so a
    second encoder that is fed the beginning of the same sound gives the same beginning, byte for byte. What each codec
    keeps back, and how sure this is on different machines, stands at `media.streaming`. Errors: TransientError
    `media_helper` where the helper is lost, PermanentError `decode_limit` over a limit of one request.
    """

    def __init__(self, exchange: Exchange, number: int, form: str, sample_rate: int) -> None:
        self._exchange = exchange
        self._number = number
        self._begin: dict[str, Any] = {"format": form, "sample_rate": sample_rate}
        self._ended = False

    def feed(self, pcm16: bytes) -> bytes:
        """Takes samples; returns the bytes that are certain by now, perhaps none."""
        return self._give(pcm16, end=False)

    def finish(self) -> bytes:
        """The last bytes. Nothing may be fed any more."""
        return self._give(b"", end=True)

    def _give(self, pcm16: bytes, *, end: bool) -> bytes:
        if self._ended:
            msg = "the stream is finished already"
            raise ValueError(msg)
        self._ended = end
        pieces = [pcm16[start : start + MAX_SOUND] for start in range(0, len(pcm16), MAX_SOUND)] or [b""]
        return b"".join(self._ask(piece, end=end) for piece in pieces)

    def _ask(self, piece: bytes, *, end: bool) -> bytes:
        begin, self._begin = self._begin, {}
        return self._exchange({"stream": self._number, "end": end, **begin}, piece)
