# ruff: noqa: RUF001 - dashes and full-width signs are what this module is about
"""Where a sentence that is too long to be spoken at once is cut: behind marks, else between words, else anywhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_CLOSERS: Final = re.escape("\"'”’»›)]}）」』】》〉“‘«")
#: Behind these a speaker breathes …
_STRONG: Final = re.compile(rf"(?:[!?…;:؛][{_CLOSERS}]*+|[—–])\s|[；：—][{_CLOSERS}]*+(?!\d)|[。！？।][{_CLOSERS}]*+")
#: … behind these he may …
_WEAK: Final = re.compile(rf"(?:[,،][{_CLOSERS}]*+|[)\]])\s|[，、](?!\d)[{_CLOSERS}]*+")
#: … and before these words, too.
_JOINING: Final = re.compile(
    r"\s(?=(?:and|but|or|because|which|who|that|when|while|although|if|und|aber|oder|weil|dass|wenn|et|mais|ou|parce"
    r"|que|qui|quand|y|pero|porque|cuando|e|ma|perché|quando|mas|और|लेकिन|क्योंकि)\s)",
    re.IGNORECASE,
)
#: Not inside `3 000`, `5 km`, `J. R. R.`, `Mr. Smith`, nor before a mark that stands alone, as in French.
_WORD: Final = re.compile(r"(?<=[^\s.])(?<!\d)[ \n](?=\w)|(?<=\w\w\w\.)[ \n](?=\w)|(?<=\d)[ \n](?=[^\W\d]{4})")
_ANY_SPACE: Final = re.compile(r"\s(?=\w)")
#: What a cut there is worth, against the share of a piece by which it misses the best place.
_WORTH: Final = ((_STRONG, 3.0), (_WEAK, 2.5), (_JOINING, 1.5), (_WORD, 1.0), (_ANY_SPACE, 0.3))
#: Characters that a letter before them may carry.
_CARRIED: Final = frozenset("\u200d\ufe0e\ufe0f")
_NAME: Final = re.compile(r"\w*[A-Z]\w*\s[A-Z]")


def first_cut(text: str, start: int, end: int, least: int, most: int) -> int | None:
    """Where the first piece of a text ends: behind a mark, with `least` to `most` characters and no fewer left."""
    if end - start <= most:
        return None
    window = range(start + least, min(start + most, end - least) + 1)
    for marks in (_STRONG, _WEAK):
        if places := [place for place in _places(marks, text, start, window) if place in window]:
            return places[0]
    return None


def balanced(text: str, start: int, end: int, most: int) -> list[int]:
    """The places that cut `text[start:end]` into pieces of at most `most` characters, none of them tiny."""
    places: list[int] = []
    while end - start > most:
        count = -(-(end - start) // most)
        best = start + (end - start) // count if count == 2 else start + most * 3 // 4  # noqa: PLR2004 - the last two
        start = _best(text, start, range(start + most // 4, start + most + 1), best)
        places.append(start)
    return places


def _best(text: str, start: int, window: range, best: int) -> int:
    """The place in the window that is worth most; a letter's if there is no other."""
    found = (
        (worth - abs(place - best) / len(window) * 1.2, place)
        for marks, worth in _WORTH
        for place in _places(marks, text, start, window)
        if place in window and place < len(text)
    )
    _, place = max(found, default=(0.0, 0))
    return place or _whole(text, window)


def _places(marks: re.Pattern[str], text: str, start: int, window: range) -> Iterator[int]:
    """Behind the matches: the first character of the next piece."""
    for match in marks.finditer(text, max(start, window.start - 8), window.stop + 1):
        yield match.end()


def _whole(text: str, window: range) -> int:
    """Near the window's end, between two letters with all that they carry, and not inside a number."""
    last = window.stop - 1
    for numbers_too in (False, True):
        for place in range(last, window.start, -1):
            before, after = text[place - 1], text[place]
            if before == "\u200d" or after in _CARRIED or unicodedata.category(after)[0] == "M":
                continue
            if numbers_too or not (before.isdigit() and after.isdigit()):
                return place
    return last
