# ruff: noqa: RUF001 - full-width marks and quotation marks are what is replaced here
"""A text in pieces that are spoken one after the other, cut where the voice models' makers cut theirs.

Their rules put a space behind each punctuation mark, also inside numbers (`$12.50` is read as `$12. 50`): the models'
own programs do so, and give for the same text the same sound.
"""

from __future__ import annotations

import re
from typing import Final

from workers.text.pieces import PLAIN

_QUOTES: Final = str.maketrans({"‘": "'", "’": "'"})
_LEFT_OUT: Final = re.compile('[<>()\\[\\]"“”«»]+')
_SPACE: Final = re.compile(r"\s+")
_MARK: Final = re.compile(r"([,.?!])")
_ONLY_MARKS: Final = re.compile(r"[\s.,;:!?]*")

#: A piece of an alphabetic language ends at the first mark that takes it to this many characters …
_ENOUGH: Final = 256
#: … and never has as many as this.
_TOO_MANY: Final = 512


def latin_pieces(text: str) -> list[str]:
    """English, Spanish and French: whole clauses, 256 to 511 characters of them."""
    plain = _LEFT_OUT.sub("", text.translate(PLAIN).translate(_QUOTES))
    rest = _SPACE.sub(" ", _MARK.sub(r"\1 ", plain))
    pieces: list[str] = []
    while rest:
        end = _end_of_piece(rest)
        pieces.append(rest[:end].strip())
        rest = rest[end:]
    return [piece for piece in pieces if not _ONLY_MARKS.fullmatch(piece)]


def _end_of_piece(text: str) -> int:
    ends = [match.end() for match in _MARK.finditer(text, 0, _TOO_MANY - 1)]
    if long_enough := [end for end in ends if end >= _ENOUGH]:
        return long_enough[0]
    if len(text) < _TOO_MANY:
        return len(text)
    if ends:
        return ends[-1]
    words = [match.end() for match in re.finditer(r"[ .!?]", text[:_TOO_MANY]) if match.end() > _ENOUGH]
    return words[-1] if words else _ENOUGH


def halves(piece: str) -> tuple[str, str] | None:
    """A piece that is too long for the language model, cut near its middle; None if it has nothing to cut."""
    middle = len(piece) // 2
    spaces = [match.start() for match in _SPACE.finditer(piece.strip())]
    cut = min(spaces, key=lambda place: abs(place - middle), default=middle)
    first, second = piece[:cut].strip(), piece[cut:].strip()
    return (first, second) if first and second else None
