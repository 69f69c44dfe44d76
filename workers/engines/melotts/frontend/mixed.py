"""Chinese with English words in it: runs of Latin letters are read as English, all else as Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from workers.engines.melotts.frontend.base import Phonemes, Tokenizer, distribute, edged, words
from workers.engines.melotts.frontend.chinese import MARKS, characters, clauses, with_plain_marks
from workers.engines.melotts.frontend.english import spaced
from workers.engines.melotts.symbols import TONE_STARTS
from workers.text.pieces import asian_pieces

#: Phones and tones of one English word, given in word pieces.
EnglishWord = Callable[[list[str]], tuple[list[str], list[int]]]

_UNREADABLE: Final = re.compile(rf"[^一-龥a-zA-Z\s{re.escape(MARKS)}]+")
_LATIN: Final = re.compile(r"([a-zA-Z\s]+)")


class MixedFrontend:
    """Implements Frontend; English tones keep their own numbers, behind the Chinese ones."""

    language: Final = "ZH_MIX_EN"

    def __init__(self, tokenizer: Tokenizer, english_word: EnglishWord) -> None:
        self._tokenizer = tokenizer
        self._english_word = english_word

    def pieces(self, text: str) -> list[str]:
        return asian_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = normalise(spaced(text))
        phones: list[str] = []
        tones: list[int] = []
        word2ph: list[int] = []
        for run in runs(normalised):
            if _LATIN.fullmatch(run):
                self._add_english(run, phones, tones, word2ph)
            else:
                for said in characters(run):
                    phones += said.phones
                    tones += [said.tone] * len(said.phones)
                    word2ph.append(len(said.phones))
        return edged(normalised, phones, tones, word2ph)

    def _add_english(self, run: str, phones: list[str], tones: list[int], word2ph: list[int]) -> None:
        for word in words(self._tokenizer(run)):
            said, stress = self._english_word(word)
            phones += said
            tones += [tone + TONE_STARTS["EN"] for tone in stress]
            word2ph += distribute(len(said), len(word))


def normalise(text: str) -> str:
    """Characters, Latin letters, spaces and the voice models' marks; numbers as characters, the rest left out."""
    return _UNREADABLE.sub("", with_plain_marks(text))


def runs(text: str) -> Iterator[str]:
    """Runs of one script: Latin letters with the spaces around them, or what is read as Chinese."""
    for clause in clauses(text):
        yield from (run for run in _LATIN.split(clause) if run)
