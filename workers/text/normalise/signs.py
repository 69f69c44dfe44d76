"""Signs between words: `AT&T`, `±`, `→`, `C#`, and those that are marks to a reader only."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.rules import Rules

_AND: Final = re.compile(r"(?<=\w) ?& ?(?=\w)")
_ABOUT: Final = re.compile(r"(?<![\w~])[~≈] ?(?=\w)")
_AT: Final = re.compile(r"(?<=\s)@(?=\s)")
_MINUS: Final = re.compile(r"(?<=\w) − (?=\w)")
_PLUS: Final = re.compile(r"(?<=\w) \+ (?=\w)")
_EQUALS: Final = re.compile(r"(?<=\w) ?= ?(?=\w)")
_SILENT: Final = re.compile(r" ?[™®©†‡¶•‣◦▪■□●○◆◇★☆✓✔→←↑↓⇒⇐➜➔►▶]+ ?")
_UNDERSCORE: Final = re.compile(r"(?<=\w)_+(?=\w)|(?<!\w)_+|_+(?!\w)")
_GERMAN_PARAGRAPH: Final = re.compile(r"§ ?(?=\w)")
_PARAGRAPH_NAMES: Final = {
    "en": "section", "de": "Paragraph", "fr": "paragraphe", "es": "párrafo", "it": "paragrafo", "pt": "parágrafo",
}  # fmt: skip


def signs(text: str, rules: Rules) -> str:
    """`text` with the signs between words as words; arrows, bullets and the like are left out."""
    if text.isascii() and not any(sign in text for sign in "&~+=_@"):
        return text
    gap = rules.gap
    text = _AND.sub(f"{gap}{rules.et}{gap}", text)
    if rules.about:
        text = _ABOUT.sub(f"{rules.about} ", text)
    text = _AT.sub(rules.at, text)
    text = _PLUS.sub(f" {rules.plus} ", text)
    text = _EQUALS.sub(f" {rules.equals} ", text)
    text = _MINUS.sub(f" {rules.minus} ", text)
    if (name := _PARAGRAPH_NAMES.get(rules.language)) is not None:
        text = _GERMAN_PARAGRAPH.sub(f"{name} ", text)
    text = text.replace(" ± ", " ±").replace("±", f" {rules.plus} {rules.minus} ") if "±" in text else text
    return _UNDERSCORE.sub(" ", _SILENT.sub(" ", text))
