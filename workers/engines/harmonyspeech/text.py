"""A text cut into what is spoken in one go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workers.text.sentences import clauses, split

#: Characters of a sentence; a longer one is cut at its clauses, as its frames are made all at once.
LONGEST: Final = 400


def sentences(text: str) -> Iterator[str]:
    """The sentences of every line of `text`, in order, none longer than 400 characters."""
    for line in text.splitlines():
        for sentence in split(" ".join(line.split())):
            yield from _short(sentence)


def _short(sentence: str) -> Iterator[str]:
    parts = clauses(sentence) if len(sentence) > LONGEST else [sentence]
    if len(parts) == 1:
        yield parts[0]
        return
    for part in parts:
        yield from _short(part)
