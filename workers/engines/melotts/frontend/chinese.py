# ruff: noqa: RUF001 - full-width punctuation is what is replaced here
"""Chinese: every character is a token of the language model, and a syllable of two phones with one tone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from workers.engines.melotts.frontend.base import Phonemes, edged
from workers.engines.melotts.frontend.pinyin import syllable_phones
from workers.engines.melotts.frontend.sandhi import changed, joined
from workers.text.mandarin import numbers_in_words, readings, tagged
from workers.text.pieces import asian_pieces

#: The marks that the voice models know, and those that are read as them.
MARKS: Final = "!?…,.'-"
_REPLACED: Final = str.maketrans(
    {
        **dict.fromkeys("：；，·、", ","),
        **dict.fromkeys("。\n$", "."),
        **dict.fromkeys("“”‘’（）()《》【】[]「」", "'"),
        **dict.fromkeys("—～~", "-"),
        "！": "!", "？": "?",
        # Interjections that have no vowel of their own, by their nearest characters that do.
        "嗯": "恩", "呣": "母",
    }
)  # fmt: skip
_UNREADABLE: Final = re.compile(rf"[^一-龥{re.escape(MARKS)}]+")
_BEHIND_MARK: Final = re.compile(rf"(?<=[{re.escape(MARKS)}])\s*")


class Said(NamedTuple):
    """One character: its phones, one tone for them all, none of either if it has no sound."""

    phones: tuple[str, ...]
    tone: int


class ChineseFrontend:
    """Implements Frontend."""

    language: Final = "ZH"

    def pieces(self, text: str) -> list[str]:
        return asian_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = normalise(text)
        said = [one for clause in clauses(normalised) for one in characters(clause)]
        return edged(
            normalised,
            [phone for one in said for phone in one.phones],
            [one.tone for one in said for _ in one.phones],
            [len(one.phones) for one in said],
        )


def normalise(text: str) -> str:
    """Characters and the voice models' marks; numbers as characters, everything else left out."""
    return _UNREADABLE.sub("", with_plain_marks(text))


def with_plain_marks(text: str) -> str:
    """Numbers as characters, marks as the voice models know them; everything else stays."""
    return numbers_in_words(text).translate(_REPLACED).replace("...", "…")


def clauses(text: str) -> list[str]:
    """The text cut behind each mark: tones and words do not reach over one."""
    return [clause for clause in _BEHIND_MARK.split(text) if clause.strip()]


def characters(clause: str) -> Iterator[Said]:
    """What each character of a clause sounds like; a mark is its own phone."""
    for word, tag in joined(tagged(clause)):
        pairs = readings(word)
        finals = changed(word, tag, [final for _, final in pairs])
        for (initial, _), final in zip(pairs, finals, strict=True):
            if initial and initial in MARKS:
                yield Said((initial,), 0)
            elif final[-1:].isdigit():
                yield Said(syllable_phones(initial, final[:-1]), int(final[-1]))
            else:
                yield Said((), 0)
