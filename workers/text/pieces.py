# ruff: noqa: RUF001 - full-width marks are what is replaced here
"""A text in pieces that are spoken one after the other: clauses, the short ones together.

The rules put a space behind each mark, also inside numbers (`$12.50` is read as `$12. 50`): the programs of the voices'
makers do so, and ours must give the same sound for the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

#: Full-width marks as their plain ones, in every language.
PLAIN: Final = str.maketrans({"。": ".", "！": ".", "？": ".", "；": ".", "，": ","})
_QUOTES: Final = str.maketrans({"‘": "'", "’": "'"})
_LEFT_OUT: Final = re.compile('[<>()\\[\\]"“”«»]+')
_SPACE: Final = re.compile(r"[\n\t ]+")
_CLAUSE: Final = re.compile(r"[^,.!?;]*[,.!?;]|[^,.!?;]+")
#: A piece ends with the clause that takes it over this many characters, or words …
_ENOUGH: Final = 10
#: … and one of this many is not spoken alone.
_TINY: Final = 2


def asian_pieces(text: str) -> list[str]:
    """Chinese, Japanese and Korean: lengths are counted in characters."""
    return _pieces(text.translate(PLAIN), len)


def word_pieces(text: str) -> list[str]:
    """Languages with spaces, as OpenVoice V1 cuts them: lengths are counted in words."""
    return _pieces(_LEFT_OUT.sub("", text.translate(PLAIN).translate(_QUOTES)), lambda part: part.count(" ") + 1)


def _pieces(plain: str, size: Callable[[str], int]) -> list[str]:
    clauses = [clause.strip() for clause in _CLAUSE.findall(_SPACE.sub(" ", plain))]
    return _without_tiny(_gathered([clause for clause in clauses if clause], size), size)


def _gathered(clauses: Sequence[str], size: Callable[[str], int]) -> list[str]:
    """Clauses in runs that are long enough; what is left at the end stands alone."""
    runs: list[list[str]] = [[]]
    for clause in clauses:
        if sum(map(size, runs[-1])) > _ENOUGH:
            runs.append([])
        runs[-1].append(clause)
    return [" ".join(run) for run in runs if run]


def _without_tiny(pieces: Sequence[str], size: Callable[[str], int]) -> list[str]:
    """Tiny pieces go with the next one, the last with the one before it."""
    kept: list[str] = []
    for piece in pieces:
        if kept and size(kept[-1]) <= _TINY:
            kept[-1] = f"{kept[-1]} {piece}"
        else:
            kept.append(piece)
    if len(kept) > 1 and size(kept[-1]) <= _TINY:
        last = kept.pop()
        kept[-1] = f"{kept[-1]} {last}"
    return kept
