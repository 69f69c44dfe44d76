"""Words as gruut pronounces them: its lexicons, its rules for numbers, and its guesses for the rest.

gruut asks its database anew for every word, and the database has no index: a sentence of Spanish takes a second. Here
the lexicon is copied into memory and sorted once.

gruut also remembers: a liaison (`vingt et un`) is added to the word's phones in its table, and heard from then on in
every `vingt` of the process. Here each call gets phones of its own; `remembers` is for comparisons with the original.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from gruut import TextProcessor
from gruut.lang import get_settings
from gruut.utils import find_lang_dir, remove_non_word_chars

from pipelines.errors import PermanentError
from workers.enginekit import library_errors

#: Of gruut's two lexicons per language, the one made with espeak's letters (data only: no espeak runs).
_LETTERS: Final = "espeak"
_TRANSFORMS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.lower,
    remove_non_word_chars,
    lambda word: str(remove_non_word_chars(word.lower())),
)


class Lexicon:
    """Words to phones, in memory; what gruut calls `lookup_phonemes`."""

    def __init__(self, path: Path, *, remembers: bool = False) -> None:
        self._memory: dict[str, list[str]] | None = {} if remembers else None
        self._words = sqlite3.connect("file::memory:", uri=True, check_same_thread=False)
        self._words.execute("ATTACH ? AS published", (f"file:{path}?immutable=1",))
        self._words.execute("CREATE TABLE words AS SELECT word, phonemes, pron_order FROM published.word_phonemes")
        self._words.execute("CREATE INDEX by_word ON words (word, pron_order)")
        self._words.commit()
        self._words.execute("DETACH published")

    def __call__(self, word: str, role: str | None = None, do_transforms: bool = True) -> Sequence[str] | None:  # noqa: ARG002, FBT001, FBT002 - gruut's own signature
        if self._memory is not None and word in self._memory:
            return self._memory[word]
        for transform in _TRANSFORMS if do_transforms else _TRANSFORMS[:1]:
            # Of several pronunciations gruut says the first; the lexicons in use tell none apart by the word's role.
            query = "SELECT phonemes FROM words WHERE word = ? ORDER BY pron_order LIMIT 1"
            row = self._words.execute(query, (transform(word),)).fetchone()
            if row is not None:
                phonemes = str(row[0]).split()
                if self._memory is not None:
                    self._memory[word] = self._memory[transform(word)] = phonemes
                return phonemes
        return None


class GruutWords:
    """Pronounces single words of one language; loads once, keeps nothing of a call."""

    def __init__(self, processor: TextProcessor) -> None:
        self._processor = processor
        # Its guesser keeps the word it works on in the object.
        self._lock = threading.Lock()

    @classmethod
    def load(cls, language: str, *, remembers: bool = False) -> Self:
        """`language` as gruut names it (`es-es`); PermanentError `missing_dependency` without its data package."""
        # It would log the words that it cannot read, which are a user's.
        logging.getLogger("gruut").setLevel(logging.CRITICAL + 1)
        folder = find_lang_dir(language)
        if folder is None:
            raise PermanentError(f"gruut's data for {language} are not installed.", code="missing_dependency")
        with library_errors("gruut"):
            lexicon = Lexicon(Path(folder) / _LETTERS / "lexicon.db", remembers=remembers)
            settings = get_settings(language, lang_dir=folder, model_prefix=_LETTERS, lookup_phonemes=lexicon)
            return cls(TextProcessor(default_lang=language, model_prefix=_LETTERS, settings={language: settings}))

    def __call__(self, word: str) -> str:
        """Letters and signs of the phonetic alphabet, a space between two words; empty for what gruut does not read."""
        with self._lock, library_errors("gruut"):
            try:
                return self._said(word)
            except ArithmeticError:
                # A number too long for a name, or `1e999`: sign by sign.
                return self._said(" ".join(word))

    def _said(self, word: str) -> str:
        said: list[str] = []
        graph, root = self._processor(word)
        for sentence in self._processor.sentences(graph, root):
            for part in sentence.words:
                if part.is_break:
                    said[-1:] = ["".join((*said[-1:], part.text))]
                elif part.phonemes:
                    said.append("".join(part.phonemes).replace("g", "ɡ"))  # noqa: RUF001 - the phonetic letter
        return " ".join(said)
