"""Fractions: `3/4`, `1 1/2`, `½`."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.figures import START
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import agreeing, cardinal

_VULGAR: Final = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_VULGAR_SIGN: Final = re.compile(rf"(\d)? ?([{''.join(_VULGAR)}])(?!\d)")
_FRACTION: Final = re.compile(rf"(?:{START}(\d{{1,3}}) )?{START}(\d{{1,2}})/(\d{{1,3}})(?![\w/]|[.,]\d)")
_WITHOUT_ARTICLE: Final = frozenset(("medio", "meio", "mezzo"))
#: By their lower number: one of them, and many.
_FRACTIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "en": {
        "2": ("half", "halves"),
        "3": ("third", "thirds"),
        "4": ("quarter", "quarters"),
        "5": ("fifth", "fifths"),
        "6": ("sixth", "sixths"),
        "8": ("eighth", "eighths"),
        "10": ("tenth", "tenths"),
        "16": ("sixteenth", "sixteenths"),
        "100": ("hundredth", "hundredths"),
    },
    "de": {
        "2": ("halb", "halbe"),
        "3": ("Drittel", "Drittel"),
        "4": ("Viertel", "Viertel"),
        "5": ("Fünftel", "Fünftel"),
        "8": ("Achtel", "Achtel"),
        "10": ("Zehntel", "Zehntel"),
    },
    "fr": {
        "2": ("demi", "demis"),
        "3": ("tiers", "tiers"),
        "4": ("quart", "quarts"),
        "5": ("cinquième", "cinquièmes"),
        "8": ("huitième", "huitièmes"),
        "10": ("dixième", "dixièmes"),
    },
    "es": {
        "2": ("medio", "medios"),
        "3": ("tercio", "tercios"),
        "4": ("cuarto", "cuartos"),
        "5": ("quinto", "quintos"),
        "8": ("octavo", "octavos"),
        "10": ("décimo", "décimos"),
    },
    "it": {
        "2": ("mezzo", "mezzi"),
        "3": ("terzo", "terzi"),
        "4": ("quarto", "quarti"),
        "5": ("quinto", "quinti"),
        "8": ("ottavo", "ottavi"),
        "10": ("decimo", "decimi"),
    },
    "pt": {
        "2": ("meio", "meios"),
        "3": ("terço", "terços"),
        "4": ("quarto", "quartos"),
        "5": ("quinto", "quintos"),
        "8": ("oitavo", "oitavos"),
        "10": ("décimo", "décimos"),
    },
}


def fractions(text: str, rules: Rules) -> str:
    """`text` with its fractions in words."""
    text = _VULGAR_SIGN.sub(lambda found: f"{found[1] or ''}{' ' if found[1] else ''}{_VULGAR[found[2]]}", text)
    return _FRACTION.sub(lambda found: _fraction(found, rules), text)


def _fraction(found: re.Match[str], rules: Rules) -> str:
    """`3/4` as `three quarters`; what is no usual fraction number by number, as in `24/7`."""
    top, bottom = found[2], found[3]
    whole = f"{cardinal(found[1], rules)} {rules.et} " if found[1] else ""
    name = _FRACTIONS.get(rules.language, {}).get(bottom)
    if name is None or not 0 < int(top) < int(bottom):
        return f"{found[1] or ''}{' ' if found[1] else ''}{cardinal(top, rules)} {cardinal(bottom, rules)}"
    one, many = name
    if top == "1":
        count = "a" if found[1] and rules.language == "en" else agreeing(cardinal("1", rules), rules, feminine=False)
        # Half has a word of its own in Spanish and Portuguese that takes no article.
        return f"{whole}{one}" if one in _WITHOUT_ARTICLE else f"{whole}{count} {one}"
    return f"{whole}{cardinal(top, rules)} {many}"
