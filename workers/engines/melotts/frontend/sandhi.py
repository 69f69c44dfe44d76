# ruff: noqa: RUF001 - full-width punctuation is what is looked for here
"""How Mandarin tones change in company: 不, 一, neutral tones and runs of third tones.

The rules are those of textbooks of Mandarin; which words have a neutral tone is a list of PaddleSpeech's (Apache-2.0),
which misaki carries. Where words are joined first, they are so that a rule sees 不 and 一 with what follows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

from workers.text.mandarin import readings, searchable

#: A word with its part of speech as jieba names it.
Word = tuple[str, str]

_NEUTRAL: Final = "5"
_THIRD: Final = "3"
#: misaki's list is younger than the one that the voice models were trained with: what it lacks, and what it has more.
_ADDED: Final = frozenset({"情形", "老太", "不在", "学生", "打点", "老头"})
_REMOVED: Final = frozenset({"戏弄", "将军", "别人"})
_NEVER_NEUTRAL: Final = frozenset(
    {"男子", "女子", "分子", "原子", "量子", "莲子", "石子", "瓜子", "电子", "人人", "虎虎"}
)
_PUNCTUATION: Final = frozenset("：，；。？！“”‘’':,;.?!")
_PARTICLES: Final = frozenset("吧呢啊呐噻嘛吖嗨呐哦哒额滴哩哟喽啰耶喔诶的地得")
_COUNTED_BY_GE: Final = frozenset("几有两半多各整每做是")


@cache
def neutral_words() -> frozenset[str]:
    """Words whose last syllable has a neutral tone."""
    from misaki.tone_sandhi import ToneSandhi

    return frozenset(ToneSandhi().must_neural_tone_words) - _REMOVED | _ADDED


def joined(words: Iterable[Word]) -> list[Word]:
    """Words that must be looked at together as one."""
    together = _with_next(words, "不")
    together = _with_next(_around_yi(together), "一")
    together = _pairs(together, lambda before, word: before == word)
    together = _third_tones(together, lambda before, after: _all_third(before) and _all_third(after))
    together = _third_tones(together, lambda before, after: _is_third(before[-1]) and _is_third(after[0]))
    return _pairs(together, lambda before, word: word == "儿" and before != "#")


def changed(word: str, tag: str, finals: Sequence[str]) -> list[str]:
    """The finals of one word, each with its tone behind it, as they are said."""
    return _third_changed(word, _neutral_changed(word, tag, _yi_changed(word, _bu_changed(word, finals))))


def _with_next(words: Iterable[Word], first: str) -> list[Word]:
    """不 and 一 that stand alone go with the next word, which gives the part of speech of 不 and not of 一."""
    out: list[Word] = []
    for word, tag in words:
        if out and out[-1][0] == first:
            before, before_tag = out.pop()
            out.append((before + word, before_tag if first == "一" else tag))
        else:
            out.append((word, tag))
    return out


def _around_yi(words: Sequence[Word]) -> list[Word]:
    """看 一 看 is one word."""
    out: list[Word] = []
    for index, (word, tag) in enumerate(words):
        if word == "一" and 0 < index < len(words) - 1 and words[index - 1] == (words[index + 1][0], "v"):
            out[-1] = (out[-1][0] + word + words[index + 1][0], "v")
        elif index > 1 and tag == "v" and words[index - 1][0] == "一" and words[index - 2][0] == word:
            continue
        else:
            out.append((word, tag))
    return out


def _pairs(words: Iterable[Word], belong: Callable[[str, str], bool]) -> list[Word]:
    out: list[Word] = []
    for word, tag in words:
        if out and belong(out[-1][0], word):
            out[-1] = (out[-1][0] + word, out[-1][1])
        else:
            out.append((word, tag))
    return out


def _third_tones(words: Sequence[Word], belong: Callable[[list[str], list[str]], bool]) -> list[Word]:
    """Neighbours of at most three syllables together; of three words in a row the third stays alone."""
    finals = [[final for _, final in readings(word)] for word, _ in words]
    out: list[Word] = []
    joined_before = False
    for index, (word, tag) in enumerate(words):
        before = words[index - 1][0] if index else ""
        meet = index > 0 and not joined_before and belong(finals[index - 1], finals[index])
        joined_before = meet and not _is_doubled(before) and len(before) + len(word) <= 3  # noqa: PLR2004 - syllables
        if joined_before:
            out[-1] = (out[-1][0] + word, out[-1][1])
        else:
            out.append((word, tag))
    return out


def _bu_changed(word: str, finals: Sequence[str]) -> list[str]:
    """Neutral between two syllables (看不懂), second tone before a fourth (不怕)."""
    out = list(finals)
    if len(word) == 3 and word[1] == "不":  # noqa: PLR2004 - a character on either side
        out[1] = _toned(out[1], _NEUTRAL)
        return out
    for index, char in enumerate(word[:-1]):
        if char == "不" and out[index + 1][-1] == "4":
            out[index] = _toned(out[index], "2")
    return out


def _yi_changed(word: str, finals: Sequence[str]) -> list[str]:
    """First tone in numbers, neutral in 看一看, second before a fourth tone, fourth before the others."""
    out = list(finals)
    if "一" not in word or all(char.isnumeric() for char in word):
        return out
    if len(word) == 3 and word[1] == "一" and word[0] == word[2]:  # noqa: PLR2004 - a character on either side
        out[1] = _toned(out[1], _NEUTRAL)
    elif word.startswith("第一"):
        out[1] = _toned(out[1], "1")
    else:
        for index, char in enumerate(word[:-1]):
            if char != "一":
                continue
            if out[index + 1][-1] == "4":
                out[index] = _toned(out[index], "2")
            elif word[index + 1] not in _PUNCTUATION:
                out[index] = _toned(out[index], "4")
    return out


def _neutral_changed(word: str, tag: str, finals: Sequence[str]) -> list[str]:
    out = list(finals)
    if tag[:1] in {"n", "v", "a"} and word not in _NEVER_NEUTRAL:
        for index in range(1, len(word)):
            if word[index] == word[index - 1]:
                out[index] = _toned(out[index], _NEUTRAL)
    place = _neutral_place(word, tag)
    if place is not None:
        out[place] = _toned(out[place], _NEUTRAL)
    first, second = _halves(word)
    for part, end in ((first, len(first)), (second, len(word))):
        if part and (part in neutral_words() or part[-2:] in neutral_words()):
            out[end - 1] = _toned(out[end - 1], _NEUTRAL)
    return out


def _neutral_place(word: str, tag: str) -> int | None:
    """Which syllable of `word` has a neutral tone for what it is or for the ending it is."""
    last, before = word[-1], word[-2:-1]
    ge = word.find("个")
    is_ending = (
        last in _PARTICLES
        or (bool(before) and last in "们子" and tag in {"r", "n"} and word not in _NEVER_NEUTRAL)
        or (bool(before) and last in "上下里" and tag in {"s", "l", "f"})
        or (bool(before) and last in "来去" and before in "上下进出回过起开")
    )
    if is_ending:
        return len(word) - 1
    if word == "个" or (ge > 0 and (word[ge - 1].isnumeric() or word[ge - 1] in _COUNTED_BY_GE)):
        return ge
    return len(word) - 1 if word in neutral_words() or word[-2:] in neutral_words() else None


def _third_changed(word: str, finals: Sequence[str]) -> list[str]:
    """Of third tones in a row all but the last become second ones, within the parts that a word has."""
    out = list(finals)
    if len(word) == 2 and _all_third(out):  # noqa: PLR2004 - syllables
        out[0] = _toned(out[0], "2")
    elif len(word) == 3:  # noqa: PLR2004 - syllables
        _third_of_three(out, len(_halves(word)[0]))
    elif len(word) == 4:  # noqa: PLR2004 - two words of two syllables
        for start in (0, 2):
            if _all_third(out[start : start + 2]):
                out[start] = _toned(out[start], "2")
    return out


def _third_of_three(out: list[str], cut: int) -> None:
    """Changes three finals, of which the first `cut` are a word of their own."""
    if _all_third(out):
        # 蒙古/包, 纸/老虎
        for index in {1: (1,), 2: (0, 1)}.get(cut, ()):
            out[index] = _toned(out[index], "2")
        return
    for start, part in ((0, out[:cut]), (cut, out[cut:])):
        if len(part) == 2 and _all_third(part):  # noqa: PLR2004 - syllables
            # 所有/人
            out[start] = _toned(out[start], "2")
        elif start and part and not _all_third(part) and _is_third(part[0]) and _is_third(out[cut - 1]):
            # 好/喜欢
            out[cut - 1] = _toned(out[cut - 1], "2")


def _halves(word: str) -> tuple[str, str]:
    """The word cut at its shortest part that is a word itself."""
    shortest = min(searchable(word), key=len)
    if word.startswith(shortest):
        return shortest, word[len(shortest) :]
    return word[: -len(shortest)], shortest


def _toned(final: str, tone: str) -> str:
    return final[:-1] + tone


def _is_third(final: str) -> bool:
    return final.endswith(_THIRD)


def _all_third(finals: Iterable[str]) -> bool:
    return all(_is_third(final) for final in finals)


def _is_doubled(word: str) -> bool:
    return len(word) == 2 and word[0] == word[1]  # noqa: PLR2004 - characters
