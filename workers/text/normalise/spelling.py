"""Numbers in words by num2words (LGPL), with what it leaves to its caller: agreement, decimals, long runs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from workers.text.normalise.rules import Rules

#: Longer numbers have no name that a listener could follow.
MOST_DIGITS: Final = 15
_YEARS: Final = range(1100, 2100)
#: Languages in which four digits are read as a year, in two halves.
_HALVED: Final = frozenset(("en", "de"))


def cardinal(digits: str, rules: Rules) -> str:
    """A whole number: 12 as `twelve`; one that is too long, or has zeros before it, digit by digit."""
    if rules.numbers is None:
        return digits
    if len(digits) > MOST_DIGITS or (len(digits) > 1 and digits.startswith("0")):
        return one_by_one(digits, rules)
    return _said(int(digits), rules.numbers, "cardinal", british=_british(rules))


def ordinal(digits: str, rules: Rules) -> str:
    """Of a place in a row: 21 as `twenty-first`; `digits` are few."""
    if rules.numbers is None:
        return digits
    return _said(int(digits), rules.numbers, "ordinal", british=_british(rules))


def year(digits: str, rules: Rules) -> str:
    """1999 as `nineteen ninety-nine` where a language says it so, else as any number."""
    if rules.numbers is None or rules.language not in _HALVED or int(digits) not in _YEARS:
        return cardinal(digits, rules)
    if rules.language == "de" and not 1100 <= int(digits) < 2000:  # noqa: PLR2004 - the years of hundreds
        return cardinal(digits, rules)
    return _said(int(digits), rules.numbers, "year", british=_british(rules))


def decimal(whole: str, fraction: str, point: str, rules: Rules) -> str:
    """`three point one four`: two digits of a fraction are a number in the Romance languages, else one by one."""
    if rules.language in {"es", "fr", "it", "pt"} and len(fraction) <= 2 and not fraction.startswith("0"):  # noqa: PLR2004
        behind = cardinal(fraction, rules)
    else:
        behind = one_by_one(fraction, rules)
    return f"{cardinal(whole, rules)} {point} {behind}"


def one_by_one(digits: str, rules: Rules) -> str:
    """`zero zero seven`."""
    if rules.numbers is None:
        return " ".join(digits)
    return " ".join(
        _said(int(digit), rules.numbers, "cardinal", british=False) for digit in digits if digit.isdecimal()
    )


def agreeing(words: str, rules: Rules, *, feminine: bool) -> str:
    """A number as it stands before a noun: `eins` as `ein` or `eine`, `uno` as `un`, `doscientos` as `doscientas`."""
    change = _AGREEMENTS.get(rules.language)
    if change is None:
        return words
    for ending, masculine, female in change:
        wanted = female if feminine else masculine
        if words == ending or (words.endswith(ending) and (len(ending) > 3 or words[-len(ending) - 1] == " ")):  # noqa: PLR2004
            return words[: -len(ending)] + wanted
    return words


def before_noun(words: str, noun: str, rules: Rules) -> str:
    """Both; in Italian `un'ora`."""
    if rules.language == "it" and words == "una" and noun[:1].lower() in "aeiou":
        return f"un'{noun}"
    return f"{words} {noun}"


#: Endings before a masculine and a feminine noun; short ones are words of their own only.
_AGREEMENTS: Final = {
    "de": (("eins", "ein", "eine"),),
    "es": (
        ("veintiuno", "veintiún", "veintiuna"), ("uno", "un", "una"), ("cientos", "cientos", "cientas"),
        ("quinientos", "quinientos", "quinientas"),
    ),
    "fr": (("un", "un", "une"),),
    "it": (("uno", "un", "una"),),
    "pt": (("um", "um", "uma"), ("dois", "dois", "duas"), ("entos", "entos", "entas")),
}  # fmt: skip


def _british(rules: Rules) -> bool:
    return rules.locale == "en_GB"


@lru_cache(maxsize=4096)
def _said(number: int, language: str, form: str, *, british: bool) -> str:
    said = str(_num2words()(number, lang=language, to=form))
    if language == "en":
        said = said.replace(",", "")
        if not british:
            said = said.replace(" and ", " ")
    return " ".join(said.replace(",", "").split())


def _num2words() -> Any:  # noqa: ANN401 - it publishes no types
    from num2words import num2words

    return num2words
