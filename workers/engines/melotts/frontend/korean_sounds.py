"""Korean spelling as it is spoken, by g2pkk's rules (Apache-2.0) with MeCab's parts of speech.

Only g2pkk's rules are loaded: the package itself, when it is imported, fetches NLTK's data, and may run pip.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

from pipelines.errors import PermanentError
from workers.engines.melotts.frontend.pronouncing import SECOND_LEXICON, entries

#: An English word in small letters as ARPAbet with stresses; None for a word that is not known.
Arpabet = Callable[[str], Sequence[str] | None]

#: The special rules, in the order in which they are applied.
_SPECIAL: Final = (
    "jyeo", "ye", "consonant_ui", "josa_ui", "vowel_ui", "jamo", "rieulgiyeok", "rieulbieub", "verb_nieun", "balb",
    "palatalize", "modifying_rieul",
)  # fmt: skip
_LINKING: Final = ("link1", "link2", "link3", "link4")
#: Marks of parts of speech, which the rules put behind syllables.
_TAGS: Final = re.compile("/[PJEB]")
#: Numbers that the rules have no name for, and fail at where they count something.
_LONG_NUMBER: Final = re.compile(r"[0-9][0-9,]{16,}")


class KoreanSounds:
    """The rules, the dictionary of idioms and the tagger; loads in a second, and keeps nothing of a text."""

    def __init__(self, arpabet: Arpabet) -> None:
        with warnings.catch_warnings():
            # Escapes in the rules' sources that newer Pythons warn of when they compile them.
            warnings.simplefilter("ignore")
            rules = _rules()
            self._rules = {name: importlib.import_module(f"g2pkk.{name}") for name in ("special", "regular", "utils")}
            self._to_hangul: Any = importlib.import_module("g2pkk.english").convert_eng
            self._spell_numbers: Any = importlib.import_module("g2pkk.numerals").convert_num
        self._idioms = list(_idioms(Path(str(rules.origin)).with_name("idioms.txt")))
        self._table = [(re.compile(found), said) for found, said, _ in self._rules["utils"].parse_table()]
        self._tagger = _tagger()
        self._english = _Pronunciations(arpabet)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """With the English dictionary of a weight folder; without one English words stay in Latin letters."""
        lexicon = folder / SECOND_LEXICON
        known = entries(lexicon) if lexicon.is_file() else {}
        return cls(lambda word: known[word.upper()].split() if word.upper() in known else None)

    def __call__(self, text: str) -> str:
        """`text` in syllables as they sound: 먹고 as 먹꼬, numbers and known English words in Hangul."""
        from jamo import h2j

        text = _LONG_NUMBER.sub(lambda match: " ".join(match.group().replace(",", "")), text)
        for written, said in self._idioms:
            text = written.sub(said, text)
        text = self._to_hangul(text, self._english)
        text = self._spell_numbers(self._rules["utils"].annotate(text, self._tagger))
        letters = h2j(text)
        for name in _SPECIAL:
            letters = getattr(self._rules["special"], name)(letters)
        letters = _TAGS.sub("", letters)
        for found, said in self._table:
            letters = found.sub(said, letters)
        for name in _LINKING:
            letters = getattr(self._rules["regular"], name)(letters)
        return str(self._rules["utils"].compose(letters))


class _Pronunciations(Mapping[str, list[list[str]]]):
    """A dictionary as NLTK gives it: a list of pronunciations per word."""

    def __init__(self, arpabet: Arpabet) -> None:
        self._arpabet = arpabet

    def __getitem__(self, word: str) -> list[list[str]]:
        found = self._arpabet(word)
        if found is None:
            raise KeyError(word)
        return [list(found)]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _rules() -> ModuleSpec:
    """Where g2pkk lies, with a package in its name whose modules can be imported, without what it does at import."""
    loaded = sys.modules.get("g2pkk")
    spec = loaded.__spec__ if loaded else importlib.util.find_spec("g2pkk")
    if spec is None or spec.submodule_search_locations is None:
        raise PermanentError(
            "Korean needs g2pkk: pip install 'harmony-speech-engine[melotts]'.", code="missing_dependency"
        )
    package = ModuleType("g2pkk")
    package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
    sys.modules.setdefault("g2pkk", package)
    return spec


def _tagger() -> Any:  # noqa: ANN401 - python-mecab-ko publishes no types that we can name before it is loaded
    try:
        import mecab
    except ImportError as error:
        raise PermanentError(
            "Korean needs python-mecab-ko: pip install 'harmony-speech-engine[melotts]'.", code="missing_dependency"
        ) from error
    return mecab.MeCab()


def _idioms(path: Path) -> Iterator[tuple[re.Pattern[str], str]]:
    """Lines `written===said`, behind # a remark."""
    for line in path.read_text(encoding="utf-8").splitlines():
        written, equals, said = line.partition("#")[0].strip().partition("===")
        if equals:
            yield re.compile(written), said
