# ruff: noqa: RUF001 - Chinese punctuation and phonetic letters are what is replaced here
"""Mandarin to Kokoro's phonemes: words by jieba, readings by pypinyin, their sounds by misaki's table of pinyin."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, Protocol

from pipelines.errors import PermanentError
from workers.text.mandarin import numbers_in_words, segmented

_TONES: Final = (("˧˩˧", "↓"), ("˧˥", "↗"), ("˥˩", "↘"), ("˥", "→"))
#: Vowels that are written as syllabic consonants, with the mark of a syllable below.
_SYLLABIC: Final = (("ɻ\u0329", "ɨ"), ("ɹ\u0329", "ɨ"), ("\u032f", ""))
_PUNCTUATION: Final = str.maketrans({
    "、": ", ", "，": ", ", "。": ". ", "．": ". ", "！": "! ", "：": ": ", "；": "; ", "？": "? ",
    "（": " (", "）": ") ",
    **dict.fromkeys("«《「【", " “"), **dict.fromkeys("»》」】", "” "),
})  # fmt: skip
_RUN: Final = re.compile(r"([\u4e00-\u9fff]+)|([A-Za-z][A-Za-z' -]*)|([^\u4e00-\u9fffA-Za-z]+)")


class _Reader(Protocol):
    def phonemes(self, text: str) -> str: ...


class MandarinPhonemizer:
    """Chinese, and what is English in it by the reader of English."""

    def __init__(self, english: _Reader) -> None:
        self._english = english
        _syllable("a1")

    def phonemes(self, text: str) -> str:
        """The phonemes of `text`, words apart, tones as arrows behind their syllables."""
        plain = numbers_in_words(text).translate(_PUNCTUATION)
        said = [
            " ".join(_word(word) for word in segmented(chinese)) if chinese else self._foreign(latin) or other
            for chinese, latin, other in _RUN.findall(plain)
        ]
        return " ".join("".join(said).split())

    def _foreign(self, latin: str) -> str:
        return f" {self._english.phonemes(latin)} " if latin else ""


def _word(word: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(map(_syllable, lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)))


@cache
def _syllable(pinyin: str) -> str:
    """One of some 1,600 syllables; what pypinyin has no reading for is left out."""
    try:
        from misaki.transcription import pinyin_to_ipa
    except ImportError as error:
        message = "Chinese needs packages that are not installed: pip install 'harmony-speech-engine[kokoro-zh]'."
        raise PermanentError(message, code="missing_dependency") from error
    if not pinyin.isascii() and "ü" not in pinyin:
        return ""
    said = "".join("".join(part) for part in pinyin_to_ipa(pinyin)[0])
    for old, new in (*_TONES, *_SYLLABIC):
        said = said.replace(old, new)
    return said
