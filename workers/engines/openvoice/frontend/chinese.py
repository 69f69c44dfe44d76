# ruff: noqa: RUF001 - IPA and full-width marks are what this module makes and replaces
"""Chinese: characters to Zhuyin by pypinyin, and Zhuyin to the base speaker's IPA with arrows for tones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workers.text.mandarin import bopomofo, numbers_in_words, segmented

_HAN: Final = re.compile("[一-鿿]")
_TONELESS: Final = re.compile(r"([ㄅ-ㄩ])$")
_COMMAS: Final = str.maketrans(dict.fromkeys("、；：", "，"))
#: What Latin letters are called in Chinese.
_LETTERS: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "ㄟˉ",
            "ㄅㄧˋ",
            "ㄙㄧˉ",
            "ㄉㄧˋ",
            "ㄧˋ",
            "ㄝˊㄈㄨˋ",
            "ㄐㄧˋ",
            "ㄝˇㄑㄩˋ",
            "ㄞˋ",
            "ㄐㄟˋ",
            "ㄎㄟˋ",
            "ㄝˊㄛˋ",
            "ㄝˊㄇㄨˋ",
            "ㄣˉ",
            "ㄡˉ",
            "ㄆㄧˉ",
            "ㄎㄧㄡˉ",
            "ㄚˋ",
            "ㄝˊㄙˋ",
            "ㄊㄧˋ",
            "ㄧㄡˉ",
            "ㄨㄧˉ",
            "ㄉㄚˋㄅㄨˋㄌㄧㄡˋ",
            "ㄝˉㄎㄨˋㄙˋ",
            "ㄨㄞˋ",
            "ㄗㄟˋ",
        ],
        strict=True,
    )
)
_INITIALS: Final = {
    "ㄅ": "p⁼", "ㄆ": "pʰ", "ㄇ": "m", "ㄈ": "f", "ㄉ": "t⁼", "ㄊ": "tʰ", "ㄋ": "n", "ㄌ": "l", "ㄍ": "k⁼", "ㄎ": "kʰ",
    "ㄏ": "x", "ㄐ": "tʃ⁼", "ㄑ": "tʃʰ", "ㄒ": "ʃ", "ㄓ": "ts`⁼", "ㄔ": "ts`ʰ", "ㄕ": "s`", "ㄖ": "ɹ`", "ㄗ": "ts⁼",
    "ㄘ": "tsʰ", "ㄙ": "s",
}  # fmt: skip
_FINALS: Final = {
    "ㄚ": "a", "ㄛ": "o", "ㄜ": "ə", "ㄝ": "ɛ", "ㄞ": "aɪ", "ㄟ": "eɪ", "ㄠ": "ɑʊ", "ㄡ": "oʊ", "ㄢ": "an", "ㄣ": "ən",
    "ㄤ": "ɑŋ", "ㄥ": "əŋ", "ㄦ": "əɻ", "ㄧ": "i", "ㄨ": "u", "ㄩ": "ɥ",
    "ㄧㄢ": "jɛn", "ㄩㄢ": "ɥæn", "ㄧㄣ": "in", "ㄩㄣ": "ɥn", "ㄧㄥ": "iŋ", "ㄨㄥ": "ʊŋ", "ㄩㄥ": "jʊŋ",
}  # fmt: skip
_TONES: Final = {"ˉ": "→", "ˊ": "↑", "ˇ": "↓↑", "ˋ": "↓", "˙": "", "，": ",", "。": ".", "！": "!", "？": "?", "—": "-"}
#: ㄛ behind a lip sound has a glide before it.
_LABIALS: Final = {f"{initial}ㄛ": f"{_INITIALS[initial]}wo" for initial in "ㄅㄆㄇㄈ"}
_SOUNDS: Final = {**_INITIALS, **_FINALS, **_TONES, **_LABIALS}
_ZHUYIN: Final = re.compile("|".join(sorted(map(re.escape, _SOUNDS), key=len, reverse=True)))
#: i and u before a vowel are glides.
_GLIDES: Final = ((re.compile("i([aoe])"), r"j\1"), (re.compile("u([aoəe])"), r"w\1"))
#: Sibilants without a vowel of their own hum: 是, 日, and 四.
_HUMMING: Final = (
    (re.compile("([sɹ]`[⁼ʰ]?)([→↓↑ ]+|$)"), r"\1ɹ`\2"),
    (re.compile("(s[⁼ʰ]?)([→↓↑ ]+|$)"), r"\1ɹ\2"),
)


def cleaned(piece: str) -> str:
    """The piece in the base speaker's signs, a space before each Chinese word."""
    zhuyin = letters_spelled(in_zhuyin(numbers_in_words(piece)))
    ipa = _ZHUYIN.sub(lambda match: _SOUNDS[match.group()], zhuyin)
    for found, said in (*_GLIDES, *_HUMMING):
        ipa = found.sub(said, ipa)
    return ipa.replace("ɻ", "ɹ`")


def in_zhuyin(text: str) -> str:
    """Characters in Zhuyin with tone marks, word by word; everything else stays."""
    return "".join(_words(text.translate(_COMMAS)))


def _words(text: str) -> Iterator[str]:
    for index, word in enumerate(segmented(text)):
        if _HAN.search(word):
            # Readings without a mark have the first tone, which has a mark here.
            yield (" " if index else "") + "".join(_TONELESS.sub(r"\1ˉ", reading) for reading in bopomofo(word))
        else:
            yield word


def letters_spelled(text: str) -> str:
    """Latin letters as they are called in Chinese."""
    return "".join(_LETTERS.get(char.upper(), char) if char.isascii() else char for char in text)
