"""Ordinals: `21st`, `3.º`, `2e`, `im 21. Jahrhundert`, and decades, `the 1990s`."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.dates import declined
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import cardinal, ordinal, year

_DECADE: Final = re.compile(r"(?<![\w.,/])(?:['’](?=\d\ds))?(\d{1,2})?(\d0)['’]?s\b")
_ENGLISH_ORDINAL: Final = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d{1,15})(st|nd|rd|th)\b", re.IGNORECASE)
_GERMAN_DECADE: Final = re.compile(r"(?<![\w.,/])(\d0|[12]\d\d0)er\b")
_ROMANCE_ORDINAL: Final = {
    "fr": re.compile(r"(?<![\w.,/])(\d{1,4})(ers?|res?|ères?|nde?s?|es?|èmes?|emes?|ièmes?)\b"),
    "es": re.compile(r"(?<![\w.,/])(\d{1,3})\.?(?:([ºª°])|(er|ra|ro|do|da|to|ta|mo|ma)\b)"),
    "it": re.compile(r"(?<![\w.,/])(\d{1,4})\.?([ºª°])"),
    "pt": re.compile(r"(?<![\w.,/])(\d{1,4})\.?([ºª°])"),
}
_GERMAN_ORDINAL: Final = re.compile(
    r"\b((?i:im|am|vom|zum|dem|den|des|der|die|das|beim))( )(\d{1,3})\.(?= [^\W\d_])"
    r"|(?<![\w.,/])(\d{1,3})(ste[nrs]?|te[nrs]?)\b"
)


def ordinals(text: str, rules: Rules) -> str:
    """`text` with its ordinals in words."""
    if rules.language == "en":
        text = _DECADE.sub(lambda found: _decade(found, rules), text)
        return _ENGLISH_ORDINAL.sub(lambda found: ordinal(found[1].replace(",", ""), rules), text)
    if rules.language == "de":
        text = _GERMAN_DECADE.sub(lambda found: f"{year(found[1], rules)}er", text)
        return _GERMAN_ORDINAL.sub(lambda found: _german(found, rules), text)
    return _ROMANCE_ORDINAL[rules.language].sub(lambda found: _romance(found, rules), text)


def _decade(found: re.Match[str], rules: Rules) -> str:
    """`1990s` as `nineteen nineties`."""
    tens = cardinal(found[2], rules)
    many = "hundreds" if found[2] == "00" and found[1] else f"{tens[:-1]}ies" if tens.endswith("y") else f"{tens}s"
    if found[1] == "20" and found[2] == "00":
        return "two thousands"
    return f"{cardinal(found[1], rules)} {many}" if found[1] else many


def _german(found: re.Match[str], rules: Rules) -> str:
    if found[4]:
        return f"{ordinal(found[4], rules).removesuffix('te')}{found[5][found[5].index('te') :]}"
    return f"{found[1]}{found[2]}{declined(ordinal(found[3], rules), found[1].lower())}"


def _romance(found: re.Match[str], rules: Rules) -> str:
    mark = next(part for part in found.groups()[1:] if part)
    words = ordinal(found[1], rules)
    if rules.language == "fr":
        return _french(words, mark)
    if mark == "er" and words.endswith("ro"):
        return words[:-1]
    return " ".join(f"{word[:-1]}a" for word in words.split()) if mark in {"ª", "ra", "da", "ta", "ma"} else words


def _french(words: str, mark: str) -> str:
    if mark.startswith(("r", "è")) and words == "premier":
        words = "première"
    elif mark.startswith("nd"):
        words = "seconde" if mark.startswith("nde") else "second"
    return f"{words}s" if mark.endswith("s") else words
