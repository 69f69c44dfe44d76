"""Dates: ISO 8601, by numbers in the language's order, and with the month's name (CLDR's, by Babel)."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Final, NamedTuple

from workers.text.normalise.figures import LETTERS, START
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import cardinal, ordinal, year

_ISO: Final = re.compile(rf"{START}([12]\d{{3}})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![{LETTERS}-]|[.,:]\d)")
_ISO_TIME: Final = re.compile(
    rf"{START}([12]\d{{3}}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d{{1,9}})?)?(Z|[+-]\d\d:\d\d)?(?![{LETTERS}])"
)
_NUMERIC: Final = re.compile(rf"{START}(\d{{1,2}})([./-])(\d{{1,2}})\2([12]\d{{3}}|\d\d)(?![{LETTERS}/-]|[.,:]\d)")
_YEAR_FIRST: Final = re.compile(rf"{START}([12]\d{{3}})([./])(\d{{1,2}})\2(\d{{1,2}})(?![{LETTERS}/-]|[.,:]\d)")
#: German: `am 3.4.`
_SHORT: Final = re.compile(rf"{START}([1-9]|[12]\d|3[01])\.([1-9]|1[0-2])\.(?![\w])")
#: Before it; `Kapitel 2.5.` is none. Behind `und` and `bis` only where a date stands before them, too.
_DATED: Final = re.compile(
    r"(?:[:(–-]|\b(?:am|vom|zum|dem|den|des|der|die|das|ab|seit|beim|vor|nach)"
    r"|\b(?:(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|sonnabends?|(?:mo|di|mi|do|fr|sa|so)\.?),?"
    r"|(?:^|\D |\d\.(?:\d\d){0,2} )(?:und|oder|bis))[ \u00a0]?$",
    re.IGNORECASE,
)
#: German: `3.–5. Mai`, `5.-7. Klasse`.
_TO_ORDINAL: Final = re.compile(r"(?<=\d\.) ?[-–] ?(?=\d{1,2}\.)")
_CHINESE_YEAR: Final = re.compile(r"(?<!\d)([12]\d{3})(?=\s?年)")
_HAN_DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
#: German puts an ending to an ordinal: `am fünften Mai`, `der fünfte Mai`, `fünfter Mai`.
_WEAK_EN: Final = frozenset(("am", "vom", "zum", "dem", "den", "des", "ab", "seit", "bis", "beim", "im", "und"))
_WEAK_E: Final = frozenset(("der", "die", "das"))
_TWENTIETH: Final = 70


class _Date(NamedTuple):
    day: str
    month: int
    year: str = ""
    #: The word before it, where its case depends on that.
    before: str = ""


def dates(text: str, rules: Rules) -> str:
    """`text` with its dates in words, as far as they are days of the calendar."""
    text = _ISO_TIME.sub(r"\1 \2", text)
    text = _ISO.sub(lambda found: _said(found, found[3], found[2], found[1], rules), text)
    text = _YEAR_FIRST.sub(lambda found: _said(found, found[4], found[3], found[1], rules), text)
    text = _NUMERIC.sub(lambda found: _numeric(found, rules), text)
    if rules.language == "de":
        text = _SHORT.sub(lambda found: _german(found, rules), text)
    if rules.language == "zh":
        return _CHINESE_YEAR.sub(lambda found: found[1].translate(_HAN_DIGITS), text)
    return text if rules.numbers is None else named_dates(text, rules)


def _numeric(found: re.Match[str], rules: Rules) -> str:
    first, second, written = found[1], found[3], found[4]
    if len(written) == 2:  # noqa: PLR2004 - 26 for 2026
        if found[2] == "-" or (found[2] == "." and rules.language != "de"):
            return found.group()
        written = f"{'19' if int(written) >= _TWENTIETH else '20'}{written}"
    day, month = (second, first) if rules.month_first else (first, second)
    if int(month) > 12 >= int(day):  # noqa: PLR2004 - only one order is a date
        day, month = month, day
    return _said(found, day, month, written, rules)


def _german(found: re.Match[str], rules: Rules) -> str:
    if _DATED.search(found.string[max(0, found.start() - 14) : found.start()]) is None:
        return found.group()
    date = _Date(found[1], int(found[2]), "", _before(found))
    stop = "." if not found.string[found.end() : found.end() + 2].strip() else ""
    return f"{_in_words(date, _months(rules)[0][date.month - 1], rules)}{stop}"


def _before(found: re.Match[str]) -> str:
    """The word before it, in small letters."""
    return found.string[max(0, found.start() - 6) : found.start()].rpartition(" ")[0].rpartition(" ")[2].lower()


def _said(found: re.Match[str], day: str, month: str, written: str, rules: Rules) -> str:
    try:
        dt.date(int(written), int(month), int(day))
    except ValueError:
        return found.group()
    date = _Date(str(int(day)), int(month), written, _before(found))
    if rules.numbers is None:
        return _bare(date, rules)
    return _in_words(date, _months(rules)[0][date.month - 1], rules)


def _bare(date: _Date, rules: Rules) -> str:
    """With digits, which the engine reads."""
    if rules.language == "hi":
        return f"{date.day} {_months(rules)[0][date.month - 1]} {date.year}"
    if rules.language == "ko":
        return f"{date.year}년 {date.month}월 {date.day}일"
    years = date.year.translate(_HAN_DIGITS) if rules.language == "zh" else date.year
    return f"{years}年{date.month}月{date.day}日"


def _in_words(date: _Date, month: str, rules: Rules) -> str:
    spoken = year(date.year, rules) if date.year else ""
    if rules.language == "en":
        first = ordinal(date.day, rules)
        day = f"{month} {first}" if rules.month_first else f"the {first} of {month}"
        return f"{day}, {spoken}" if spoken else day
    gap = " de " if rules.language in {"es", "pt"} else " "
    return gap.join(part for part in (_day(date, rules), month, spoken) if part)


def _day(date: _Date, rules: Rules) -> str:
    if rules.language == "de":
        return declined(ordinal(date.day, rules), date.before)
    if date.day == "1" and rules.language in {"fr", "it"}:
        return ordinal("1", rules)
    if date.day == "1" and rules.locale == "pt_BR":
        return "primeiro"
    return cardinal(date.day, rules)


def declined(german: str, before: str) -> str:
    """A German ordinal (`fünfte`) as the word before it asks: `am fünften`, `der fünfte`, `fünfter`."""
    if before in _WEAK_EN:
        return f"{german}n"
    return german if before in _WEAK_E else f"{german}r"


@lru_cache(maxsize=64)
def _months(rules: Rules) -> tuple[tuple[str, ...], dict[str, int], re.Pattern[str]]:
    """The months' names, their places by name and short form, and what a name looks like."""
    from babel import Locale

    locale = Locale.parse(rules.locale)
    wide = tuple(str(locale.months["format"]["wide"][number]) for number in range(1, 13))
    places = {name: number for number, name in enumerate(wide, start=1)}
    for number in range(1, 13):
        places.setdefault(str(locale.months["format"]["abbreviated"][number]).rstrip("."), number)
    places |= {"Sept": 9} if rules.language == "en" else {}
    names = "|".join(re.escape(name) for name in sorted(places, key=len, reverse=True))
    return wide, places, re.compile(names)


@lru_cache(maxsize=64)
def _named(rules: Rules) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Dates with a name, the day before the month and behind it."""
    names = _months(rules)[2].pattern
    stop, of = (r"\.", "") if rules.language == "de" else (r"(?:st|nd|rd|th|er|º|°)?", r"(?:(?:of|de|di) )?")
    month = rf"(?P<month>{names})(?![^\W_])(?P<stop>\.(?!\w))?"
    tail = r"(?:,? (?:de |del )?(?P<year>[12]\d{3})(?!\d|[.,]\d|[ \u00a0]?[%€$£]))?"
    day = r"(?P<day>0?[1-9]|[12]\d|3[01])"
    before = r"(?P<before>\b[Tt]he )?" if rules.language == "en" else r"(?P<before>\b\w{2,4} )?"
    flags = 0 if rules.language in {"en", "de"} else re.IGNORECASE
    return (
        re.compile(rf"{before}{START}{day}{stop} {of}{month}{tail}", flags),
        re.compile(rf"\b{month} {day}(?:st|nd|rd|th)?(?![\w:]|[.,/-]\d| ?%| (?:{names})){tail}"),
    )


def named_dates(text: str, rules: Rules) -> str:
    """`text` with the dates in words whose month is a name."""
    day_first, month_first = _named(rules)
    if rules.language == "de":
        text = _TO_ORDINAL.sub(" bis ", text)
    text = day_first.sub(lambda found: _by_name(found, rules), text)
    if rules.language == "en":
        text = month_first.sub(lambda found: _by_name(found, rules), text)
    return text


def _by_name(found: re.Match[str], rules: Rules) -> str:
    wide, places, _ = _months(rules)
    name, groups = found["month"], found.groupdict()
    place = places.get(name) or places.get(name.lower()) or places.get(name.capitalize())
    if place is None:
        return found.group()
    before = groups.get("before") or ""
    date = _Date(str(int(found["day"])), place, found["year"] or "", before.strip().lower())
    if rules.language == "en":
        day = ordinal(date.day, rules)
        words = f"{before or 'the '}{day} of {wide[place - 1]}" if "before" in groups else f"{wide[place - 1]} {day}"
        return f"{words}{', ' + year(date.year, rules) if date.year else ''}{_stop(found, wide)}"
    month = wide[place - 1] if name.rstrip(".").lower() != wide[place - 1].lower() else name
    return f"{before}{_in_words(date, month, rules)}{_stop(found, wide)}"


def _stop(found: re.Match[str], names: tuple[str, ...]) -> str:
    """The full stop behind the month ends the sentence, unless the name is cut short or something follows."""
    if not found["stop"] or found["year"] or found.end() != found.end("stop"):
        return ""
    following = found.string[found.end() : found.end() + 2].strip()
    whole = found["month"].lower() in {name.lower() for name in names}
    return "." if whole or not following or following.isupper() else ""
