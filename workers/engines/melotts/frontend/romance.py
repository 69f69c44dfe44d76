# ruff: noqa: RUF001 - quotation marks and marks of other scripts are what is replaced here
"""Spanish and French: cleaned, cut by the language model's tokenizer, and each word pronounced by gruut's lexicons."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from workers.engines.melotts.frontend.base import Phonemes, Tokenizer, distribute, edged, words
from workers.engines.melotts.frontend.gruut_words import GruutWords
from workers.engines.melotts.frontend.splitting import latin_pieces

#: What the tokenizer gives for a sign that it does not know, and the symbol that the voice models have for it.
_UNKNOWN: Final = "[UNK]"
_UNKNOWN_PHONE: Final = "UNK"
#: Marks that are phones themselves.
_MARKS: Final = frozenset(';:,.!?¡¿—…"«»“”')

_SIGNS: Final = str.maketrans({
    "：": ",", "；": ",", "，": ",", "·": ",", "、": ",", "。": ".", "…": ".", "$": ".", "\n": ".",
    "！": "!", "？": "?", "～": "-", "~": "-",
} | dict.fromkeys('“”‘’（）()《》【】[]「」—<>"«»'))  # fmt: skip
_SPANISH: Final = str.maketrans({";": ",", "-": " ", ":": ",", "&": "y", "'": None})
_FRENCH: Final = str.maketrans({";": ",", "-": " ", ":": ",", "&": " et ", "¿": None, "¡": None})
_SPACE: Final = re.compile(r"\s+")
_MARKS_AT_START: Final = re.compile(r"^[,.!?]+")
_OPEN_END: Final = re.compile(r"([^.,!?…-])$")

_FRENCH_DOTTED: Final = {
    "m": "monsieur", "mlle": "mademoiselle", "mlles": "mesdemoiselles", "mme": "Madame", "mmes": "Mesdames",
    "pr": "professeur", "qqch": "quelque chose", "rdv": "rendez-vous", "max": "maximum", "min": "minimum",
    "no": "numéro", "adr": "adresse", "dr": "docteur", "st": "saint", "co": "companie", "jr": "junior",
    "sgt": "sergent", "capt": "capitain", "col": "colonel", "av": "avenue", "art": "article", "boul": "boulevard",
    "etc": "et cetera", "ex": "exemple", "excl": "exclusivement",
}  # fmt: skip
_FRENCH_ABBREVIATED: Final = re.compile(rf"\b({'|'.join(_FRENCH_DOTTED)})\.", re.IGNORECASE)
_FRENCH_TITLES: Final = {"Mlle": "mademoiselle", "Mme": "Madame"}
_FRENCH_TITLE: Final = re.compile(rf"\b({'|'.join(_FRENCH_TITLES)})")
_MANY_T: Final = re.compile("t{3,}")


class RomanceFrontend:
    """Implements Frontend for a language whose words gruut pronounces; every phone has tone 0."""

    def __init__(
        self, language: str, tokenizer: Tokenizer, normalise: Callable[[str], str], say: Callable[[str], str]
    ) -> None:
        self.language = language
        self._tokenizer = tokenizer
        self._normalise = normalise
        self._say = say

    def pieces(self, text: str) -> list[str]:
        return latin_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = self._normalise(text)
        phones: list[str] = []
        word2ph: list[int] = []
        for word in words(self._tokenizer(normalised)):
            said = self._word("".join(token.replace("#", "") for token in word))
            phones += said
            word2ph += distribute(len(said), len(word))
        return edged(normalised, phones, [0] * len(phones), word2ph)

    def _word(self, word: str) -> list[str]:
        if word == _UNKNOWN:
            return [_UNKNOWN_PHONE]
        return [word] if word in _MARKS else [phone for phone in self._say(word) if phone != " "]


def spanish(tokenizer: Tokenizer) -> RomanceFrontend:
    return RomanceFrontend("ES", tokenizer, normalise_spanish, GruutWords.load("es-es"))


def french(tokenizer: Tokenizer, *, remembers: bool = False) -> RomanceFrontend:
    """`remembers`: as gruut by itself, where liaisons stay with the words that once had them."""
    say = GruutWords.load("fr-fr", remembers=remembers)
    return RomanceFrontend("FR", tokenizer, normalise_french, lambda word: _without_liaisons(say(word)))


def normalise_spanish(text: str) -> str:
    """In small letters, with commas for colons and semicolons, without quotation marks, and with a mark at the end."""
    return _closed(text.lower().translate(_SPANISH).translate(_SIGNS))


def normalise_french(text: str) -> str:
    """Abbreviations in words, commas for colons and semicolons, no quotation marks, a mark at the end."""
    written_out = _FRENCH_ABBREVIATED.sub(lambda match: _FRENCH_DOTTED[match[1].lower()], text)
    written_out = _FRENCH_TITLE.sub(lambda match: _FRENCH_TITLES[match[1]], written_out)
    return _closed(written_out.translate(_SIGNS).translate(_FRENCH))


def _closed(text: str) -> str:
    return _OPEN_END.sub(r"\1.", _SPACE.sub(" ", _MARKS_AT_START.sub("", text)).strip())


def _without_liaisons(said: str) -> str:
    """Three and more t in a row, which gruut gives for liaisons that are none, are not said."""
    return _MANY_T.sub("", said)
