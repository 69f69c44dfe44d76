"""English text to symbol ids: plain ASCII in lower case, numbers and abbreviations as words, one id per letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import inflect

#: The table of the published weights: padding, end mark, letters, punctuation.
SYMBOLS: Final = ("_", "~", *"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *"!'\"(),-.:;? ")
PAD: Final = "_"
END: Final = "~"

#: How abbreviations that end in a full stop are read. "Misess" is how the training texts spelled it.
ABBREVIATIONS: Final[Mapping[str, str]] = {
    "mrs": "misess",
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}

#: Where the transliteration that the weights were trained with differs from the one at hand.
_SPELLED: Final[Mapping[int, str]] = str.maketrans(
    {"€": "EUR", "¼": " 1/4", "½": " 1/2", "¾": " 3/4", "™": "(tm)", "№": "No. ", "₹": "Rs"}
)
_UNKNOWN: Final = "[?]"

_BRACES: Final = re.compile(r"\{.+?\}")
_ABBREVIATED: Final = re.compile(rf"\b({'|'.join(ABBREVIATIONS)})\.")
_THOUSANDS: Final = re.compile(r"[0-9][0-9,]+[0-9]")
_DOLLARS: Final = re.compile(r"\$([0-9.,]*[0-9]+)")
_DECIMAL: Final = re.compile(r"([0-9]+)\.([0-9]+)")
_ORDINAL: Final = re.compile(r"[0-9]+(?:st|nd|rd|th)")
_CARDINAL: Final = re.compile(r"[0-9]+")
_BLANKS: Final = re.compile(r"\s+")

#: Numbers in these bounds are read as years are.
_YEARS: Final = range(1001, 3000)
_MILLENNIUM: Final = 2000
_CENTURY: Final = 100
#: Longer ones have no name; their digits are read one by one.
_NAMED_DIGITS: Final = 36


def symbol_ids(text: str, symbols: Sequence[str] = SYMBOLS) -> list[int]:
    """One id per known character of the cleaned text, then the end mark. Text in braces is left out."""
    number = {symbol: index for index, symbol in enumerate(symbols)}
    read = "".join(cleaned(part) for part in _BRACES.split(text.strip()))
    ids = [number[letter] for letter in read if letter in number and letter not in {PAD, END}]
    return [*ids, number[END]]


def speakable(text: str) -> bool:
    """Whether a letter or a number is left of `text` to speak."""
    return any(letter.isalpha() for part in _BRACES.split(text) for letter in cleaned(part))


def cleaned(text: str) -> str:
    """`text` in ASCII and lower case, with its numbers and abbreviations as words and single blanks."""
    read = numbers_read(ascii_of(text).lower())
    read = _ABBREVIATED.sub(lambda found: ABBREVIATIONS[found[1]], read)
    return _BLANKS.sub(" ", read)


def ascii_of(text: str) -> str:
    """`text` in the ASCII letters that look or sound most alike."""
    from text_unidecode import unidecode

    return "".join(_letter(letter, unidecode) for letter in text.translate(_SPELLED))


def _letter(letter: str, unidecode: Callable[[str], str]) -> str:
    plain = unidecode(letter)
    if plain.strip() not in {"", _UNKNOWN}:
        return plain
    simpler = unicodedata.normalize("NFKD", letter)
    return plain.replace(_UNKNOWN, "") if simpler == letter else unidecode(simpler).replace(_UNKNOWN, "")


def numbers_read(text: str) -> str:
    """`text` with its sums of money, decimals, ordinals, years and numbers as words."""
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    text = _DOLLARS.sub(lambda found: _dollars(found[1]), text)
    text = _DECIMAL.sub(r"\1 point \2", text)
    text = _ORDINAL.sub(lambda found: _ordinal(found[0]), text)
    return _CARDINAL.sub(lambda found: _number(found[0]), text)


def _dollars(amount: str) -> str:
    whole, *rest = amount.split(".")
    if len(rest) > 1:
        return f"{amount} dollars"
    # As digits: numbers may be too long for Python to read.
    dollars, cents = (digits.replace(",", "").lstrip("0") for digits in (whole, rest[0] if rest else ""))
    named = [
        f"{count} {unit if count == '1' else f'{unit}s'}"
        for count, unit in ((dollars, "dollar"), (cents, "cent"))
        if count
    ]
    return ", ".join(named) or "zero dollars"


def _ordinal(number: str) -> str:
    # What has no name is left to be read digit by digit, and its ending as letters.
    return number if len(number) > _NAMED_DIGITS else str(_inflect().number_to_words(number))


def _number(digits: str) -> str:
    if len(digits) > _NAMED_DIGITS:
        return _words(digits, group=1, comma=" ")
    value = int(digits)
    if value not in _YEARS or value == _MILLENNIUM:
        return _words(digits)
    if _MILLENNIUM < value < _MILLENNIUM + 10:
        return f"two thousand {_words(str(value % 10))}"
    if value % _CENTURY == 0:
        return f"{_words(str(value // _CENTURY))} hundred"
    return _words(digits, zero="oh", group=2).replace(", ", " ")


def _words(digits: str, *, comma: str = ",", group: int = 0, zero: str = "zero") -> str:
    return str(_inflect().number_to_words(digits, andword="", comma=comma, group=group, zero=zero))


@cache
def _inflect() -> inflect.engine:
    import inflect

    return inflect.engine()
