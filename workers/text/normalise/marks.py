"""Signs that nobody speaks: what is invisible is left out, ornaments and repetitions are cut short."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Soft hyphens, zero-width spaces, marks of direction and of byte order.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffd]+"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff]+")
#: Four and more of one sign say no more than three.
_REPEATED: Final = re.compile(r"([^\w\s])\1{3,}")
#: A line of rules only: ----- or *****
_ORNAMENT: Final = re.compile(r"^[ \t]*+(?:[-_=*~#+•·.—–─═━☆★][ \t]*+){3,}$", re.MULTILINE)
_FULL_WIDTH_DIGITS: Final = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), 0xFF05, 0xFF04, 0xFF0B)}
_SPACE_IN_NUMBER: Final = re.compile(r"(?<=\d)[\u00a0\u2007\u2009\u202f'’](?=\d{3}(?!\d))")


def cleaned(text: str) -> str:
    """`text` in Unicode's composed form, without what is not seen; thousands are not parted by thin spaces."""
    plain = unicodedata.normalize("NFC", _CONTROL.sub(" ", _INVISIBLE.sub("", text)))
    plain = plain.translate(_FULL_WIDTH_DIGITS)
    plain = _SPACE_IN_NUMBER.sub("", plain)
    return _REPEATED.sub(r"\1\1\1", _ORNAMENT.sub("", plain))
