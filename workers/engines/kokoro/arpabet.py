# ruff: noqa: RUF001, RUF002 - phonetic letters are what this module is about
"""ARPAbet, in which American dictionaries are written, as the phonemes that Kokoro was trained on.

Kokoro's alphabet is IPA with single letters for diphthongs (A eɪ, I aɪ, O oʊ, Q əʊ, W aʊ, Y ɔɪ) and affricates (ʤ, ʧ).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_CONSONANTS: Final = {
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_AMERICAN: Final = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ",
    "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}  # fmt: skip
_BRITISH: Final = _AMERICAN | {"AA": "ɒ", "AE": "a", "AO": "ɔː", "ER": "ɜː", "IY": "iː", "OW": "Q", "UW": "uː"}
#: British vowels before an R that is not sounded.
_BEFORE_SILENT_R: Final = {"AA": "ɑː", "AO": "ɔː", "EH": "ɛː", "IH": "ɪə", "IY": "ɪə", "UH": "ʊə", "UW": "ʊə"}
_STRESS: Final = {"0": "", "1": "ˈ", "2": "ˌ", "": ""}


def to_kokoro(arpabet: Sequence[str], *, british: bool) -> str:
    """The phonemes of one word, such as `["B", "AA1", "R"]`: `bˈɑɹ` in American, `bˈɑː` in British English."""
    spoken: list[str] = []
    for index, symbol in enumerate(arpabet):
        following = arpabet[index + 1] if index + 1 < len(arpabet) else ""
        if symbol in _CONSONANTS:
            silent = british and symbol == "R" and spoken and not _is_vowel(following)
            spoken.append("" if silent else _CONSONANTS[symbol])
        elif _is_vowel(symbol):
            base, stress = symbol[:2], symbol[2:]
            vowel = _british(base, stress, arpabet[index + 1 :]) if british else _american(base, stress)
            spoken.append(_STRESS[stress] + vowel)
    return "".join(spoken)


def _is_vowel(symbol: str) -> bool:
    return symbol[:2] in _AMERICAN


def _american(base: str, stress: str) -> str:
    if stress == "0":
        return {"AH": "ə", "ER": "əɹ"}.get(base, _AMERICAN[base])
    return _AMERICAN[base]


def _british(base: str, stress: str, rest: Sequence[str]) -> str:
    after, beyond = [*rest, "", ""][:2]
    if base == "ER":
        # The R that is part of this vowel comes back before another one: "stirring".
        return ("ə" if stress == "0" else "ɜː") + ("ɹ" if _is_vowel(after) else "")
    if after == "R" and not _is_vowel(beyond):
        return _BEFORE_SILENT_R.get(base, _BRITISH[base])
    if stress == "0":
        return {"AH": "ə", "IY": "i", "UW": "u"}.get(base, _BRITISH[base])
    return _BRITISH[base]
