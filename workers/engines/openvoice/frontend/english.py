# ruff: noqa: RUF001 - IPA is what is made here
"""English: words in IPA by eng_to_ipa, as the base speaker was trained with it."""

from __future__ import annotations

import re
import sqlite3
import warnings
from functools import cache
from pathlib import Path
from typing import Any, Final

from workers.text.english import expand_abbreviations, expand_numbers, to_ascii

_BLANK: Final = re.compile(r"\s+")
#: l at the end of a syllable, that is without a vowel behind it.
_DARK_L: Final = re.compile("l([^aeiouæɑɔəɛɪʊ ]*(?: |$))")
#: eng_to_ipa's signs, and those of the base speaker.
_SIGNS: Final = str.maketrans({"r": "ɹ", "ʤ": "dʒ", "ʧ": "tʃ"})


class Cleaner:
    """eng_to_ipa with its dictionary in memory: the library reads the whole table from disk for every text."""

    def __init__(self) -> None:
        library = _library()
        self._library = library
        self._dictionary = sqlite3.connect(":memory:", check_same_thread=False)
        source = sqlite3.connect(
            f"file:{Path(library.__file__).parent / 'resources' / 'CMU_dict.db'}?mode=ro", uri=True
        )
        source.backup(self._dictionary)
        source.close()
        self._dictionary.execute("CREATE INDEX words ON dictionary (word)")

    def cleaned(self, piece: str) -> str:
        """The piece in the base speaker's signs; a word that the dictionary lacks stands as it is, behind it a *."""
        text = expand_numbers(expand_abbreviations(to_ascii(piece).lower()))
        ipa = _BLANK.sub(" ", self._ipa(text))
        return _DARK_L.sub(r"ɫ\1", ipa).translate(_SIGNS).replace("...", "…")

    def _ipa(self, text: str) -> str:
        """Word by word; of several pronunciations the last by the alphabet counts, as in the library."""
        words = [self._library.preserve_punc(word)[0] for word in text.split()]
        said = self._library.cmu_to_ipa([self._arpabet(word) for _, word, _ in words], stress_marking="both")
        return " ".join(f"{before}{ipa[-1]}{after}" for (before, _, after), ipa in zip(words, said, strict=True))

    def _arpabet(self, word: str) -> list[str]:
        found = self._dictionary.execute("SELECT phonemes FROM dictionary WHERE word = ?", (word,)).fetchall()
        # The library's own mark for what it is to leave as it is.
        return [row[0] for row in found] or [f"__IGNORE__{word}"]


@cache
def _library() -> Any:  # noqa: ANN401 - eng_to_ipa publishes no types
    with warnings.catch_warnings():
        # Its sources hold escapes that newer Pythons warn of when they compile them.
        warnings.simplefilter("ignore")
        from eng_to_ipa import transcribe
    return transcribe
