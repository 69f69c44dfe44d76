"""Transcripts as subtitles: what is on the screen at once, and the two usual formats of it.

At most two lines of 42 columns (a Chinese, Japanese or Korean character takes two), for 7 s at most; a new one begins
behind a pause, and where a sentence ends once there is something to read. The lengths are those of the broadcasters'
guidelines for adults.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

COLUMNS = 42
LINES = 2
LONGEST_SECONDS = 7.0
#: What is shown for less cannot be read.
SHORTEST_SECONDS = 1.0
#: Silence between two words that ends a subtitle, in seconds.
PAUSE_SECONDS = 1.0
#: A sentence's end ends a subtitle that has so many columns already.
_ENOUGH = 20
#: Written wide or not; what closes a quotation or a bracket may follow.
_SENTENCE_ENDS = ".!?。"
_CLAUSE_ENDS = _SENTENCE_ENDS + ",;:、"


@dataclass(frozen=True)
class Token:
    """A word, or a piece of one, with its times in seconds; `spaced` if a space stands before it."""

    text: str
    start: float
    end: float
    spaced: bool

    @cached_property
    def width(self) -> int:
        """Columns, with the space before it."""
        return columns(self.text) + self.spaced


@dataclass(frozen=True)
class Cue:
    """What stands on the screen from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues(segments: Iterable[Mapping[str, Any]]) -> list[Cue]:
    """Subtitles of a transcript's segments `{start, end, text, words?}`; one never begins before the last has ended."""
    groups = [group for segment in segments for group in _groups(_tokens(segment))]
    found = [Cue(group[0].start, group[-1].end, _lines(group)) for group in groups]
    return _apart(sorted(found, key=lambda cue: cue.start))


def srt(shown: Iterable[Cue]) -> str:
    """SubRip."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n" + "".join(f"{line}\n" for line in cue.lines)
        for number, cue in enumerate(shown, start=1)
    )


def vtt(shown: Iterable[Cue]) -> str:
    """WebVTT (W3C)."""
    blocks = [
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n" + "".join(f"{_escaped(line)}\n" for line in cue.lines)
        for cue in shown
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def columns(text: str) -> int:
    """How wide a text is: marks that combine with a letter take no room, wide characters two columns."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


# ------------------------------------------------------------------------------------------------- words and pieces


def _tokens(segment: Mapping[str, Any]) -> list[Token]:
    text = _clean(segment.get("text") or "")
    start, end = float(segment["start"]), float(segment["end"])
    timed = _timed(text, segment.get("words") or ())
    tokens = timed or _guessed(text, start, max(end, start))
    return [piece for token in tokens for piece in _pieces(token)]


def _timed(text: str, words: Sequence[Mapping[str, Any]]) -> list[Token]:
    """The words with their own times; the segment's text says between which of them there is a space."""
    tokens: list[Token] = []
    at = 0
    for word in words:
        written = _clean(str(word["word"]))
        if not written:
            continue
        found = text.find(written, at)
        spaced = found < 0 or text[at:found].isspace()
        at = at if found < 0 else found + len(written)
        start = float(word["start"])
        tokens.append(Token(written, start, max(start, float(word["end"])), spaced and bool(tokens)))
    return tokens


def _guessed(text: str, start: float, end: float) -> list[Token]:
    """Words by spaces, else characters, that share the time by their width."""
    parts = text.split(" ") if " " in text or columns(text) <= COLUMNS else list(text)
    spaced = " " in text
    total = sum(map(columns, parts)) or 1
    tokens: list[Token] = []
    before = 0
    for part in filter(None, parts):
        after = before + columns(part)
        first, last = (start + (end - start) * share / total for share in (before, after))
        tokens.append(Token(part, first, last, spaced and bool(tokens)))
        before = after
    return tokens


def _pieces(token: Token) -> Iterator[Token]:
    """The token, cut where it is wider than a line."""
    if columns(token.text) <= COLUMNS:
        yield token
        return
    rows = [""]
    for character in token.text:
        if columns(rows[-1] + character) > COLUMNS:
            rows.append("")
        rows[-1] += character
    seconds = (token.end - token.start) / len(rows)
    for number, row in enumerate(rows):
        start = token.start + number * seconds
        yield Token(row, start, start + seconds, token.spaced and number == 0)


def _clean(text: str) -> str:
    """One line without control characters."""
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in kept if unicodedata.category(character) != "Cc").split())


# ------------------------------------------------------------------------------------------------ subtitles and lines


def _groups(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each subtitle."""
    group: list[Token] = []
    for token in tokens:
        if group and not _fits(group, token):
            kept, rest = _divided(group)
            yield kept
            group = rest
            if group and not _fits(group, token):
                yield group
                group = []
        elif group and _may_end(group, token):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _fits(group: Sequence[Token], token: Token) -> bool:
    """In time and on the screen: with as much on each line as there is room for."""
    rows, room = 1, COLUMNS
    for number, part in enumerate((*group, token)):
        width = part.width - (part.spaced and number == 0)
        if width <= room:
            room -= width
        else:
            rows, room = rows + 1, COLUMNS - part.width + part.spaced
    return rows <= LINES and token.end - group[0].start <= LONGEST_SECONDS


def _may_end(group: Sequence[Token], following: Token) -> bool:
    if following.start - group[-1].end >= PAUSE_SECONDS:
        return True
    return _ends(group[-1].text, _SENTENCE_ENDS) and sum(token.width for token in group) >= _ENOUGH


def _divided(group: list[Token]) -> tuple[list[Token], list[Token]]:
    """A full group, cut behind the last clause of its second half, so that no subtitle ends in mid-phrase."""
    for number in range(len(group) - 1, len(group) // 2, -1):
        if _ends(group[number - 1].text, _CLAUSE_ENDS):
            return group[:number], group[number:]
    return group, []


def _ends(text: str, marks: str) -> bool:
    """Whether a sentence or a clause ends here."""
    bare = text.rstrip("\"'")
    while bare and unicodedata.category(bare[-1]) in {"Pe", "Pf"}:
        bare = bare[:-1]
    # Wide forms become plain ones, the ellipsis three points.
    return unicodedata.normalize("NFKC", bare[-1:]).endswith(tuple(marks))


def _lines(group: Sequence[Token]) -> tuple[str, ...]:
    """One line, or two of about the same width."""
    whole = _joined(group)
    if columns(whole) <= COLUMNS:
        return (whole,)
    halves = [(_joined(group[:cut]), _joined(group[cut:])) for cut in range(1, len(group))]
    return min((pair for pair in halves if max(map(columns, pair)) <= COLUMNS), key=_badness)


def _badness(pair: tuple[str, str]) -> int:
    """A line should end where a clause does, the lower one may be the longer, and none begins with a mark."""
    first, second = map(columns, pair)
    begins_with_mark = unicodedata.category(pair[1][0]) in {"Pe", "Pf", "Po"}
    return (
        abs(first - second) + 8 * (not _ends(pair[0], _CLAUSE_ENDS)) + 2 * (first > second) + COLUMNS * begins_with_mark
    )


def _joined(group: Sequence[Token]) -> str:
    return "".join(f" {token.text}" if token.spaced and number else token.text for number, token in enumerate(group))


def _apart(found: Sequence[Cue]) -> list[Cue]:
    """Each long enough to be read where there is room, and none over the next."""
    shown: list[Cue] = []
    for number, cue in enumerate(found):
        start = max(cue.start, shown[-1].end if shown else 0.0)
        limit = found[number + 1].start if number + 1 < len(found) else math.inf
        end = max(cue.end, min(start + SHORTEST_SECONDS, limit))
        end = min(end, start + LONGEST_SECONDS, max(limit, start + 0.001))
        shown.append(replace(cue, start=start, end=max(end, start + 0.001)))
    return shown


# ---------------------------------------------------------------------------------------------------------- writing


def _clock(seconds: float, point: str) -> str:
    total = round(seconds * 1000)
    return f"{total // 3_600_000:02}:{total // 60_000 % 60:02}:{total // 1000 % 60:02}{point}{total % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
