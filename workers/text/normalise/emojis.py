"""Emoji by the library of that name: named where they stand for a word, left out where they adorn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from workers.text.normalise.rules import Rules

#: Signs that are letters or marks as well; they stay as they are.
_NOT_ONES: Final = frozenset("©®™‼⁉ℹⓂ#*〰〽㊗㊙") | frozenset("0123456789")
_VARIANT: Final = re.compile("[\ufe0e\ufe0f]")
_TONE: Final = re.compile("[\U0001f3fb-\U0001f3ff]")
_FORMAT: Final = re.compile(r"[:_]+")
_SPACES: Final = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")
_BEFORE_MARK: Final = re.compile(r"(?<=[^\W_])[ \t]+(?=[.,!?;:](?:\s|$))")
#: How many names a text is given: more of them are an ornament.
_MOST: Final = 50


def emojis(text: str, rules: Rules | None) -> str:
    """`text` with the emoji between two words of a sentence named (`I ❤️ you`), the others left out.

    A text of nothing but emoji has each of them named once: something has to be said.
    """
    if text.isascii():
        return text
    found = list(_found(text))
    if not found:
        return text
    speaks = any(char.isalnum() for char in _without(text, found))
    pieces: list[str] = []
    start, named = 0, set[str]()
    for number, (begin, end, emoji) in enumerate(found):
        pieces.append(text[start:begin])
        alone = speaks and _stands_for_a_word(text, found, number)
        name = _name(emoji, rules) if (alone or (not speaks and emoji not in named)) and len(named) < _MOST else ""
        named.add(emoji)
        pieces.append(f" {name}{'' if speaks else ','} " if name else " ")
        start = end
    pieces.append(text[start:])
    out = _BEFORE_MARK.sub("", _SPACES.sub(" ", _VARIANT.sub("", "".join(pieces))))
    lines = (line.strip() for line in out.split("\n"))
    return "\n".join(lines) if speaks else " ".join(out.split()).rstrip(",")


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    for token in _library().analyze(text):
        match = token.value
        if _VARIANT.sub("", token.chars) not in _NOT_ONES:
            yield match.start, match.end, token.chars


def _without(text: str, found: list[tuple[int, int, str]]) -> str:
    start, rest = 0, []
    for begin, end, _ in found:
        rest.append(text[start:begin])
        start = end
    return "".join([*rest, text[start:]])


def _stands_for_a_word(text: str, found: list[tuple[int, int, str]], number: int) -> bool:
    """Between two words, with no mark and no other emoji beside it."""
    begin, end, _ = found[number]
    before = text[max(0, begin - 3) : begin].rstrip(" ")[-1:]
    behind = text[end : end + 3].lstrip(" ")[:1]
    if number + 1 < len(found) and behind and found[number + 1][0] <= end + 2:
        return False
    following = text[end : end + 3].lstrip(" ")[:1]
    return before.isalnum() and following.isalnum() and not following.isupper()


@lru_cache(maxsize=1024)
def _name(emoji: str, rules: Rules | None) -> str:
    library = _library()
    if rules is None or rules.language not in library.LANGUAGES:
        return ""
    name = library.demojize(_TONE.sub("", emoji), language=rules.language)
    return " ".join(_FORMAT.sub(" ", name).split()) if name.startswith(":") else ""


def _library() -> Any:  # noqa: ANN401 - loaded at the first text that is not ASCII
    import emoji

    return emoji
