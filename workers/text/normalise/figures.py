"""Numbers as they are written: `1,234.5`, `1.234,5`, `2.0.1`; in words or, where an engine reads them, bare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import agreeing, cardinal, decimal

#: Possessive throughout: a hundred thousand digits and points are read once.
FIGURE: Final = r"\d++(?:[.,]\d++)*+"
#: What words with spaces around them are made of: Chinese and Japanese letters may touch a number.
LETTERS: Final = r"A-Za-z0-9_\u00c0-\u024f"
#: Where a number may begin: not inside a word, another number or an address.
START: Final = rf"(?<![{LETTERS}\d@#/\\])(?<!\d[.,:\-])"
_THREE: Final = 3
_PARTS: Final = re.compile(r"[.,]")


@dataclass(frozen=True)
class Figure:
    """A number by its digits; `points` has the mark between its parts where it is no plain number (`2.0.1`)."""

    whole: str
    fraction: str = ""
    point: str = ""
    others: tuple[str, ...] = ()

    @property
    def is_one(self) -> bool:
        return self.whole == "1" and not self.fraction and not self.others


@lru_cache(maxsize=4096)
def figure(written: str, rules: Rules) -> Figure:
    """What `written` (of the form FIGURE) means in the language."""
    parts = _PARTS.split(written)
    marks = _PARTS.findall(written)
    if not marks:
        return Figure(written)
    if _grouped(parts[: len(marks)], marks[:-1], rules) and marks[-1] == rules.decimal:
        return Figure("".join(parts[:-1]), parts[-1], rules.point)
    if _grouped(parts, marks, rules):
        return Figure("".join(parts))
    if len(marks) == 1:
        return Figure(parts[0], parts[1], rules.other_point)
    return Figure(parts[0], "", rules.point if marks[0] == rules.decimal else rules.other_point, tuple(parts[1:]))


def said(number: Figure, rules: Rules, *, feminine: bool | None = None) -> str:
    """In words; before a noun where `feminine` says of which kind."""
    if rules.numbers is None:
        return plain(number)
    if number.others:
        return f" {number.point} ".join(cardinal(part, rules) for part in (number.whole, *number.others))
    if number.fraction:
        return decimal(number.whole, number.fraction, number.point, rules)
    words = cardinal(number.whole, rules)
    return words if feminine is None else agreeing(words, rules, feminine=feminine)


def plain(number: Figure) -> str:
    """In digits without marks between thousands: what every engine reads."""
    return ".".join(part for part in (number.whole, number.fraction, *number.others) if part)


def _grouped(parts: list[str], marks: list[str], rules: Rules) -> bool:
    """Whether the marks stand between thousands."""
    if not marks:
        return True
    return (
        all(mark == _group(rules) for mark in marks)
        and 0 < len(parts[0]) <= _THREE
        and not parts[0].startswith("0")
        and all(len(part) == _THREE for part in parts[1:])
    )


def _group(rules: Rules) -> str:
    """French writes spaces, which are gone by now, or full stops."""
    return "." if rules.group == " " else rules.group
