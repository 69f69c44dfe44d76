# ruff: noqa: RUF001 - quotation marks and dashes are what this module is about
"""English text made ready to be phonemized: cleaned, and cut where a speaker would pause."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

#: A full stop behind these does not end a sentence.
_NEVER_ENDS: Final = frozenset((
    "mr", "mrs", "ms", "dr", "prof", "st", "mt", "rev", "hon", "gen", "col", "maj", "capt", "lt", "sgt", "cmdr",
    "gov", "sen", "rep", "pres", "messrs", "mme", "vs", "approx", "dept", "est", "fig", "figs", "eq", "no", "nos",
    "vol", "vols", "ch", "pp", "ed", "eds", "ave", "blvd", "rd", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "e.g", "i.e", "cf",
    "viz",
))  # fmt: skip
#: Behind these it does when a capital letter follows.
_MAY_END: Final = frozenset((
    "etc", "a.m", "p.m", "u.s", "u.k", "u.n", "ph.d", "inc", "ltd", "co", "corp", "bros", "al", "jr", "sr",
))  # fmt: skip

_SHORT: Final = 20
_CLOSERS: Final = "\"'”’)]"
_END: Final = re.compile(rf"[.!?…]+[{re.escape(_CLOSERS)}]*(?=\s)")
_CLAUSE: Final = re.compile(r"(?<=[,;:—–)])\s+|(?<=—)(?=\S)")
_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_LONG_NUMBER: Final = re.compile(r"\d{13,}")
_CLOCK: Final = re.compile(r"\b(\d{1,2}):([0-5]\d)(?![\d:])")
_LATINISMS: Final = (
    (re.compile(r"\be\.g\.", re.IGNORECASE), "for example"),
    (re.compile(r"\bi\.e\.", re.IGNORECASE), "that is"),
)
_SPACE: Final = re.compile(r"\s+")
#: Ways of writing that the phonemizer takes for something else, and what is meant.
_REWRITTEN: Final = str.maketrans({"–": "—", "―": "—", "‑": "-", "´": "'", "`": "'", "«": "“", "»": "”", "„": "“"})


def clean(text: str) -> str:
    """The text without control characters, on one line; times, Latin and very long numbers as they are read out."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    composed = unicodedata.normalize("NFC", visible).translate(_REWRITTEN)
    # Longer numbers have no name that a listener could follow (and beyond 10³⁰⁶ none at all): digit by digit.
    spoken = _LONG_NUMBER.sub(lambda match: " ".join(match.group()), composed)
    for pattern, meaning in _LATINISMS:
        spoken = pattern.sub(meaning, spoken)
    return _SPACE.sub(" ", _CLOCK.sub(_spoken_time, spoken)).strip()


def sentences(text: str) -> Iterator[str]:
    """The sentences of `text`, in order, cleaned; one too short to sound natural alone goes with the next."""
    for paragraph in _PARAGRAPH.split(text):
        held = ""
        for sentence in _split(clean(paragraph)):
            held = f"{held} {sentence}".strip()
            if len(held) >= _SHORT:
                yield held
                held = ""
        if held:
            yield held


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


def _split(text: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(text):
        if _ends_sentence(text, start, match):
            yield text[start : match.end()].strip()
            start = match.end()
    if rest := text[start:].strip():
        yield rest


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    following = text[match.end() :].lstrip()[:1]
    if match.group()[0] != "." or match.group().startswith(".."):
        # "Stop!" he said: a lower-case letter goes on with the sentence.
        return not following.islower()
    word = text[start : match.start()].rpartition(" ")[2].lstrip("\"'“‘([").lower()
    if word in _MAY_END:
        return following.isupper()
    initial = len(word) == 1 and word.isalpha() and word != "i"
    return word not in _NEVER_ENDS and not initial and not following.islower()


def _spoken_time(match: re.Match[str]) -> str:
    hours, minutes = match.groups()
    if minutes == "00":
        return f"{int(hours)} o'clock"
    return f"{int(hours)} {'oh ' if minutes[0] == '0' else ''}{int(minutes)}"
