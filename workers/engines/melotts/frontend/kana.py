"""Katakana as the phones of the Japanese voice models: one consonant and one vowel per mora, no accent, no length."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

_VOWELS: Final = "aiueo"
_GAP: Final = "."
#: The rows of the syllabary by consonant, in the order of the vowels; a dot where a row has a gap.
_ROWS: Final = {
    "": "アイウエオ", "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サシスセソ", "z": "ザジズゼゾ", "t": "タチツテト",
    "d": "ダヂヅデド", "n": "ナニヌネノ", "h": "ハヒフヘホ", "b": "バビブベボ", "p": "パピプペポ", "m": "マミムメモ",
    "y": "ヤ.ユ.ヨ", "r": "ラリルレロ", "w": "ワ....",
}  # fmt: skip
#: Moras whose consonant is not their row's.
_SHIFTED: Final = {"シ": "sh", "ジ": "j", "チ": "ch", "ヂ": "j", "ツ": "ts", "ヅ": "z", "フ": "f"}
_OTHERS: Final = {
    "ヰ": "i", "ヱ": "e", "ヲ": "o", "ン": "N", "ッ": "q", "ヴ": "b u", "ヮ": "w a", "ヶ": "k e",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "y a", "ュ": "y u", "ョ": "y o",
    "ー": "", "・": ",",
}  # fmt: skip
_SMALL_Y: Final = {"ャ": "a", "ュ": "u", "ョ": "o"}
_SMALL_VOWELS: Final = dict(zip("ァィゥェォ", _VOWELS, strict=True))
#: The consonant of each mora before a small ya, yu or yo.
_PALATAL: Final = {
    **{mora: row + "y" for row in "kgnbpmr" for mora in _ROWS[row][1:3] if mora != "ブ"},
    **dict.fromkeys("シス", "sh"), **dict.fromkeys("ジヂ", "j"), **dict.fromkeys("ズヅ", "zy"),
    **dict.fromkeys("チツ", "ch"), **dict.fromkeys("テト", "ty"), **dict.fromkeys("デド", "dy"),
    **dict.fromkeys("ヒフ", "hy"),
}  # fmt: skip
#: Moras that lend their consonant to the small vowels behind them.
_LENT: Final = {
    "ウ": ("w", "ィェォ"), "シ": ("sh", "ェ"), "ジ": ("j", "ェ"), "チ": ("ch", "ェ"), "ヂ": ("j", "ェ"),
    "ス": ("s", "ィ"), "ズ": ("z", "ィゥェォ"), "ツ": ("ts", "ァィェォ"), "テ": ("t", "ィ"), "デ": ("d", "ィ"),
    "ト": ("t", "ゥ"), "ド": ("d", "ゥ"), "フ": ("f", "ァィゥェォ"), "ヴ": ("b", "ァィェォ"),
}  # fmt: skip
#: What follows no rule.
_ODD: Final = {
    "イャ": "y a", "ユャ": "y a:", "ユュ": "y u:", "ユョ": "y o:", "ヴュ": "by u", "ブュ": "by u", "ヅゥ": "d u:",
    "ヲォ": "o:", "ウゥ": "u:", "オォ": "o:",
}  # fmt: skip
#: Marks that the language model's tokens may be; they are phones themselves.
MARKS: Final = "!?…,.'-"


def katakana_phones(text: str) -> list[str]:
    """The phones of `text`; what is neither katakana nor a mark is left out."""
    phones: list[str] = []
    place = 0
    while place < len(text):
        pair = _PAIRS.get(text[place : place + 2])
        if pair is not None:
            phones += pair
            place += 2
        else:
            phones += _SINGLE.get(text[place], [])
            place += 1
    return phones


def _singles() -> Iterator[tuple[str, list[str]]]:
    for consonant, row in _ROWS.items():
        for mora, vowel in zip(row, _VOWELS, strict=True):
            said = _SHIFTED.get(mora, consonant)
            if mora != _GAP:
                yield mora, [said, vowel] if said else [vowel]
    for mora, phones in _OTHERS.items():
        yield mora, phones.split()
    for mark in MARKS:
        yield mark, [mark]


def _pairs() -> Iterator[tuple[str, list[str]]]:
    for row, (vowel, small) in product("kgsztdnhbpmyrw", zip(_VOWELS, _SMALL_VOWELS, strict=True)):
        mora = _ROWS[row][_VOWELS.index(vowel)]
        if mora != _GAP:
            yield mora + small, [*_SINGLE[mora][:-1], f"{vowel}:"]
    for mora, (consonant, smalls) in _LENT.items():
        for small in smalls:
            yield mora + small, [consonant, _SMALL_VOWELS[small]]
    for (mora, consonant), (small, vowel) in product(_PALATAL.items(), _SMALL_Y.items()):
        yield mora + small, [consonant, vowel]
    for pair, phones in _ODD.items():
        yield pair, phones.split()


_SINGLE: Final = dict(_singles())
_PAIRS: Final = dict(_pairs())
