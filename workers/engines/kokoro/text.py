# ruff: noqa: RUF001 - quotation marks and dashes are what this module is about
"""English text made ready to be phonemized: cleaned, and cut into sentences that are long enough to sound natural."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from workers.text.sentences import split

_SHORT: Final = 20
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
        for sentence in split(clean(paragraph)):
            held = f"{held} {sentence}".strip()
            if len(held) >= _SHORT:
                yield held
                held = ""
        if held:
            yield held


def _spoken_time(match: re.Match[str]) -> str:
    hours, minutes = match.groups()
    if minutes == "00":
        return f"{int(hours)} o'clock"
    return f"{int(hours)} {'oh ' if minutes[0] == '0' else ''}{int(minutes)}"
