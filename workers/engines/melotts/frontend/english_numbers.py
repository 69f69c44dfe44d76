"""English times, amounts of money and numbers in words, as the voice models' makers read them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import inflect

_TIME: Final = re.compile(r"\b(0?[0-9]|1[0-9]|2[0-3]):([0-5][0-9])\s*(am|pm)?\b", re.IGNORECASE)
_GROUPED: Final = re.compile(r"[0-9][0-9,]+[0-9]")
_MONEY: Final = re.compile(r"([£$¥])([0-9,.]*[0-9]+)")
_DECIMAL: Final = re.compile(r"([0-9]+)\.([0-9]+)")
_ORDINAL: Final = re.compile(r"[0-9]+(?:st|nd|rd|th)")
_NUMBER: Final = re.compile(r"-?[0-9]+")
#: Whole units and hundredths, each for one and for more.
_CURRENCIES: Final = {
    "$": (("dollar", "dollars"), ("cent", "cents")),
    "£": (("pound sterling", "pounds sterling"), ("penny", "pence")),
    "¥": (("yen", "yen"), ("sen", "sen")),
}
_NOON: Final = 12
#: Whole part and hundredths; what has more points than that is no amount.
_PARTS_OF_AN_AMOUNT: Final = 2
#: Longer numbers have no name.
_MOST_DIGITS: Final = 36


@cache
def _words() -> inflect.engine:
    return inflect.engine()


def expand_times(text: str) -> str:
    """`7:45 pm` as `seven forty-five p m`; the half of the day is always said.

    The space behind a time without `am` or `pm` goes with it; the models were trained on texts made like that.
    """
    return _TIME.sub(_time, text)


def expand_numbers(text: str) -> str:
    """Numbers in words: `$5` as `five dollars`, `21st` as `twenty-first`, 1101 to 2999 as years."""
    text = _GROUPED.sub(lambda match: match.group().replace(",", ""), text)
    text = _MONEY.sub(_money, text)
    text = _DECIMAL.sub(r"\1 point \2", text)
    text = _ORDINAL.sub(lambda match: _said(match.group()), text)
    return _NUMBER.sub(lambda match: _number(match.group()), text)


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    afternoon = hour >= _NOON or hour == 0
    said = [_said(str(hour % _NOON or _NOON))]
    if minute:
        said += (["oh"] if minute < 10 else []) + [_said(str(minute))]  # noqa: PLR2004 - one digit
    return " ".join([*said, *(match[3] or ("pm" if afternoon else "am"))])


def _money(match: re.Match[str]) -> str:
    units, hundredths = _CURRENCIES[match[1]]
    amount = match[2].replace(",", "").split(".")
    if len(amount) > _PARTS_OF_AN_AMOUNT:
        return f"{match[2]} {units[1]}"
    # As digits: numbers may be too long for Python to read.
    whole, part = (digits.lstrip("0") for digits in (amount[0], amount[1] if len(amount) > 1 else ""))
    counted = ((whole, units), (part, hundredths))
    said = [f"{count} {one if count == '1' else more}" for count, (one, more) in counted if count]
    return " ".join(said) or f"zero {units[1]}"


def _number(digits: str) -> str:
    number = int(digits) if len(digits) <= _MOST_DIGITS else None
    if number is None or not 1000 < number < 3000:  # noqa: PLR2004 - what is read as a year
        return _said(digits, andword="")
    century, rest = divmod(number, 100)
    if number == 2000 or 2000 < number < 2010:  # noqa: PLR2004
        return " ".join(["two thousand", _said(str(rest)) if rest else ""]).strip()
    if not rest:
        return f"{_said(str(century))} hundred"
    return _said(digits, andword="", zero="oh", group=2).replace(", ", " ")


def _said(number: str, **form: object) -> str:
    """In words; digit by digit where the number is too long for a name."""
    if len(number) > _MOST_DIGITS:
        return " ".join(_said(digit) for digit in number if digit.isdigit())
    return str(_words().number_to_words(number, **form))  # type: ignore[arg-type]  # inflect's own words for its options
