"""What every language's front end takes and gives, and what they all need for it.

A text is cut into pieces (`splitting`), and a piece becomes phones with one tone each. The network also takes features
of a BERT model, one column per token, so a front end says how many phones each token of that model has: `word2ph`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

#: Stands at both ends of every piece; it has the tone 0 and the language model's start and end marks as its tokens.
EDGE: Final = "_"

#: Word pieces of a text without start and end marks, as the language model's own tokenizer cuts it.
Tokenizer = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Phonemes:
    """What one piece of text sounds like. `tones` are counted from 0, without the offset of the language."""

    #: The text that the language model reads.
    normalised: str
    phones: tuple[str, ...]
    #: One per phone.
    tones: tuple[int, ...]
    #: Phones per token of `normalised`, start and end mark included; its sum is the number of phones.
    word2ph: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.phones) == len(self.tones) == sum(self.word2ph):
            msg = f"{len(self.phones)} phones, {len(self.tones)} tones, {sum(self.word2ph)} phones of tokens"
            raise ValueError(msg)

    @property
    def speakable(self) -> bool:
        """Whether anything but marks and punctuation is in it."""
        return any(phone[-1].isalpha() for phone in self.phones)


class Frontend(Protocol):
    """One language, or one mix of languages."""

    @property
    def language(self) -> str:
        """Its name in `symbols.LANGUAGE_IDS`: EN, ES, FR, ZH, ZH_MIX_EN, JP or KR."""

    def pieces(self, text: str) -> list[str]:
        """The text in pieces that are spoken one after the other; what is left out is not speakable."""

    def phonemes(self, text: str) -> Phonemes:
        """One piece as phones; a ValueError never: what it cannot read it leaves out."""


@runtime_checkable
class Closable(Protocol):
    """A front end that holds what has to be ended: a program that runs beside us."""

    def close(self) -> None: ...


def edged(normalised: str, phones: Sequence[str], tones: Sequence[int], word2ph: Sequence[int]) -> Phonemes:
    """The phonemes of a piece, with the mark that stands at both ends."""
    return Phonemes(normalised, (EDGE, *phones, EDGE), (0, *tones, 0), (1, *word2ph, 1))


def distribute(phones: int, tokens: int) -> list[int]:
    """How many of a word's phones each of its tokens gets: one after the other to the token that has the fewest."""
    share, rest = divmod(phones, tokens)
    return [share + 1] * rest + [share] * (tokens - rest)


def words(tokens: Sequence[str]) -> list[list[str]]:
    """Word pieces in words: a piece that starts with `#` continues the one before it."""
    groups: list[list[str]] = []
    for token in tokens:
        if token.startswith("#") and groups:
            groups[-1].append(token)
        else:
            groups.append([token])
    return groups
