"""Roman numbers where nothing else can be meant: behind the names of rulers, wars, chapters and centuries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from workers.text.abbreviations import short_forms
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import cardinal, ordinal

_ROMAN: Final = r"(?=[IVX]{2}|[VX](?!\w)|I(?=[,.;:!?)]| (?:of|de|von|di|do)\b|$))(X{0,3}(?:IX|IV|V?I{0,3}))(?![\w'’])"
_RULERS: Final = {
    "en": (
        "Louis Henry George Elizabeth Charles James William Edward Richard Philip Pius Benedict Catherine Napoleon "
        "Frederick Nicholas Alexander Peter Leopold Ferdinand Clement Gregory Innocent Leo Urban Ramesses Ptolemy "
        "Paul Francis Mary Victor Otto"
    ),
    "de": "Ludwig Heinrich Friedrich Wilhelm Karl Otto Georg Elisabeth Philipp Pius Benedikt Katharina Napoleon Franz",
    "fr": "Louis Henri Charles François Philippe Napoléon Élisabeth Guillaume Édouard Georges Pie Benoît Jacques",
    "es": "Felipe Carlos Alfonso Fernando Enrique Isabel Luis Jorge Pedro Pío Benedicto Napoleón Juan Sancho",
    "it": "Luigi Emanuele Enrico Carlo Vittorio Federico Filippo Pio Benedetto Napoleone Elisabetta Giorgio Leone",
    "pt": "Luís Henrique Carlos Filipe Pedro Afonso João Manuel Isabel Jorge Pio Bento Napoleão",
}  # fmt: skip
_THINGS: Final = {
    "en": "War Chapter Part Volume Book Act Scene Section Phase Type Title Article",
    "de": "Weltkrieg Kapitel Band Teil Akt Buch",
    "fr": "guerre mondiale chapitre Chapitre tome Tome partie Partie acte Acte",
    "es": "Guerra siglo Siglo capítulo Capítulo tomo Tomo volumen parte Parte acto Acto",
    "it": "Guerra capitolo Capitolo volume Volume parte Parte atto Atto",
    "pt": "Guerra século Século capítulo Capítulo volume Volume parte Parte ato Ato",
}
_FRENCH_CENTURY: Final = re.compile(r"\b(X{0,2}(?:IX|IV|V?I{0,3}))(?:e|ème|ᵉ)(?= siècle)")
_ITALIAN_CENTURY: Final = re.compile(
    r"(?<=\b[Ss]ecolo )(X{0,2}(?:IX|IV|V?I{0,3}))(?!\w)|\b(?=[IVX])(X{0,2}(?:IX|IV|V?I{0,3}))(?= secolo)"
)
_FRENCH_FIRST: Final = re.compile(r"(?<=[^\W\d_] )I(er|ère|re)\b")
#: Behind a letter with a full stop: the name after an initial, or the first word of a sentence.
_NEXT: Final = re.compile(r"\. ([^\W\d_][\w'’]*)")
_VALUES: Final = {"I": 1, "V": 5, "X": 10}
#: Rulers are the first to the tenth by ordinals in Spanish, Portuguese and Italian, by numbers beyond.
_TENTH: Final = 10


def romans(text: str, rules: Rules) -> str:
    """`Louis XIV` as `Louis the fourteenth`, `World War II` as `World War two`."""
    if rules.numbers is None:
        return text
    if rules.language == "fr":
        text = _FRENCH_FIRST.sub(lambda found: "premier" if found[1] == "er" else "première", text)
        text = _FRENCH_CENTURY.sub(lambda found: _century(found, rules), text)
    if rules.language == "it":
        text = _ITALIAN_CENTURY.sub(lambda found: _century(found, rules), text)
    rulers, things = _patterns(rules.language)
    text = rulers.sub(lambda found: _named(found, rules), text)
    return things.sub(lambda found: f"{found[1]} {cardinal(str(_value(found[2])), rules)}", text)


@lru_cache(maxsize=16)
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    rulers = _RULERS[language].replace(" ", "|")
    full_stop = r"\.?(?= |$)" if language == "de" else ""
    return (
        re.compile(rf"\b({rulers}) {_ROMAN}{full_stop}"),
        re.compile(rf"\b({_THINGS[language].replace(' ', '|')}) {_ROMAN}"),
    )


def _century(found: re.Match[str], rules: Rules) -> str:
    roman = next((group for group in found.groups() if group), "")
    return ordinal(str(_value(roman)), rules) if roman else found.group()


def _named(found: re.Match[str], rules: Rules) -> str:
    """`Charles V` as `Charles the fifth`; in `Francis X. Suarez` the letter is an initial."""
    following = _NEXT.match(found.string, found.end()) if len(found[2]) == 1 else None
    if following and following[1][0].isupper() and following[1].lower() not in short_forms(rules.language).starters:
        return found.group()
    return f"{found[1]} {_ruler(_value(found[2]), found[1], rules)}"


def _ruler(number: int, name: str, rules: Rules) -> str:
    feminine = name in {"Elisabeth", "Katharina", "Élisabeth", "Isabel", "Elisabetta"}
    if rules.language == "en":
        return f"the {ordinal(str(number), rules)}"
    if rules.language == "de":
        return f"{'die' if feminine else 'der'} {ordinal(str(number), rules).capitalize()}"
    if number == 1 or (number <= _TENTH and rules.language != "fr"):
        first = ordinal(str(number), rules)
        if rules.language == "fr":
            return "première" if feminine else first
        return f"{first[:-1]}a" if feminine else first
    return cardinal(str(number), rules)


def _value(roman: str) -> int:
    values = [_VALUES[sign] for sign in roman]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))
