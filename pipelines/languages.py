"""Languages as BCP-47 tags, with the names and short forms that clients send."""

from __future__ import annotations

import re

#: English names, as OpenAI's and Whisper's clients write them, and the country codes that earlier clients used.
_ALIASES = {
    "arabic": "ar", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi",
    "hungarian": "hu", "indonesian": "id", "italian": "it", "japanese": "ja", "korean": "ko",
    "norwegian": "no", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru",
    "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "vietnamese": "vi",
    "jp": "ja", "kr": "ko", "cn": "zh", "castilian": "es", "mandarin": "zh",
}  # fmt: skip

#: `Hant` and the like are four letters; regions are two letters or three digits.
_SCRIPT_LENGTH = 4
_TAG = re.compile(r"^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?$")


def normalise_language(value: str) -> str | None:
    """`EN`, `english`, `en_us`, `JP` … as a BCP-47 tag in its usual case (`en-US`); None if it is not one."""
    text = value.strip().lower().replace("_", "-")
    text = _ALIASES.get(text, text)
    if not _TAG.match(text):
        return None
    language, *rest = text.split("-")
    return "-".join([language, *(part.title() if len(part) == _SCRIPT_LENGTH else part.upper() for part in rest)])


def same_language(asked: str, known: str) -> bool:
    """Whether a model's `known` tag serves what was `asked`: equal, or one of them names no region."""
    first, second = asked.lower(), known.lower()
    return first == second or first.startswith(f"{second}-") or second.startswith(f"{first}-")
