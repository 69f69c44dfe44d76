# ruff: noqa: RUF001 - dashes and full-width signs are what this module is about
"""A text in the pieces that are spoken one after the other, so that the first is heard early and none is too long.

A sentence is the usual piece. Short ones go together, long ones are cut behind their marks, else between words; the
first piece is short where a mark permits it, as a listener waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from workers.text.cuts import balanced, first_cut
from workers.text.sentences import MARKS, ends, is_asian

End = Literal["clause", "sentence", "paragraph", "text"]

_BLANK_LINE: Final = re.compile(r"(?:\r\n|[\n\r\x0b\x0c\x85\u2028])[^\S\n\r]*+(?:\r\n|[\n\r\x0b\x0c\x85\u2028])|\u2029")
_LINE: Final = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]")
_ITEM: Final = re.compile(r"\s*(?:[-–—*+•‣◦▪·]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_ENDED: Final = re.compile(rf"[{MARKS}:;,，；：][^\w\s]*$")


@dataclass(frozen=True)
class Clause:
    """What is spoken at once, and what ends with it."""

    text: str
    end: End


class Sizes(NamedTuple):
    """Of pieces, in characters: what is shorter is not spoken alone, what is longer not at once."""

    #: Of the first piece.
    first_least: int
    first_most: int
    #: A piece that is shorter goes with the next sentence.
    enough: int
    most: int


#: Chinese and Japanese signs say as much as three letters, Korean ones as two.
_LATIN: Final = Sizes(20, 60, 60, 200)
_HANGUL: Final = Sizes(10, 30, 30, 100)
_SIGNS: Final = Sizes(7, 20, 20, 70)


class _Span(NamedTuple):
    start: int
    end: int
    #: Whether a sentence ends with it.
    ends: bool


def clauses(text: str, language: str | None) -> list[Clause]:
    """The pieces of `text` in order: each holds a letter or digit, and together they hold every word once.

    `language` is a BCP-47 tag; without one the rules are those that most languages share. The time is linear.
    """
    sizes = _sizes(text)
    found: list[Clause] = []
    for paragraph in _paragraphs(text):
        spans = _spans(paragraph, language, sizes, first=not found)
        last = len(spans) - 1
        for number, span in enumerate(spans):
            end: End = "paragraph" if number == last else "sentence" if span.ends else "clause"
            found.append(Clause(paragraph[span.start : span.end].replace("\n", " ").strip(), end))
    found = _speakable(found)
    if found:
        found[-1] = Clause(found[-1].text, "text")
    return found


def _sizes(text: str) -> Sizes:
    """By the script that most of the text is in."""
    signs = sum(map(is_asian, text))
    hangul = sum("\uac00" <= char <= "\ud7a3" for char in text)
    if signs * 3 >= len(text):
        return _SIGNS
    return _HANGUL if (signs + hangul) * 3 >= len(text) else _LATIN


def _paragraphs(text: str) -> Iterator[str]:
    """Each on one line, but for its lists: their items stay lines of their own."""
    for paragraph in _BLANK_LINE.split(text):
        lines: list[list[str]] = []
        for line in _LINE.split(paragraph):
            clean = " ".join(line.split())
            if clean and (not lines or _ITEM.match(f"{clean} ")):
                lines.append([])
            if clean:
                _wrapped(lines[-1], clean)
        if lines:
            yield "\n".join("".join(parts) for parts in lines)


def _wrapped(parts: list[str], line: str) -> None:
    """Adds one more line to `parts`: behind a space, but inside Chinese or Japanese."""
    if parts and not (is_asian(parts[-1][-1]) and is_asian(line[0])):
        parts.append(" ")
    parts.append(line)


def _spans(paragraph: str, language: str | None, sizes: Sizes, *, first: bool) -> list[_Span]:
    """The pieces of one paragraph; `first` if the text begins with it."""
    pieces: list[_Span] = []
    start = 0
    for line in paragraph.split("\n"):
        inner = [start + end for end in ends(line, language)]
        for sentence_start, sentence_end in pairwise([start, *inner, start + len(line)]):
            if paragraph[sentence_start:sentence_end].strip():
                pieces.extend(_pieces(paragraph, sentence_start, sentence_end, sizes, first=first and not pieces))
        start += len(line) + 1
    return _gathered(paragraph, pieces, sizes, first=first)


def _pieces(paragraph: str, start: int, end: int, sizes: Sizes, *, first: bool) -> Iterator[_Span]:
    """One sentence, cut where it is too long."""
    if first:
        cut = first_cut(paragraph, start, end, sizes.first_least, sizes.first_most)
        if cut is not None:
            yield _Span(start, cut, ends=False)
            start = cut
    places = balanced(paragraph, start, end, sizes.most)
    for left, right in pairwise([start, *places, end]):
        yield _Span(left, right, ends=right == end)


def _gathered(paragraph: str, pieces: list[_Span], sizes: Sizes, *, first: bool) -> list[_Span]:
    """Short pieces with the next; the first of the text only while both are short, the last with the one before."""
    kept: list[_Span] = []
    for piece in pieces:
        is_first = first and len(kept) == 1
        enough, most = (sizes.first_least, sizes.first_most) if is_first else (sizes.enough, sizes.most)
        if kept and _together(paragraph, kept[-1], piece, enough, most):
            kept[-1] = _Span(kept[-1].start, piece.end, piece.ends)
        else:
            kept.append(piece)
    least = 3 if first else 2
    if len(kept) >= least and kept[-1].end - kept[-1].start < sizes.first_least:
        before, last = kept[-2:]
        if _together(paragraph, before, last, sizes.most, sizes.most):
            kept[-2:] = [_Span(before.start, last.end, last.ends)]
    return kept


def _together(paragraph: str, held: _Span, piece: _Span, enough: int, most: int) -> bool:
    """Whether `held` is too short to stand alone; items of a list without marks would lose their pause."""
    if held.end - held.start >= enough or piece.end - held.start > most:
        return False
    return paragraph[held.end : held.end + 1] != "\n" or _ENDED.search(paragraph[held.start : held.end]) is not None


def _speakable(found: list[Clause]) -> list[Clause]:
    """Without pieces of marks only: they go with the piece before them, at the beginning with the one behind."""
    groups: list[list[str]] = []
    ends_with: list[End] = []
    speaks = False
    for clause in found:
        has_word = _has_word(clause.text)
        if groups and not (has_word and speaks):
            groups[-1].append(clause.text)
            ends_with[-1] = clause.end
            speaks = speaks or has_word
        else:
            groups.append([clause.text])
            ends_with.append(clause.end)
            speaks = has_word
    return [Clause(" ".join(texts), end) for texts, end in zip(groups, ends_with, strict=True)]


def _has_word(text: str) -> bool:
    return any(char.isalnum() for char in text)
