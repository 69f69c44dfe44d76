# ruff: noqa: RUF001 - punctuation of other scripts is what this module is about
"""Texts of other languages than English, cut where a speaker would pause; what English does is in `text.py`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from workers.text.sentences import split

#: Letters that a sentence needs to sound natural alone; Chinese and Japanese signs say as much as three letters.
_SHORT: Final = 20
_SHORT_SIGNS: Final = 6
_SIGNS: Final = frozenset({"ja", "zh"})

_SPACE: Final = re.compile(r"\s+")
_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_CLAUSE: Final = re.compile(r"(?<=[,;:—–)，、；：）])\s*(?!\d)")


def sentences(text: str, language: str) -> Iterator[str]:
    """The sentences of `text`, in order; one too short to sound natural alone goes with the next."""
    gap, least = ("", _SHORT_SIGNS) if language in _SIGNS else (" ", _SHORT)
    for paragraph in _PARAGRAPH.split(text):
        held = ""
        for sentence in split(_clean(paragraph), language):
            held = f"{held}{gap}{sentence}" if held else sentence
            if len(held) >= least:
                yield held
                held = ""
        if held:
            yield held


def halves(sentence: str) -> list[str]:
    """The sentence in two, cut at the clause, else the word, else the letter that is nearest to its middle."""
    middle = len(sentence) // 2
    places = [found.end() for found in _CLAUSE.finditer(sentence)] or [
        found.end() for found in _SPACE.finditer(sentence)
    ]
    inner = [place for place in places if sentence[:place].strip() and sentence[place:].strip()] or [middle]
    place = min(inner, key=lambda one: abs(one - middle))
    return [sentence[:place].strip(), sentence[place:].strip()] if place else [sentence]


def _clean(text: str) -> str:
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return _SPACE.sub(" ", unicodedata.normalize("NFC", visible)).strip()
