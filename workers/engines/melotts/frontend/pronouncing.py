"""How an English word is pronounced: two dictionaries, and for what they lack a small network from letters to sounds.

The first dictionary is the one that the voice models were trained with. Its phones are ARPAbet in small letters; a
vowel's stress (0 none, 1 primary, 2 secondary) plus one is its tone, consonants have tone 0.
"""

from __future__ import annotations

import pickle
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from pipelines.errors import PermanentError
from workers.text.spelling import Speller

#: Files of the weight folder.
LEXICON: Final = "lexicon/cmudict_cache.pickle"
SECOND_LEXICON: Final = "lexicon/cmudict.dict"
SPELLER: Final = "g2p.npz"

#: The symbol tables write this consonant with a capital letter, as the small one is a Chinese final.
_RENAMED: Final = {"v": "V"}
_READABLE: Final = re.compile(r"[a-z'.,?!-]")
_VARIANT: Final = re.compile(r"\(\d+\)$")


class Pronouncer:
    """Words to phones with their tones. Dictionaries map words in capital letters to ARPAbet, `HH AH0 L OW1`."""

    def __init__(self, lexicon: Mapping[str, str], second: Mapping[str, str], speller: Speller) -> None:
        self._lexicon, self._second = lexicon, second
        self._speller = speller

    @classmethod
    def load(cls, folder: Path) -> Self:
        """From the files of a weight folder; PermanentError `weights_missing` names the one that is not there."""
        for name in (LEXICON, SECOND_LEXICON, SPELLER):
            if not (folder / name).is_file():
                raise PermanentError(f"There is no {name} in the weight folder.", code="weights_missing")
        return cls(_syllables(folder / LEXICON), entries(folder / SECOND_LEXICON), Speller.load(folder / SPELLER))

    def __call__(self, word: str) -> tuple[list[str], list[int]]:
        """Phones and tones of one word, or of one punctuation mark; both empty for what has no sound."""
        known = self._lexicon.get(word.upper())
        arpabet = known.split() if known is not None else self._outside(word.lower())
        pairs = [_phone(symbol) for symbol in arpabet]
        return [phone for phone, _ in pairs], [tone for _, tone in pairs]

    def _outside(self, word: str) -> Sequence[str]:
        """Of a word that the first dictionary lacks; letters without an English sound are left out."""
        plain = "".join(_READABLE.findall(unicodedata.normalize("NFD", word)))
        if not any(char.isalpha() for char in plain):
            return list(plain)
        known = self._second.get(plain.upper())
        return known.split() if known is not None else self._speller(plain)


def _phone(symbol: str) -> tuple[str, int]:
    stressed = symbol[-1].isdigit()
    name = (symbol[:-1] if stressed else symbol).lower()
    return _RENAMED.get(name, name), int(symbol[-1]) + 1 if stressed else 0


class _PlainUnpickler(pickle.Unpickler):
    """Reads tables, lists and strings, and refuses whatever would run code."""

    def find_class(self, module: str, name: str) -> object:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


def _syllables(path: Path) -> dict[str, str]:
    """The published form of the first dictionary: per word a list of syllables, each a list of ARPAbet symbols."""
    try:
        with path.open("rb") as file:
            table: dict[str, list[list[str]]] = _PlainUnpickler(file).load()
        return {word: " ".join(symbol for part in parts for symbol in part) for word, parts in table.items()}
    except (pickle.UnpicklingError, EOFError, AttributeError, TypeError, ValueError) as error:
        raise PermanentError(f"{path.name} is damaged; fetch it again.", code="weights_corrupt") from error


def entries(path: Path) -> dict[str, str]:
    """A dictionary of lines `word PH0 PH1 # remark`; of a word's variants the first counts."""
    entries: dict[str, str] = {}
    for word, arpabet in _lines(path.read_text(encoding="utf-8").splitlines()):
        entries.setdefault(word, arpabet)
    return entries


def _lines(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        word, _, arpabet = line.partition("#")[0].strip().partition(" ")
        if arpabet:
            yield _VARIANT.sub("", word).upper(), arpabet
