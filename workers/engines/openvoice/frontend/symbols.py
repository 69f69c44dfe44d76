"""Phonetic text as the numbers that the base speakers take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

#: Stands before, between and after all symbols.
BLANK: Final = 0

_INNER_CAPITAL: Final = re.compile(r"([a-z])([A-Z])")
_OPEN_END: Final = re.compile(r"([^.,!?\-…~])$")


class SymbolFrontend:
    """One language: how its texts are cut, how a piece sounds, and the numbers of its symbols."""

    def __init__(
        self, pieces: Callable[[str], list[str]], cleaned: Callable[[str], str], symbols: Sequence[str]
    ) -> None:
        self.pieces = pieces
        self._cleaned = cleaned
        self._ids = {symbol: number for number, symbol in enumerate(symbols)}

    def ids(self, piece: str) -> list[int]:
        """A number per known character, blanks around them; none if nothing of it can be spoken."""
        phonetic = self.phonetic(piece)
        known = [self._ids[char] for char in phonetic if char in self._ids]
        if not any(char.isalpha() for char in phonetic if char in self._ids):
            return []
        spread = [BLANK] * (2 * len(known) + 1)
        spread[1::2] = known
        return spread

    def phonetic(self, piece: str) -> str:
        """The piece as it sounds, in the symbols' alphabet, ending in a mark."""
        return closed(self._cleaned(spaced(piece)))


def spaced(piece: str) -> str:
    """With a space between a small letter and a capital one: `iPhone` is read as two words."""
    return _INNER_CAPITAL.sub(r"\1 \2", piece)


def closed(phonetic: str) -> str:
    """With a full stop, if no mark stands at the end."""
    return _OPEN_END.sub(r"\1.", phonetic.rstrip())
