"""Amounts of money: `$12.50`, `5 Mio. €`, `USD 3`, `₩1,000`, with the names that people say."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from workers.text.normalise.currencies import NAMES, Currency
from workers.text.normalise.figures import FIGURE, Figure, figure, plain, said
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import agreeing, cardinal

_SIGNS: Final = {
    "US$": "USD", "A$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "R$": "BRL", "$": "USD",
    "€": "EUR", "£": "GBP", "¥": "JPY", "￥": "JPY", "₩": "KRW", "₹": "INR", "₽": "RUB", "₺": "TRY", "₫": "VND",
    "₪": "ILS", "₴": "UAH", "฿": "THB", "元": "CNY", "円": "JPY", "원": "KRW",
}  # fmt: skip
#: ISO 4217, without the codes that are also English words (ALL, TOP, TRY, CUP, MAD).
_CODES: Final = [
    "AUD",
    "BRL",
    "CAD",
    "CHF",
    "CNY",
    "CZK",
    "DKK",
    "EUR",
    "GBP",
    "HKD",
    "HUF",
    "ILS",
    "INR",
    "JPY",
    "KRW",
    "MXN",
    "NOK",
    "NZD",
    "PLN",
    "RON",
    "RUB",
    "SEK",
    "SGD",
    "THB",
    "TWD",
    "UAH",
    "USD",
    "ZAR",
    "RMB",
]
#: Behind these the Romance languages say `of`: `un millón de euros`.
_MILLIONS: Final = (
    "millón", "millones", "million", "millions", "milliard", "milliards", "milione", "milioni", "miliardo", "miliardi",
    "milhão", "milhões", "bilhão", "bilhões",
)  # fmt: skip


def money(text: str, rules: Rules) -> str:
    """`text` with its amounts of money in words."""
    if not any(sign in text for sign in _SIGNS) and not any(code in text for code in _CODES):
        return text
    before, behind = _patterns(rules)
    text = before.sub(lambda found: _amount(found, rules), text)
    return behind.sub(lambda found: _amount(found, rules), text)


@lru_cache(maxsize=32)
def _patterns(rules: Rules) -> tuple[re.Pattern[str], re.Pattern[str]]:
    signs = "|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True)))
    names = "|".join(map(re.escape, sorted(rules.multiples, key=len, reverse=True)))
    multiple = rf"(?:[ \u00a0\u202f]?(?P<multiple>{names})(?![^\W_]))?" if names else "(?P<multiple>(?!))?"
    amount = rf"(?P<minus>(?<![\w\d])[-−])?{{0}}(?P<figure>{FIGURE}){multiple}{{1}}"
    unit = rf"(?P<unit>{signs}|(?<![A-Za-z])(?:{'|'.join(_CODES)})(?![A-Za-z]))"
    return (
        re.compile(rf"(?P<minus>(?<![\w\d])[-−])?{unit}[ \u00a0\u202f]?(?P<figure>{FIGURE}){multiple}(?!\d)"),
        re.compile(amount.replace("{0}", r"(?<![\d.,])").replace("{1}", rf"[ \u00a0\u202f]?{unit}(?![A-Za-z])")),
    )


def _amount(found: re.Match[str], rules: Rules) -> str:
    code = _SIGNS.get(found["unit"], found["unit"])
    code = "CNY" if code == "RMB" or (code == "JPY" and rules.language == "zh" and found["unit"] != "円") else code
    number, currency = figure(found["figure"], rules), _named(code, rules)
    if currency is None or number.others:
        return found.group()
    minus = f"{rules.minus}{rules.gap}" if found["minus"] else ""
    if rules.numbers is None:
        return minus + _bare(number, currency, rules)
    multiple = rules.multiples.get(found["multiple"] or "")
    words = _of_many(number, multiple, currency, rules) if multiple else _exact(number, currency, rules)
    left = found.string[found.start() - 1 : found.start()]
    right = found.string[found.end() : found.end() + 1]
    return f"{' ' if left.isalnum() else ''}{minus}{words}{' ' if right.isalnum() else ''}"


def _of_many(number: Figure, multiple: tuple[str, str], currency: Currency, rules: Rules) -> str:
    one, many = multiple
    if one in {"mil", "mille", "mila"}:
        count = "" if number.is_one else f"{said(number, rules)} "
        return f"{count}{one} {currency.many}"
    of = f" {rules.of}" if rules.of else ""
    if number.is_one:
        count = agreeing(cardinal("1", rules), rules, feminine=one[:1].isupper())
        return f"{count} {one}{_elided(of, currency.many, rules)}"
    return f"{said(number, rules)} {many}{_elided(of, currency.many, rules)}"


def _elided(of: str, noun: str, rules: Rules) -> str:
    """`de euros`; in French `d'euros`."""
    return f" d'{noun}" if rules.language == "fr" and noun.startswith("e") else f"{of} {noun}"


def _exact(number: Figure, currency: Currency, rules: Rules) -> str:
    if not number.fraction or len(number.fraction) != 2 or not currency.hundredths:  # noqa: PLR2004 - hundredths
        noun = currency.one if number.is_one else currency.many
        words = said(number, rules, feminine=currency.feminine)
        return (
            f"{words}{_elided(f' {rules.of}', noun, rules) if rules.of and words.endswith(_MILLIONS) else f' {noun}'}"
        )
    whole = Figure(number.whole)
    cents = number.fraction.lstrip("0")
    parts: list[str] = []
    if number.whole.strip("0") or not cents:
        parts.append(_exact(whole, currency, rules))
    if cents:
        noun = currency.hundredth if cents == "1" else currency.hundredths
        parts.append(f"{said(Figure(cents), rules, feminine=False)} {noun}")
    return f" {rules.et} ".join(parts)


def _bare(number: Figure, currency: Currency, rules: Rules) -> str:
    """With digits, which the engine reads: `12ドル50セント`."""
    gap = " " if rules.language == "hi" else ""
    if currency.hundredths and len(number.fraction) == 2:  # noqa: PLR2004 - hundredths
        cents = number.fraction.lstrip("0")
        behind = f"{gap or (' ' if rules.language == 'ko' else '')}{cents}{gap}{currency.hundredths}" if cents else ""
        return f"{number.whole}{gap}{currency.many}{behind}"
    return f"{plain(number)}{gap}{currency.one if number.is_one else currency.many}"


@lru_cache(maxsize=512)
def _named(code: str, rules: Rules) -> Currency | None:
    known = NAMES.get(rules.language, {}).get(code)
    if known is not None:
        return known
    from babel.numbers import get_currency_name

    names = [str(get_currency_name(code, count=count, locale=rules.locale)) for count in (1, 5)]
    return None if code in names else Currency(names[0], names[1])
