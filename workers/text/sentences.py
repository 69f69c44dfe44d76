# ruff: noqa: RUF001 - quotation marks, dashes and full-width signs are what this module is about
"""Where a speaker would pause: behind sentences, and inside long ones.

The marks are those of Unicode's property Sentence_Terminal that living languages use (UAX #29), the rules for full
stops are per language, see `abbreviations.py`. Each text is read once from the left, whatever it holds, in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workers.text.abbreviations import ShortForms, short_forms

#: End a sentence before a space.
_SPACED: Final = ".!?…‼⁇⁈⁉．"
#: End a sentence wherever they stand: Chinese and Japanese, Devanagari, Arabic, Ethiopic, Khmer, Burmese, Tibetan.
_ALWAYS: Final = "。！？｡।॥؟۔።፧។៕။༎"
MARKS: Final = _SPACED + _ALWAYS
_CLOSERS: Final = "\"'”’»›)]}）」』】》〉〕］｝｣"
#: Quotation marks that open in most languages, and close in German, when they stand behind a mark.
_LATIN_CLOSERS: Final = _CLOSERS + "“‘«‹"
OPENERS: Final = "\"'“‘«‹„‚([{（「『【《〈〔［｛｢¿¡-–—*_"

_RUN: Final = re.compile(rf"[{MARKS}]+")
_CLOSING: Final = re.compile(rf"[{re.escape(_CLOSERS)}]*+")
_LATIN_CLOSING: Final = re.compile(rf"[{re.escape(_LATIN_CLOSERS)}]*+(?:[ \u00a0\u202f][»›](?=\s|$))?")
_FOLLOWING: Final = re.compile(rf"[\s{re.escape(OPENERS)}]*+([\w'’]*+)")
_SPACES: Final = re.compile(r"\s*+")
#: A short form is not longer than this, and a word that sentences start with neither.
_NEAR: Final = 24
_LETTERS: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_LIST_NUMBER: Final = re.compile(r"\s*(?:\d{1,3}|[^\W\d_])")
_ORDINAL: Final = re.compile(r"\d{1,2}")
_ASIAN: Final = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
#: Japanese goes on with these behind what somebody asked or called.
_QUOTED: Final = frozenset("とっ、，")

_CLAUSE: Final = re.compile(r"(?<=[,;:—–)])\s+|(?<=—)(?=\S)")


def split(text: str, language: str | None = "en") -> Iterator[str]:
    """The sentences of one line of text, in order; `language` is a BCP-47 tag."""
    start = 0
    for end in [*ends(text, language), len(text)]:
        if sentence := text[start:end].strip():
            yield sentence
        start = end


def ends(text: str, language: str | None) -> Iterator[int]:
    """Where the sentences of one line of text end, closing quotes and brackets included."""
    known = short_forms(language)
    start = 0
    for run in _RUN.finditer(text):
        always = any(mark in _ALWAYS for mark in run.group()[:_NEAR])
        closing = (_CLOSING if always else _LATIN_CLOSING).match(text, run.end())
        end = closing.end() if closing else run.end()
        if _stops(text, run, end) if always else _ends(text, start, run, end, known):
            yield end
            start = end


def clauses(sentence: str) -> list[str]:
    """The sentence cut behind commas, semicolons, colons and dashes; at its middle word if it has none of them."""
    parts = [part for part in _CLAUSE.split(sentence) if part and part.strip()]
    if len(parts) > 1:
        middle = len(parts) // 2
        return [" ".join(parts[:middle]), " ".join(parts[middle:])]
    words = sentence.split()
    if len(words) > 1:
        middle = len(words) // 2
        return [" ".join(words[:middle]), " ".join(words[middle:])]
    half = len(sentence) // 2
    return [sentence[:half], sentence[half:]] if half else [sentence]


def is_asian(char: str) -> bool:
    """Whether it is written without spaces around it: Chinese and Japanese, with their marks."""
    return _ASIAN.match(char) is not None


def _stops(text: str, run: re.Match[str], end: int) -> bool:
    """For marks that need no space behind them: what somebody said may go on with who said it."""
    following = text[end : end + 1]
    if end > run.end() and run.group()[-1] in "。！？｡":
        return not following or following.isspace() or following in OPENERS
    return run.group()[-1] not in "！？" or following not in _QUOTED


def _ends(text: str, start: int, run: re.Match[str], end: int, known: ShortForms) -> bool:
    """For marks with a space behind them."""
    last, following = text[run.start() - 1 : run.start()], text[end : end + 1]
    if following and not following.isspace():
        return bool(last) and is_asian(last) and is_asian(following)
    found = _FOLLOWING.match(text, end)
    word = found[1] if found else ""
    marks = run.group()
    if marks not in {".", "．"}:
        # "Stop!" he said: a lower-case letter goes on with the sentence, but "¡Vaya! ¿qué tal?" is two.
        opened = found is not None and found.group()[: -len(word) or None].strip()[-1:] in {"¿", "¡"}
        return not word[:1].islower() or opened
    return _full_stop_ends(text, start, run.start(), word, known)


def _full_stop_ends(text: str, start: int, place: int, following: str, known: ShortForms) -> bool:
    written = _word_before(text, start, place)
    word = written.lower()
    if following[:1].islower() or word in known.inside or (word in known.numbered and following[:1].isdigit()):
        return False
    if written in known.letters or (word.endswith(known.suffixes) and following[:1].isdigit()):
        return False
    if word in known.closing:
        return following[:1].isalpha()
    if place - start < _NEAR and _LIST_NUMBER.fullmatch(text[start:place]):
        return False
    initial = len(word) == 1 and word != "i" and written.isupper()
    ordinal = known.ordinals and _ORDINAL.fullmatch(word)
    if word in known.open or initial or ordinal or _LETTERS.fullmatch(word):
        return following.lower() in known.starters
    return True


def _word_before(text: str, start: int, place: int) -> str:
    near = text[max(start, place - _NEAR) : place].replace("\u00a0", " ").replace("\u202f", " ")
    # French and Italian words stand behind an article: l'art. 5.
    return near.rpartition(" ")[2].replace("’", "'").rpartition("'")[2].lstrip(OPENERS)
