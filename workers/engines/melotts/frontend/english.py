"""English: spelled out, cut by the language model's tokenizer, and pronounced word by word."""

from __future__ import annotations

import re
from typing import Final

from workers.engines.melotts.frontend.base import Phonemes, Tokenizer, distribute, edged, words
from workers.engines.melotts.frontend.english_numbers import expand_numbers, expand_times
from workers.engines.melotts.frontend.pronouncing import Pronouncer
from workers.engines.melotts.frontend.splitting import latin_pieces

#: `iPhone` is read as two words.
_INNER_CAPITAL: Final = re.compile(r"([a-z])([A-Z])")
_ABBREVIATIONS: Final = {
    "capt": "captain", "co": "company", "col": "colonel", "dr": "doctor", "drs": "doctors", "esq": "esquire",
    "ft": "fort", "gen": "general", "hon": "honorable", "jr": "junior", "lt": "lieutenant", "ltd": "limited",
    "maj": "major", "mr": "mister", "mrs": "misess", "rev": "reverend", "sgt": "sergeant", "st": "saint",
}  # fmt: skip
_ABBREVIATED: Final = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.")
#: What the tokenizer gives for a sign that it does not know; nothing is said for it.
_UNKNOWN: Final = "[UNK]"


class EnglishFrontend:
    """Implements Frontend."""

    language: Final = "EN"

    def __init__(self, tokenizer: Tokenizer, pronounce: Pronouncer) -> None:
        self._tokenizer = tokenizer
        self._pronounce = pronounce

    def pieces(self, text: str) -> list[str]:
        return latin_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = normalise(spaced(text))
        phones: list[str] = []
        tones: list[int] = []
        word2ph: list[int] = []
        for word in words(self._tokenizer(normalised)):
            said, stress = self.word(word)
            phones += said
            tones += stress
            word2ph += distribute(len(said), len(word))
        return edged(normalised, phones, tones, word2ph)

    def word(self, tokens: list[str]) -> tuple[list[str], list[int]]:
        """Phones and tones of one word, given in word pieces."""
        if tokens[0] == _UNKNOWN:
            return [], []
        return self._pronounce(
            "".join(token.replace("#", "") if index else token for index, token in enumerate(tokens))
        )


def spaced(text: str) -> str:
    """With a space between a small letter and a capital one."""
    return _INNER_CAPITAL.sub(r"\1 \2", text)


def normalise(text: str) -> str:
    """In small letters, with times, numbers and abbreviations in words."""
    written_out = expand_numbers(expand_times(text.lower()))
    return _ABBREVIATED.sub(lambda match: _ABBREVIATIONS[match[1]], written_out)
