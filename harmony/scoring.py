"""Word error rate, on text normalised as Whisper's authors do before they compare."""

from __future__ import annotations

import re
import unicodedata

#: Letters, digits and the apostrophes inside words stay; everything else separates words.
_SEPARATORS = re.compile(r"[^\w']+|_+|(?<!\w)'|'(?!\w)")


def normalise(text: str) -> str:
    """Lower case, no punctuation, single spaces; what is in brackets was not spoken."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    spoken = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", folded)
    return " ".join(_SEPARATORS.sub(" ", spoken).split())


def word_error_rate(reference: str, hypothesis: str) -> float:
    """Insertions, deletions and substitutions per word of the reference; `reference` must contain a word."""
    import jiwer

    return float(jiwer.wer(normalise(reference), normalise(hypothesis)))
