"""Numbers before a noun, which some languages make agree: `1 millón`, `1 Apfel`, `200 personas`."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.figures import FIGURE, LETTERS, START, figure, said
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import agreeing, before_noun, cardinal

_GERMAN_SHORT: Final = re.compile(rf"{START}({FIGURE}) ?(Mio|Mrd|Tsd)\.?(?![{LETTERS}])")
_GERMAN_LONG: Final = {
    "Mio": ("Million", "Millionen"),
    "Mrd": ("Milliarde", "Milliarden"),
    "Tsd": ("Tausend", "Tausend"),
}
_BEFORE_NOUN: Final = re.compile(
    rf"(?:(?P<before>[^\W\d_]{{2,20}}) )?{START}(?P<digits>\d{{1,6}}) (?P<noun>[^\W\d_]{{3,}})"
)
#: What has numbers behind it that do not agree: chapter 1, page 2.
_NUMBERING: Final = frozenset((
    "kapitel", "seite", "nummer", "teil", "stufe", "phase", "version", "artikel", "platz", "punkt", "linie", "uhr",
    "capítulo", "página", "número", "parte", "fase", "nivel", "versión", "artículo", "tipo", "opción", "línea",
    "capitolo", "pagina", "numero", "livello", "versione", "articolo", "opzione", "linea", "tomo", "volume",
    "nível", "versão", "artigo", "opção", "linha", "etapa", "sala", "habitación", "quarto", "canal", "canale",
))  # fmt: skip
#: Words behind a number that are no nouns.
_NO_NOUN: Final = frozenset((
    "und", "oder", "bis", "von", "mal", "ist", "war", "hat", "plus", "minus", "gleich", "geteilt", "mit", "auf", "aus",
    "para", "por", "con", "más", "menos", "entre", "igual", "hasta", "que", "del", "fue", "son", "era", "veces",
    "per", "più", "meno", "uguale", "diviso", "con", "che", "dal", "sono", "mais", "vezes", "dividido", "com", "até",
    "foi", "uma", "una", "las", "los", "punto", "coma", "virgola", "ponto", "vírgula", "punkt", "komma",
))  # fmt: skip
_MASCULINE: Final = frozenset((
    "día", "dia", "problema", "programa", "sistema", "tema", "mapa", "idioma", "clima", "planeta", "poeta", "esquema",
    "kilograma", "quilograma", "grama", "telefonema", "panda", "diploma", "dilema", "cinema",
))  # fmt: skip
_GERMAN_FEMININE: Final = re.compile(r"(?:e|ung|heit|keit|ion|schaft|tät|ik|ur|Frau|Nacht|Stadt|Woche|Person)$")


def before_nouns(text: str, rules: Rules) -> str:
    """Numbers that change before what is counted; the others are left to the rule for all of them."""
    if rules.language == "de":
        text = _GERMAN_SHORT.sub(lambda found: _million(found, rules), text)
    return _BEFORE_NOUN.sub(lambda found: _counted(found, rules), text) if rules.language in _CHANGING else text


def _million(found: re.Match[str], rules: Rules) -> str:
    number = figure(found[1], rules)
    one, many = _GERMAN_LONG[found[2]]
    if not number.is_one:
        return f"{said(number, rules)} {many}"
    return f"{agreeing(cardinal('1', rules), rules, feminine=one != 'Tausend')} {one}"


def _counted(found: re.Match[str], rules: Rules) -> str:
    before, digits, noun = found["before"] or "", found["digits"], found["noun"]
    if digits.startswith("0") or before.lower() in _NUMBERING or noun.lower() in _NO_NOUN:
        return found.group()
    if not _CHANGING[rules.language](digits):
        return found.group()
    words = agreeing(cardinal(digits, rules), rules, feminine=_is_feminine(noun, rules))
    return f"{before}{' ' if before else ''}{before_noun(words, noun, rules)}"


def _is_feminine(noun: str, rules: Rules) -> bool:
    if rules.language == "de":
        return _GERMAN_FEMININE.search(noun) is not None
    single = noun.lower().removesuffix("s")
    feminine = ("a", "ción", "dad", "ção", "dade", "gem", "ções", "zione", "mulher", "mujer", "vez", "noche", "noite")
    return single not in _MASCULINE and single.endswith(feminine)


def _ends_in_one(digits: str) -> bool:
    return digits.endswith("1") and not digits.endswith("11")


def _one_two_or_hundreds(digits: str) -> bool:
    return _ends_in_one(digits) or (digits.endswith("2") and not digits.endswith("12")) or len(digits) == 3  # noqa: PLR2004


#: Which numbers change in which language.
_CHANGING: Final = {
    "de": lambda digits: digits == "1",
    "it": lambda digits: digits == "1",
    "es": lambda digits: _ends_in_one(digits) or len(digits) == 3,  # noqa: PLR2004 - hundreds
    "pt": _one_two_or_hundreds,
}
