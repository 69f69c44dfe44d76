# ruff: noqa: RUF001 - full-width marks and signs are what is looked for here
"""Markdown as it is read out, by markdown-it-py: what is marked up stays, the marks do not.

Only texts that look like Markdown are read as such: in others `1986. A great year` is no list, and `> 5` no quotation.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SIGNS: Final = re.compile(
    r"^ {0,3}#{1,6}[ \t]+\S|^ {0,3}(?:```|~~~)|^ {0,3}>[ \t]*\S|^[ \t]*\|.*\|[ \t]*$|^ {0,3}[-*+][ \t]+\S"
    r"|^ {0,3}\d{1,3}[.)][ \t]+\S[^\n]*\n(?:[ \t]*\n)? {0,3}\d{1,3}[.)][ \t]+\S"
    r"|\*\*\S|(?<![\w_])__(?=\w)|(?<![\w*])\*(?=\w)[^*\n]{1,200}(?<=[\w.!?])\*(?!\w)"
    r"|(?<![\w_])_(?=\w)[^_\n]{1,200}_(?!\w)"
    r"|`[^`\n]{1,200}`|\]\([^\s()]{1,500}[)\s]|~~\w|<https?://",
    re.MULTILINE,
)
_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|code|div|em|h[1-6]|hr|i|img|kbd|li|mark|ol|p|pre|s|small|span|strong|sub|sup"
    r"|table|tbody|td|th|thead|tr|u|ul)"
    r"(?:\s[^<>]{0,300})?/?>",
    re.IGNORECASE,
)
_COMMENT: Final = re.compile(r"<!--(?:(?!-->|<!--).){0,2000}-->", re.DOTALL)
_BLOCK: Final = re.compile(r"</?(?:blockquote|br|div|h[1-6]|hr|li|ol|p|pre|table|tr|ul)\b", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39);")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)\*(?=\d)")
_LEFT: Final = re.compile(
    r"[*_`~|]{2,}|(?<![\w*])\*(?=\w)|(?<=[\w.!?])\*(?!\w)|`|^ {0,3}(?:#{1,6}|>|[-*+])(?=[ \t])"
    r"|\]\(|(?<!\w)_(?=\w)|(?<=\w)_(?!\w)",
    re.MULTILINE,
)
_ENDED: Final = re.compile(r"[.!?…:;,。！？：；，।]['\"”’)\]]*$")
_FULL_STOPS: Final = {"zh": "。", "ja": "。", "hi": "।"}


def plain(text: str, language: str) -> str:
    """`text` without markup: headings, items and rows of tables as sentences, links by their words."""
    text = _COMMENT.sub(" ", text) if "<!--" in text else text
    text = _TAG.sub(lambda found: "\n" if _BLOCK.match(found.group()) else "", text) if "<" in text else text
    text = _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&" in text else text
    if _SIGNS.search(text) is None:
        return text
    reading = _Reading(_FULL_STOPS.get(language, "."))
    for token in _reader().parse(_BETWEEN_DIGITS.sub("×", text)):
        reading.take(token)
    read = reading.text()
    return _LEFT.sub(" ", read) if _SIGNS.search(read) else read


class _Reading:
    """What was read so far: paragraphs, and the lines of the one that is being read."""

    def __init__(self, stop: str) -> None:
        self._stop = stop
        self._paragraphs: list[str] = []
        self._lines: list[str] = []
        #: Whether each of the lists around is numbered.
        self._lists: list[bool] = []
        self._marker = ""
        self._cells: list[str] | None = None
        self._plain = False

    def take(self, token: Token) -> None:
        """The next token of the document."""
        if token.type in {"ordered_list_open", "bullet_list_open"}:
            self._lists.append(token.type == "ordered_list_open")
        elif token.type in {"ordered_list_close", "bullet_list_close"}:
            self._lists.pop()
        elif token.type == "list_item_open":
            self._marker = f"{token.info}: " if self._lists[-1] else ""
        elif token.type == "tr_open":
            self._cells = []
        elif token.type == "tr_close":
            self._add(", ".join(cell for cell in self._cells or [] if cell))
            self._cells = None
        elif token.type == "inline":
            self._inline(token)
        elif token.type in {"fence", "code_block"}:
            self._add(token.content.replace("\n", " "))
        self._plain = token.type == "paragraph_open" and not self._lists
        if token.level == 0 and token.nesting < 1:
            self._end()

    def text(self) -> str:
        self._end()
        return "\n\n".join(self._paragraphs)

    def _inline(self, token: Token) -> None:
        words = _words(token.children or [])
        if self._cells is not None:
            self._cells.append(" ".join(words.split()))
        elif self._plain:
            self._lines.append(words)
        else:
            self._add(words)

    def _add(self, words: str) -> None:
        """One sentence: what has no mark at its end gets one."""
        clean = words.strip()
        if clean:
            ended = _ENDED.search(clean[-8:]) is not None
            self._lines.append(f"{self._marker}{clean}{'' if ended else self._stop}")
            self._marker = ""

    def _end(self) -> None:
        if self._lines:
            self._paragraphs.append("\n".join(self._lines))
            self._lines = []


def _words(tokens: Sequence[Token]) -> str:
    """The words of one paragraph; of a picture what stands for it."""
    parts: list[str] = []
    for token in tokens:
        if token.type in {"text", "code_inline", "text_special"}:
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type == "image":
            parts.append(_words(token.children or []))
    return "".join(parts)


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # References would take their whole lines out of the text, HTML whatever stands between two angles.
    reader = MarkdownIt("commonmark", {"html": False})
    return reader.enable(["table", "strikethrough"]).disable(["reference", "html_block", "html_inline"])
