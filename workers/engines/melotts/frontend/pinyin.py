"""Pinyin syllables as the two phones that the voice models have for each."""

from __future__ import annotations

from typing import Final

#: What finals are called behind an initial.
_SHORTENED: Final = {"uei": "ui", "iou": "iu", "uen": "un"}
#: i behind these is the buzzing vowel of 字 and of 知.
_BUZZING: Final = {**dict.fromkeys(("z", "c", "s"), "i0"), **dict.fromkeys(("zh", "ch", "sh", "r"), "ir")}
#: Finals without an initial whose phones do not follow from their letters.
_ALONE: Final = {
    "i": ("y", "i"), "in": ("y", "in"), "ing": ("y", "ing"), "ian": ("y", "En"), "ie": ("y", "E"), "u": ("w", "u"),
    "ê": ("EE", "e"),
}  # fmt: skip
_SEMIVOWELS: Final = {"i": "y", "u": "w"}
_FINALS: Final = frozenset((
    "a", "ai", "an", "ang", "ao", "e", "ei", "en", "eng", "er", "i", "ia", "ian", "iang", "iao", "ie", "in", "ing",
    "iong", "iou", "o", "ong", "ou", "u", "ua", "uai", "uan", "uang", "uei", "uen", "ueng", "uo", "v", "van",
    "ve", "vn", "ê",
))  # fmt: skip


def syllable_phones(initial: str, final: str) -> tuple[str, ...]:
    """The two phones of a syllable, in pypinyin's strict initials and finals; none for what is no syllable."""
    if final not in _FINALS:
        return ()
    if initial:
        vowel = _BUZZING.get(initial, final) if final == "i" else _SHORTENED.get(final, final)
        return initial, vowel
    if final in _ALONE:
        return _ALONE[final]
    if final[0] in _SEMIVOWELS:
        return _SEMIVOWELS[final[0]], final[1:]
    return ("y", final) if final[0] == "v" else (final[0].upper() * 2, final)
