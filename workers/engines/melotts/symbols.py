"""Phones, tones and languages as the numbers that the network takes.

The symbols are those of the `config.json` beside the weights, in its order. Tones and languages have fixed numbers: all
voice models were trained on one table, in which each language's tones follow those of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pipelines.errors import PermanentError
from workers.engines.melotts.frontend.base import Phonemes

LANGUAGE_IDS: Final = MappingProxyType(
    {"ZH": 0, "JP": 1, "EN": 2, "ZH_MIX_EN": 3, "KR": 4, "ES": 5, "SP": 5, "FR": 6},
)
#: The number of each language's tone 0. Mixed Chinese gives its English phones the English tones by itself.
TONE_STARTS: Final = MappingProxyType(
    {"ZH": 0, "ZH_MIX_EN": 0, "JP": 6, "EN": 7, "KR": 11, "ES": 12, "SP": 12, "FR": 13},
)
#: Stands before, between and after all symbols, tones and languages of a model with `add_blank`.
BLANK: Final = 0
_UNKNOWN: Final = "UNK"


@dataclass(frozen=True)
class SymbolIds:
    """A piece in numbers; the first three are of one length, which is the sum of `word2ph`."""

    symbols: tuple[int, ...]
    tones: tuple[int, ...]
    languages: tuple[int, ...]
    word2ph: tuple[int, ...]


class SymbolTable:
    """The symbols of one voice model."""

    def __init__(self, symbols: Sequence[str], *, add_blank: bool = True) -> None:
        self._ids = {symbol: index for index, symbol in enumerate(symbols)}
        self._add_blank = add_blank

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, phonemes: Phonemes, language: str) -> SymbolIds:
        """The numbers of `phonemes` in `language` (EN, ZH_MIX_EN …)."""
        plain = SymbolIds(
            tuple(self._id(phone) for phone in phonemes.phones),
            tuple(tone + TONE_STARTS[language] for tone in phonemes.tones),
            (LANGUAGE_IDS[language],) * len(phonemes.phones),
            phonemes.word2ph,
        )
        return _interspersed(plain) if self._add_blank else plain

    def _id(self, phone: str) -> int:
        number = self._ids.get(phone, self._ids.get(_UNKNOWN))
        if number is None:
            raise PermanentError(f"The voice model's config.json has no symbol {phone!r}.", code="weights_config")
        return number


def _interspersed(ids: SymbolIds) -> SymbolIds:
    """With a blank before, between and after all; each token owns the blanks after its phones, the first also one."""
    first, *rest = (2 * count for count in ids.word2ph)
    return SymbolIds(_blanks(ids.symbols), _blanks(ids.tones), _blanks(ids.languages), (first + 1, *rest))


def _blanks(numbers: Sequence[int]) -> tuple[int, ...]:
    spread = [BLANK] * (2 * len(numbers) + 1)
    spread[1::2] = numbers
    return tuple(spread)
