"""English made ready to be looked up: plain ASCII, with abbreviations, money and numbers in words.

Many voices were trained on texts made so (their makers followed Tacotron's), and expect the same at run time.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

_ABBREVIATIONS: Final = {
    "capt": "captain", "co": "company", "col": "colonel", "dr": "doctor", "drs": "doctors", "esq": "esquire",
    "ft": "fort", "gen": "general", "hon": "honorable", "jr": "junior", "lt": "lieutenant", "ltd": "limited",
    "maj": "major", "mr": "mister", "mrs": "misess", "rev": "reverend", "sgt": "sergeant", "st": "saint",
}  # fmt: skip
_ABBREVIATED: Final = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.")
_GROUPED: Final = re.compile(r"[0-9][0-9,]+[0-9]")
_DOLLARS: Final = re.compile(r"\$([0-9.,]*[0-9]+)")
_DECIMAL: Final = re.compile(r"([0-9]+)\.([0-9]+)")
_ORDINAL: Final = re.compile(r"[0-9]+(?:st|nd|rd|th)")
_NUMBER: Final = re.compile(r"[0-9]+")
#: Whole part and hundredths; what has more points than that is no amount.
_PARTS_OF_AN_AMOUNT: Final = 2
#: Longer numbers have no name.
_MOST_DIGITS: Final = 36
#: Where the transliteration that voices were trained with differs from the one at hand; nothing stands for the unknown.
_SPELLED: Final = str.maketrans({"¼": " 1/4", "½": " 1/2", "¾": " 3/4"})
_UNKNOWN: Final = re.compile(r"\[\?\] ?")


def to_ascii(text: str) -> str:
    """`text` in ASCII as it is written or sounds: é as e, £ as PS; what has no such spelling is left out."""
    from text_unidecode import unidecode

    # Letter by letter, as a user may write the sign for the unknown himself.
    return "".join(
        char if char.isascii() else _UNKNOWN.sub("", str(unidecode(char))) for char in text.translate(_SPELLED)
    )


def expand_abbreviations(text: str) -> str:
    """`dr.` as `doctor`, in a text of small letters."""
    return _ABBREVIATED.sub(lambda match: _ABBREVIATIONS[match[1]], text)


def expand_numbers(text: str) -> str:
    """Numbers in words: `$5` as `five dollars`, `21st` as `twenty-first`, 1001 to 2999 as years."""
    text = _GROUPED.sub(lambda match: match.group().replace(",", ""), text)
    text = _DOLLARS.sub(_dollars, text)
    text = _DECIMAL.sub(r"\1 point \2", text)
    text = _ORDINAL.sub(lambda match: _said(match.group()), text)
    return _NUMBER.sub(lambda match: _number(match.group()), text)


def _dollars(match: re.Match[str]) -> str:
    amount = match[1].split(".")
    if len(amount) > _PARTS_OF_AN_AMOUNT:
        return f"{match[1]} dollars"
    # As digits: numbers may be too long for Python to read.
    dollars, cents = (part.replace(",", "").lstrip("0") for part in (amount[0], amount[1] if len(amount) > 1 else ""))
    counted = ((dollars, "dollar"), (cents, "cent"))
    return ", ".join(f"{count} {unit if count == '1' else unit + 's'}" for count, unit in counted if count) or (
        "zero dollars"
    )


def _number(digits: str) -> str:
    if len(digits) > _MOST_DIGITS or not 1000 < int(digits) < 3000:  # noqa: PLR2004 - what is read as a year
        return _said(digits, andword="")
    number = int(digits)
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:  # noqa: PLR2004 - years that are read as numbers
        return f"two thousand {_said(str(rest))}" if rest else "two thousand"
    if not rest:
        return f"{_said(str(century))} hundred"
    return _said(str(number), andword="", zero="oh", group=2).replace(", ", " ")


def _said(number: str, **form: object) -> str:
    """In words; digit by digit where the number is too long for a name."""
    if len(number) > _MOST_DIGITS:
        return " ".join(_said(digit) for digit in number if digit.isdigit())
    return str(_inflect().number_to_words(number, **form))


@cache
def _inflect() -> Any:  # noqa: ANN401 - inflect's own words for its options are no strings to mypy
    import inflect

    return inflect.engine()
