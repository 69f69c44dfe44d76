"""Which sampling rates a format of sound can have, for the refusals at submit and for whoever writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MPEG: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

#: Rising, in Hz; a format that is not here carries any.
WRITTEN_RATES: Final[Mapping[str, tuple[int, ...]]] = {
    "mp3": _MPEG,
    "aac": _MPEG,
    "opus": (8000, 12000, 16000, 24000, 48000),
}
