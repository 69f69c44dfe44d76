"""Chinese text: words, readings and numbers, by jieba, pypinyin and cn2an, loaded when the first text is read."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings
from functools import cache
from typing import Any, Final

from workers.weights import default_cache

_NUMBER: Final = re.compile(r"\d+(?:\.?\d+)?")
_DIGITS: Final = "零一二三四五六七八九"


@cache
def _jieba() -> Any:  # noqa: ANN401 - jieba publishes no types
    with warnings.catch_warnings():
        # Its sources hold escapes that newer Pythons warn of when they compile them.
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg
    # It would print how long its dictionary took to load.
    jieba.setLogLevel(logging.WARNING)
    # It reads what it finds there without a question, and would look in the temporary folder that all users share.
    folder = default_cache() / "jieba"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    jieba.dt.tmp_dir = str(folder)
    return jieba


def segmented(text: str) -> list[str]:
    """The words of `text`, everything between them included."""
    words: list[str] = _jieba().lcut(text)
    return words


def searchable(word: str) -> list[str]:
    """The parts of a long word that are words themselves, then the word."""
    parts: list[str] = list(_jieba().cut_for_search(word))
    return parts


def tagged(text: str) -> list[tuple[str, str]]:
    """The words of `text` with jieba's part of speech (`n`, `v`, `ul` …)."""
    return [(pair.word, pair.flag) for pair in _jieba().posseg.lcut(text)]


def bopomofo(word: str) -> list[str]:
    """One reading per character in Zhuyin with its tone mark; a run of other signs stands as it is."""
    from pypinyin import Style, lazy_pinyin

    return list(lazy_pinyin(word, style=Style.BOPOMOFO))


def readings(word: str) -> list[tuple[str, str]]:
    """Initial and final per character, the final with its tone 1 to 5; other signs are both themselves."""
    from pypinyin import Style, lazy_pinyin

    initials = lazy_pinyin(word, neutral_tone_with_five=True, style=Style.INITIALS)
    finals = lazy_pinyin(word, neutral_tone_with_five=True, style=Style.FINALS_TONE3)
    return list(zip(initials, finals, strict=True))


def numbers_in_words(text: str) -> str:
    """With numbers as they are read out: 12 as 十二; what is too long for a name digit by digit."""
    return _NUMBER.sub(lambda match: _said(match.group()), text)


def _said(number: str) -> str:
    import cn2an

    try:
        return str(cn2an.an2cn(number))
    except ValueError:
        return "".join("点" if char == "." else _DIGITS[unicodedata.digit(char)] for char in number)
