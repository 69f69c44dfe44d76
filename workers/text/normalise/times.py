"""Times of the day: `3:45 pm`, `15h30`, `14:00`, `14.30 Uhr`, and spans between two of them."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.figures import LETTERS
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import agreeing, cardinal

_HOUR: Final = r"(?P<hour>[01]?\d|2[0-4])"
_CLOCK: Final = re.compile(
    rf"(?<![{LETTERS}:.,/])(?<!\d[-–])(?<!erhältnis )(?<![Rr]atio )(?<!ratio of )"
    rf"{_HOUR}:(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    rf"(?P<half>[ \u00a0\u202f]?[AaPp]\.?[Mm]\b\.?)?"
    rf"(?P<unit>[ \u00a0\u202f]?(?:Uhr|horas|heures|hrs\.?|h|Std\.?)\b)?(?![{LETTERS}:]|[.,]\d)"
)
_HALF_DAY: Final = re.compile(r"(?<![\w:.,/$€£])(?P<hour>1[0-2]|0?[1-9])[ \u00a0]?(?P<half>[AaPp]\.?[Mm]\b\.?)")
_FRENCH: Final = re.compile(
    rf"(?<![\w:.,/]){_HOUR}[ \u00a0\u202f]?[hH][ \u00a0\u202f]?(?P<minute>[0-5]\d)(?!\w|[.,]\d|[ \u00a0]?min)"
)
_GERMAN: Final = re.compile(rf"(?<![\w:.,/]){_HOUR}(?:\.(?P<minute>[0-5]\d))? Uhr\b")
_SPAN: Final = re.compile(r"(?<=\d)(:[0-5]\d)[ \u00a0]?[-–][ \u00a0]?(?=\d{1,2}:[0-5]\d(?!\d))")
#: Spans whose hours are no plain numbers: `7-9pm`, `9–17 Uhr`, `9h30-10h`.
_SPANS: Final = {
    "en": re.compile(
        r"(?<![\d.,\-/])(?P<from>\d{1,2}(?::[0-5]\d)?(?:[ \u00a0]?[AaPp]\.?[Mm]\.?)?) ?[-–] ?"
        r"(?=(?:1[0-2]|0?[1-9])(?::[0-5]\d)?[ \u00a0]?[AaPp]\.?[Mm]\b)"
    ),
    "de": re.compile(r"(?<![\d.,\-/])(?P<from>\d{1,2}(?:[.:][0-5]\d)?) ?[-–] ?(?=\d{1,2}(?:[.:][0-5]\d)? Uhr\b)"),
    "fr": re.compile(r"(?<![\d.,\-/])(?P<from>\d{1,2} ?[hH](?:[0-5]\d)?) ?[-–] ?(?=\d{1,2} ?[hH])"),
}
#: German: `8.00 bis 10.30 Uhr`.
_FROM: Final = re.compile(r"(?<![\d.,:/])(\d{1,2})\.(?=[0-5]\d bis \d{1,2}(?:[.:][0-5]\d)? Uhr\b)")
#: The British `3.45 pm`.
_POINTED: Final = re.compile(r"(?<![\w.,:/])(1[0-2]|0?[1-9])\.(?=[0-5]\d[ \u00a0]?[AaPp]\.?[Mm]\b)")
_NOON: Final = 12
_ASIAN: Final = {"ja": ("時", "分", "秒", ""), "zh": ("点", "分", "秒", ""), "ko": ("시", "분", "초", " ")}
_HALVES: Final = {"ja": ("午前", "午後"), "zh": ("上午", "下午"), "ko": ("오전 ", "오후 ")}


def times(text: str, rules: Rules) -> str:
    """`text` with its times in words."""
    if rules.to:
        gap = "" if rules.language in {"ja", "zh"} else " "
        text = _SPAN.sub(rf"\1{'' if rules.language == 'ko' else gap}{rules.to}{gap}", text)
    if (spans := _SPANS.get(rules.language)) is not None:
        text = spans.sub(rf"\g<from> {rules.to} ", text)
    if rules.language in {"fr", "pt", "es"}:
        text = _FRENCH.sub(lambda found: _said(found, rules), text)
    if rules.language == "de":
        text = _FROM.sub(r"\1:", text)
        text = _GERMAN.sub(lambda found: _said(found, rules), text)
    if rules.language == "en":
        text = _POINTED.sub(r"\1:", text)
    text = _CLOCK.sub(lambda found: _said(found, rules), text)
    return _HALF_DAY.sub(lambda found: _english(found, rules), text) if rules.language == "en" else text


def _said(found: re.Match[str], rules: Rules) -> str:
    groups = found.groupdict()
    hour, minute, second = (str(int(groups.get(name) or 0)) for name in ("hour", "minute", "second"))
    if rules.numbers is None:
        return _bare(found, hour, minute, second, rules)
    if rules.language == "en":
        return _english(found, rules)
    words = _SPOKEN[rules.language](_feminine(hour, rules), "" if minute == "0" else cardinal(minute, rules), hour)
    behind = f" {rules.et} {cardinal(second, rules)}" if groups.get("second") and second != "0" else ""
    return f"{words}{behind}"


def _feminine(hour: str, rules: Rules) -> str:
    """Hours are feminine in the Romance languages; `ein Uhr` has no ending."""
    return agreeing(cardinal(hour, rules), rules, feminine=rules.language != "de")


def _german(hour: str, minute: str, _: str) -> str:
    return f"{hour} Uhr {minute}".strip()


def _french(hour: str, minute: str, digits: str) -> str:
    return f"{hour} heure{'' if digits in {'0', '1'} else 's'} {minute}".strip()


def _spanish(hour: str, minute: str, digits: str) -> str:
    return f"{hour} {minute}" if minute else f"{hour} hora{'' if digits == '1' else 's'}"


def _italian(hour: str, minute: str, _: str) -> str:
    return f"{hour} e {minute}" if minute else hour


def _portuguese(hour: str, minute: str, digits: str) -> str:
    return f"{hour} hora{'' if digits == '1' else 's'}{f' e {minute}' if minute else ''}"


_SPOKEN: Final = {"de": _german, "fr": _french, "es": _spanish, "it": _italian, "pt": _portuguese}


def _english(found: re.Match[str], rules: Rules) -> str:
    """As Kokoro's own clean-up has it: `nine oh five`, `eight o'clock`; full hours behind noon are hundreds."""
    groups = found.groupdict()
    hour, minute = int(found["hour"]), groups.get("minute")
    half = (found["half"] or "").strip()
    behind = ""
    if half:
        # The full stop of `p.m.` at the end of a sentence is that of the sentence, too.
        behind = f" {half[0].lower()}.m."
    unit = f" {groups['unit'].strip()}" if groups.get("unit") and groups["unit"].strip() != "h" else ""
    words = cardinal(str(hour), rules)
    if minute and minute != "00":
        words += f" oh {cardinal(minute[1], rules)}" if minute[0] == "0" else f" {cardinal(minute, rules)}"
    elif minute and not half:
        words = "midnight" if hour in {0, 24} else f"{words} o'clock" if hour <= _NOON else f"{words} hundred"
    if second := groups.get("second"):
        words += f" and {cardinal(str(int(second)), rules)} seconds"
    return f"{words}{behind}{unit}"


def _bare(found: re.Match[str], hour: str, minute: str, second: str, rules: Rules) -> str:
    names = _ASIAN.get(rules.language)
    if names is None:
        return found.group()
    groups = found.groupdict()
    half = (groups.get("half") or "").strip().lower()
    before = _HALVES[rules.language][half.startswith("p")] if half else ""
    units = [(hour, names[0])]
    if minute != "0" or second != "0":
        units.append((minute, names[1]))
    if second != "0":
        units.append((second, names[2]))
    return before + names[3].join(f"{count}{name}" for count, name in units)
