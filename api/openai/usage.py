"""How much was taken in and given out, in tokens: nothing is billed by them, and anybody can count both again.

A token of text is a word, a mark, or a character of a script without spaces; a token of sound is 50 ms of it where it
is made and 100 ms where it is listened to, at least one.
"""

from __future__ import annotations

import math
import re

#: Tokens in a second of sound: of speech that is made, and of a recording that is listened to.
MADE_PER_SECOND = 20
HEARD_PER_SECOND = 10

#: Kana, CJK ideographs and Hangul one by one, other letters and digits by words, marks one by one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])\w)+|[^\w\s]")


def text_tokens(text: str) -> int:
    """Tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def sound_tokens(seconds: float, per_second: int) -> int:
    """Tokens of so much sound."""
    return max(1, math.ceil(seconds * per_second))


def speech_usage(text: str, seconds: float) -> dict[str, int]:
    """`usage` of speech: the text that came in, the sound that was made."""
    taken, made = text_tokens(text), sound_tokens(seconds, MADE_PER_SECOND)
    return {"input_tokens": taken, "output_tokens": made, "total_tokens": taken + made}
