# ruff: noqa: RUF001 - full-width marks and signs are what is looked for here
"""Measures and shares: `5 km/h`, `21 °C`, `8 GB`, `50 %`, with CLDR's names of units by Babel."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from workers.text.normalise.figures import FIGURE, LETTERS, START, Figure, figure, plain, said
from workers.text.normalise.rules import Rules
from workers.text.normalise.spelling import before_noun

#: What stands behind a number, and CLDR's name for it.
_UNITS: Final = {
    "km": "length-kilometer", "m": "length-meter", "cm": "length-centimeter", "mm": "length-millimeter",
    "µm": "length-micrometer", "μm": "length-micrometer", "nm": "length-nanometer", "mi": "length-mile",
    "ft": "length-foot", "yd": "length-yard", "km²": "area-square-kilometer", "km2": "area-square-kilometer",
    "m²": "area-square-meter", "m2": "area-square-meter", "cm²": "area-square-centimeter", "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter", "ha": "area-hectare", "kg": "mass-kilogram", "g": "mass-gram", "mg": "mass-milligram",
    "µg": "mass-microgram", "lb": "mass-pound", "lbs": "mass-pound", "oz": "mass-ounce", "l": "volume-liter",
    "L": "volume-liter", "ml": "volume-milliliter", "mL": "volume-milliliter", "cl": "volume-centiliter",
    "dl": "volume-deciliter", "ms": "duration-millisecond", "µs": "duration-microsecond", "sec": "duration-second",
    "min": "duration-minute", "mins": "duration-minute", "hr": "duration-hour", "hrs": "duration-hour",
    "h": "duration-hour", "km/h": "speed-kilometer-per-hour", "kph": "speed-kilometer-per-hour",
    "kmh": "speed-kilometer-per-hour", "mph": "speed-mile-per-hour", "m/s": "speed-meter-per-second",
    "°C": "temperature-celsius", "ºC": "temperature-celsius", "° C": "temperature-celsius", "℃": "temperature-celsius",
    "°F": "temperature-fahrenheit", "° F": "temperature-fahrenheit", "℉": "temperature-fahrenheit",
    "°": "angle-degree", "kB": "digital-kilobyte", "KB": "digital-kilobyte", "MB": "digital-megabyte",
    "GB": "digital-gigabyte", "TB": "digital-terabyte", "PB": "digital-petabyte", "Ko": "digital-kilobyte",
    "Mo": "digital-megabyte", "Go": "digital-gigabyte", "To": "digital-terabyte", "Mbit": "digital-megabit",
    "Gbit": "digital-gigabit", "kbit": "digital-kilobit", "Hz": "frequency-hertz", "kHz": "frequency-kilohertz",
    "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz", "W": "power-watt", "kW": "power-kilowatt",
    "MW": "power-megawatt", "GW": "power-gigawatt", "kWh": "energy-kilowatt-hour", "mA": "electric-milliampere",
    "V": "electric-volt", "Ω": "electric-ohm", "hPa": "pressure-hectopascal", "kPa": "pressure-kilopascal",
    "bar": "pressure-bar", "kcal": "energy-kilocalorie", "cal": "energy-calorie", "kJ": "energy-kilojoule",
    "px": "graphics-pixel", "dpi": "graphics-dot-per-inch",
}  # fmt: skip
#: Two units by the first and the second.
_RATES: Final = {
    "kB/s": ("digital-kilobyte", "duration-second"), "MB/s": ("digital-megabyte", "duration-second"),
    "GB/s": ("digital-gigabyte", "duration-second"), "Mbit/s": ("digital-megabit", "duration-second"),
    "Mbps": ("digital-megabit", "duration-second"), "Gbps": ("digital-gigabit", "duration-second"),
    "Gbit/s": ("digital-gigabit", "duration-second"), "kbps": ("digital-kilobit", "duration-second"),
    "kbit/s": ("digital-kilobit", "duration-second"), "km/s": ("length-kilometer", "duration-second"),
    "g/l": ("mass-gram", "volume-liter"), "mg/l": ("mass-milligram", "volume-liter"),
}  # fmt: skip
#: Units whose name is feminine, so that it is `una milla`, `eine Stunde`.
_FEMININE: Final = {
    "de": frozenset(("length-mile", "mass-ounce", "duration-hour", "duration-minute", "duration-second",
                     "duration-millisecond", "energy-kilowatt-hour", "energy-calorie", "energy-kilocalorie")),
    "es": frozenset(("length-mile", "length-yard", "mass-pound", "mass-ounce", "duration-hour", "energy-calorie",
                     "area-hectare", "energy-kilocalorie")),
    "fr": frozenset(("mass-pound", "mass-ounce", "duration-hour", "duration-minute", "duration-second",
                     "duration-millisecond", "energy-calorie", "energy-kilocalorie")),
    "it": frozenset(("length-yard", "mass-pound", "mass-ounce", "duration-hour", "energy-calorie",
                     "energy-kilocalorie")),
    "pt": frozenset(("length-mile", "length-yard", "mass-pound", "mass-ounce", "duration-hour", "energy-calorie",
                     "energy-kilocalorie")),
}  # fmt: skip
#: Symbols that only French writes; elsewhere they are words: `Top 10 To Watch`, `2 Go`.
_FRENCH: Final = frozenset(("Ko", "Mo", "Go", "To"))
#: Symbols that are words of the language as well: `En 2023 ha crecido`, `Nel 2020 mi sono sposato`.
_WORDS: Final = {
    "es": frozenset(("ha", "mi")), "it": frozenset(("ha", "mi")), "fr": frozenset(("mi",)), "pt": frozenset(("mi",)),
}  # fmt: skip
_GOES_ON: Final = re.compile(r"[ \-]?[^\W\d_]")
#: `nel 3° trimestre` is the third, `30° al sole` are degrees.
_PLACE: Final = re.compile(r"\d{1,2}°")
_BEFORE_PLACE: Final = {
    "es": re.compile(r"\b(?:el|la|del|al) $", re.IGNORECASE),
    "it": re.compile(r"\b(?:il|lo|la|del|della|al|alla|nel|nella|dal|dalla) $", re.IGNORECASE),
    "pt": re.compile(r"\b(?:o|ao|no|na|do|da) $", re.IGNORECASE),
}
_INITIALS: Final = frozenset(("L", "V", "W"))
_YEAR: Final = re.compile(r"[12]\d{3}")
_SYMBOLS: Final = "|".join(map(re.escape, sorted([*_UNITS, *_RATES], key=len, reverse=True)))
_MEASURE: Final = re.compile(
    rf"{START}(?P<minus>(?<!\d)[-−])?(?P<figure>{FIGURE})[ \u00a0\u202f]?(?P<unit>{_SYMBOLS})"
    # Nor `En 2020 l'entreprise`, `In 2020 L.A.`.
    rf"(?![{LETTERS}/²³°]|['’.][^\W\d_])"
)
_FEET: Final = re.compile(r"(?<![\w'])(\d{1,2})['′](\d{1,2})(?:\"|″|'')(?!\w)")
_SHARE: Final = re.compile(rf"{START}(?P<minus>[-−])?(?P<figure>{FIGURE})[ \u00a0\u202f]?(?P<sign>[%‰])(?![{LETTERS}])")
_SAMPLE: Final = re.compile(r"\d[\d.,\u00a0\u202f]*\d|\d")
_ASIAN: Final = frozenset(("zh", "ja", "ko"))


def units(text: str, rules: Rules) -> str:
    """`text` with measures and shares in words; a unit that CLDR has no name for in the language stays."""
    if rules.language == "en":
        text = _FEET.sub(lambda found: f"{_feet(found, rules)}", text)
    text = _MEASURE.sub(lambda found: _measure(found, rules), text)
    return _SHARE.sub(lambda found: _share(found, rules), text)


def _feet(found: re.Match[str], rules: Rules) -> str:
    feet, inches = (said(Figure(part), rules) for part in found.groups())
    return f"{feet} foot {inches}"


def _measure(found: re.Match[str], rules: Rules) -> str:
    number, unit = figure(found["figure"], rules), found["unit"]
    named = None if number.others or _is_word(found, rules) else _named(plain(number), unit, rules)
    if named is None:
        return found.group()
    before, behind = named
    feminine = _UNITS.get(unit, _RATES.get(unit, ("",))[0]) in _FEMININE.get(rules.language, ())
    minus = f"{rules.minus}{rules.gap}" if found["minus"] else ""
    words = said(number, rules, feminine=feminine)
    if behind.startswith(" "):
        return f"{before}{minus}{before_noun(words, behind[1:], rules)}"
    return f"{before}{minus}{words}{behind}"


def _is_word(found: re.Match[str], rules: Rules) -> bool:
    """Whether what looks like a unit is a word, or the first letter of a name behind a year: `In 2004 W. Bush`."""
    unit = found["unit"]
    if unit in _FRENCH:
        return rules.language != "fr"
    if unit in _INITIALS:
        return found.string[found.end() : found.end() + 1] == "." and _YEAR.fullmatch(found["figure"]) is not None
    if _GOES_ON.match(found.string, found.end()) is None:
        return False
    if _PLACE.fullmatch(found.group()) and (article := _BEFORE_PLACE.get(rules.language)) is not None:
        return article.search(found.string[max(0, found.start() - 7) : found.start()]) is not None
    return unit in _WORDS.get(rules.language, ())


def _share(found: re.Match[str], rules: Rules) -> str:
    number = figure(found["figure"], rules)
    name = rules.permille if found["sign"] == "‰" else rules.percent
    minus = f"{rules.minus}{rules.gap}" if found["minus"] else ""
    if rules.language == "zh":
        return f"{minus}{name}{said(number, rules)}"
    return f"{minus}{said(number, rules)}{'' if rules.language in _ASIAN else ' '}{name}"


@lru_cache(maxsize=2048)
def _named(value: str, unit: str, rules: Rules) -> tuple[str, str] | None:
    """What stands before and behind the number in CLDR's form for it."""
    from babel.units import UnknownUnitError, format_compound_unit, format_unit

    number = Decimal(value)
    try:
        if unit in _RATES:
            top, bottom = _RATES[unit]
            form = format_compound_unit(number, top, denominator_unit=bottom, length="long", locale=rules.locale)
        else:
            form = format_unit(number, _UNITS[unit], length="long", locale=rules.locale)
    except UnknownUnitError:
        return None
    parts = _SAMPLE.split(f"{form or ''}".replace("\u00a0", " ").replace("’", "'"), maxsplit=1)
    if len(parts) != 2 or ("-" in parts[1] and rules.numbers is None):  # noqa: PLR2004 - before and behind
        return None
    before, behind = parts
    if rules.language in _ASIAN:
        return before.replace(" ", "") if rules.language != "ko" else before, behind.replace(" ", "")
    return before, behind
