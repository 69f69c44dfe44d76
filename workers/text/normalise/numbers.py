# ruff: noqa: RUF001 - full-width marks and signs are what is looked for here
"""Numbers that are nothing else: phone numbers, ranges, sums, years, and the rest."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.figures import FIGURE, LETTERS, START, figure, said
from workers.text.normalise.fractions import fractions
from workers.text.normalise.ordinals import ordinals
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import one_by_one, year

#: +49 30 1234567, (555) 123-4567, 555-0123, 0800 123 456.
_PHONE: Final = re.compile(
    r"(?<![\w.,/:\-])(?:(?P<plus>\+)\d{1,3}(?:[ .\-/()]{1,2}\d{1,8}){1,6}"
    r"|\(\d{3}\) ?\d{3}[ .\-]\d{4}|\d{3}[.\-]\d{3}[.\-]\d{4}"
    r"|\d{3}-\d{4}|0\d{1,4}(?:[ \-]\d{2,8}){2,5}|0\d(?:\.\d\d){4}|0\d{2,4}[ \-/]\d{4,8}"
    r"|\d{1,7}(?:-\d{1,7}){2,6})(?![\w/\-]|[.,:]\d)"
)
_CALLED: Final = re.compile(
    r"(?i:(?<=\bcall )|(?<=\bdial )|(?<=\bring ))[1-9]\d\d(?=[.!?;]?(?:\s|$)(?! ?[^\W\d_])|[.,!?;](?!\d))"
)
#: One is read as yao in numbers of telephones.
_CHINESE_MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_CHINESE_DIGITS: Final = str.maketrans("0123456789", "零幺二三四五六七八九")
#: `$5-10`, `$1,000–$2,000`, `5€–10€`: the sign is said once, behind the second.
_SUMS: Final = re.compile(rf"(?<!\w)(US\$|[$€£¥₩₹]) ?({FIGURE}) ?[-–—] ?(?:\1)?({FIGURE})(?![\w–—\-]*\d)")
_SUMS_BEHIND: Final = re.compile(rf"{START}({FIGURE}) ?([$€£¥₩₹]) ?[-–—] ?({FIGURE}) ?\2")
_RATIO: Final = re.compile(r"(?<![\w.,:])(\d{1,4}):(\d{1,4})(?![\w:]|[.,]\d)")
_RANGE: Final = re.compile(
    rf"{START}({FIGURE})( ?[%°€$£]?) ?[–—〜～] ?({FIGURE})(?![{LETTERS}–—\-])"
    rf"|{START}({FIGURE})([%°]?)-({FIGURE})(?![{LETTERS}\-])"
)
_UP_TO_UNIT: Final = re.compile(rf"{START}({FIGURE}) ?[–〜～\-] ?(?={FIGURE}[ \u00a0\u202f]?(?:[%°€]|[a-zµA-Z]))")
_DIMENSIONS: Final = re.compile(rf"{START}({FIGURE})(?: ?x ?|×)(?={FIGURE})")
_TIMES: Final = re.compile(rf"{START}({FIGURE})x(?!\w)")
#: `10 000`, which all of these write, and some `10.000` or `10,000`, too.
_SPACED: Final = re.compile(r"(?<![\w.,+])(?<!\d )(?![6-9]\d\d \d{3} \d{3}(?! \d))[1-9]\d{0,2}(?: \d{3})+(?!\d| \d)")
_WITH_SPACES: Final = frozenset(("de", "es", "fr", "it", "pt"))
_NUMBER_SIGN: Final = re.compile(r"(?<![\w#])(?:#|[Nn][º°]\.?|№|Nr\.|[Nn]úm\.|(?<=\w )No\.) ?(?=\d)")
_OPERATOR: Final = re.compile(r"(?<=\d)\s?([+×*·÷=<>]|−)\s?(?=[-−]?\d)")
#: `4.5/5`, which would else be 4.55.
_RATED: Final = re.compile(r"(?<![\w.,/])(\d++[.,]\d++)/(?=\d{1,3}(?![\w/]|[.,]\d))")
_PARTED: Final = re.compile(r"(?<=\d)[/\-](?=\d)")
_MIXED: Final = re.compile(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)(?=[^\W\d_])")
_ALL: Final = re.compile(rf"(?P<minus>(?<![\w)\]–—-])[-−](?=\d))?(?P<figure>{FIGURE})")
_SHORT: Final = 4


def phones(text: str, rules: Rules) -> str:
    """Phone numbers digit by digit, a comma where they are parted."""
    if rules.language == "zh":
        return _CHINESE_MOBILE.sub(lambda found: found.group().translate(_CHINESE_DIGITS), text)
    if rules.numbers is None:
        return text
    if rules.language in _WITH_SPACES:
        text = _SPACED.sub(lambda found: found.group().replace(" ", ""), text)
    if rules.language == "en":
        text = _CALLED.sub(lambda found: one_by_one(found.group(), rules), text)
    return _PHONE.sub(lambda found: _phone(found, rules), text)


def ranges(text: str, rules: Rules) -> str:
    """`5–10` as `5 to 10`; before units, which stand behind the second number."""
    if not rules.to:
        return text
    to = rules.to if rules.language in {"zh", "ja"} else f" {rules.to} "
    to = f"{rules.to} " if rules.language == "ko" else to
    text = _SUMS.sub(rf"\2{to}\1\3", text)
    text = _SUMS_BEHIND.sub(rf"\1{to}\3 \2", text)
    text = _UP_TO_UNIT.sub(rf"\1{to}", text)
    return _RANGE.sub(
        lambda found: f"{found[1] or found[4]}{found[2] or found[5] or ''}{to}{found[3] or found[6]}", text
    )


def numbers(text: str, rules: Rules) -> str:
    """Everything else that is written with digits."""
    if rules.numbers is None:
        return text
    text = ordinals(fractions(_RATED.sub(rf"\1 {rules.slash} ", text), rules), rules)
    text = _RATIO.sub(rf"\1 {'zu' if rules.language == 'de' else rules.to} \2", text)
    text = _NUMBER_SIGN.sub(f"{rules.number_sign} ", text)
    text = _DIMENSIONS.sub(rf"\1 {rules.by} ", text)
    text = _TIMES.sub(rf"\1 {rules.times}", text)
    text = _OPERATOR.sub(lambda found: f" {_operator(found[1], rules)} ", text)
    text = _MIXED.sub(" ", _PARTED.sub(" ", text))
    return _ALL.sub(lambda found: _number(found, rules), text)


def _phone(found: re.Match[str], rules: Rules) -> str:
    groups = re.findall(r"\d+", found.group())
    spoken = ", ".join(one_by_one(group, rules) for group in groups)
    return f"{rules.plus} {spoken}" if found["plus"] else spoken


def _operator(sign: str, rules: Rules) -> str:
    return {
        "+": rules.plus, "×": rules.times, "*": rules.times, "·": rules.times, "÷": rules.divided,
        "=": rules.equals, "<": rules.less, ">": rules.greater, "−": rules.minus,
    }[sign]  # fmt: skip


def _number(found: re.Match[str], rules: Rules) -> str:
    written, text = found["figure"], found.string
    minus = f"{rules.minus} " if found["minus"] else ""
    number = figure(written, rules)
    is_year = written.isdigit() and len(written) == _SHORT and not minus
    words = year(written, rules) if is_year else said(number, rules)
    left = text[found.start() - 1 : found.start()]
    right = text[found.end() : found.end() + 1]
    return f"{' ' if left.isalnum() or (left in '.,' and left) else ''}{minus}{words}{' ' if right.isalnum() else ''}"
