"""What the rules of the languages differ in: how numbers are written, and the words that stand between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, eq=False)
class Rules:
    """One language, the same object each time.

    Numbers are put into words where `numbers` names num2words' language, else the engine reads them.
    """

    #: The primary subtag, and the name by which Babel knows its CLDR data.
    language: str
    locale: str
    numbers: str | None = None
    #: Between the whole part of a number and its fraction, and between thousands.
    decimal: str = ","
    group: str = "."
    #: How both are said, where they are.
    point: str = ""
    other_point: str = ""
    minus: str = ""
    to: str = ""
    percent: str = ""
    permille: str = ""
    #: Whether a date of numbers begins with its month.
    month_first: bool = False
    #: `&` and what stands between an amount and its hundredths.
    et: str = ""
    number_sign: str = ""
    about: str = ""
    at: str = ""
    dot: str = ""
    slash: str = ""
    dash: str = ""
    underscore: str = ""
    colon: str = ""
    question: str = ""
    hash: str = ""
    plus: str = ""
    times: str = ""
    by: str = ""
    equals: str = ""
    divided: str = ""
    less: str = ""
    greater: str = ""
    #: Between a word and a number.
    gap: str = " "
    #: Multiples that stand behind an amount as letters or words: `$5M`, `5 Mio. €`: one and many.
    multiples: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Between `million` and the currency: `un millón de euros`.
    of: str = ""


_ENGLISH: Final = Rules(
    "en", "en", "en", decimal=".", group=",", point="point", other_point="comma", minus="minus", to="to",
    percent="percent", permille="per mille", month_first=True, et="and", number_sign="number", about="about", at="at",
    dot="dot", slash="slash", dash="dash", underscore="underscore", colon="colon", question="question mark",
    hash="hash", plus="plus", times="times", by="by", equals="equals", divided="divided by", less="is less than",
    greater="is greater than",
    multiples={
        "k": ("thousand", "thousand"), "K": ("thousand", "thousand"), "M": ("million", "million"),
        "m": ("million", "million"), "mn": ("million", "million"), "B": ("billion", "billion"),
        "b": ("billion", "billion"), "bn": ("billion", "billion"), "T": ("trillion", "trillion"),
        "tn": ("trillion", "trillion"), "thousand": ("thousand", "thousand"), "million": ("million", "million"),
        "billion": ("billion", "billion"), "trillion": ("trillion", "trillion"),
    },
)  # fmt: skip
_GERMAN: Final = Rules(
    "de", "de", "de", point="Komma", other_point="Punkt", minus="minus", to="bis", percent="Prozent",
    permille="Promille", et="und", number_sign="Nummer", about="etwa", at="at", dot="Punkt", slash="Schrägstrich",
    dash="Bindestrich", underscore="Unterstrich", colon="Doppelpunkt", question="Fragezeichen", hash="Raute",
    plus="plus", times="mal", by="mal", equals="gleich", divided="geteilt durch", less="ist kleiner als",
    greater="ist größer als",
    multiples={
        "Tsd.": ("Tausend", "Tausend"), "Mio.": ("Million", "Millionen"), "Mio": ("Million", "Millionen"),
        "Mrd.": ("Milliarde", "Milliarden"), "Mrd": ("Milliarde", "Milliarden"),
        "Million": ("Million", "Millionen"), "Millionen": ("Million", "Millionen"),
        "Milliarde": ("Milliarde", "Milliarden"), "Milliarden": ("Milliarde", "Milliarden"),
    },
)  # fmt: skip
_FRENCH: Final = Rules(
    "fr", "fr", "fr", group=" ", point="virgule", other_point="point", minus="moins", to="à", percent="pour cent",
    permille="pour mille", et="et", number_sign="numéro", about="environ", at="arobase", dot="point", slash="slash",
    dash="tiret", underscore="tiret bas", colon="deux-points", question="point d'interrogation", hash="dièse",
    plus="plus", times="fois", by="par", equals="égale", divided="divisé par", less="est inférieur à",
    greater="est supérieur à", of="de",
    multiples={
        "k": ("mille", "mille"), "K": ("mille", "mille"), "M": ("million", "millions"), "Md": ("milliard", "milliards"),
        "Mds": ("milliard", "milliards"), "million": ("million", "millions"), "millions": ("million", "millions"),
        "milliard": ("milliard", "milliards"), "milliards": ("milliard", "milliards"),
    },
)  # fmt: skip
_SPANISH: Final = Rules(
    "es", "es", "es", point="coma", other_point="punto", minus="menos", to="a", percent="por ciento",
    permille="por mil", et="y", number_sign="número", about="unos", at="arroba", dot="punto", slash="barra",
    dash="guion", underscore="guion bajo", colon="dos puntos", question="signo de interrogación", hash="almohadilla",
    plus="más", times="por", by="por", equals="igual a", divided="entre", less="es menor que",
    greater="es mayor que", of="de",
    multiples={
        "K": ("mil", "mil"), "k": ("mil", "mil"), "M": ("millón", "millones"), "mill.": ("millón", "millones"),
        "mil": ("mil", "mil"), "millón": ("millón", "millones"), "millones": ("millón", "millones"),
    },
)  # fmt: skip
_ITALIAN: Final = Rules(
    "it", "it", "it", point="virgola", other_point="punto", minus="meno", to="a", percent="per cento",
    permille="per mille", et="e", number_sign="numero", about="circa", at="chiocciola", dot="punto", slash="barra",
    dash="trattino", underscore="trattino basso", colon="due punti", question="punto interrogativo",
    hash="cancelletto", plus="più", times="per", by="per", equals="uguale a", divided="diviso",
    less="è minore di", greater="è maggiore di", of="di",
    multiples={
        "mila": ("mila", "mila"), "mln": ("milione", "milioni"), "mld": ("miliardo", "miliardi"),
        "milione": ("milione", "milioni"), "milioni": ("milione", "milioni"),
        "miliardo": ("miliardo", "miliardi"), "miliardi": ("miliardo", "miliardi"),
    },
)  # fmt: skip
_PORTUGUESE: Final = Rules(
    "pt", "pt_BR", "pt_BR", point="vírgula", other_point="ponto", minus="menos", to="a", percent="por cento",
    permille="por mil", et="e", number_sign="número", about="cerca de", at="arroba", dot="ponto", slash="barra",
    dash="hífen", underscore="sublinhado", colon="dois pontos", question="ponto de interrogação", hash="cerquilha",
    plus="mais", times="vezes", by="por", equals="igual a", divided="dividido por", less="é menor que",
    greater="é maior que", of="de",
    multiples={
        "mil": ("mil", "mil"), "mi": ("milhão", "milhões"), "bi": ("bilhão", "bilhões"),
        "milhão": ("milhão", "milhões"), "milhões": ("milhão", "milhões"),
        "bilhão": ("bilhão", "bilhões"), "bilhões": ("bilhão", "bilhões"),
    },
)  # fmt: skip
_CHINESE: Final = Rules(
    "zh", "zh", decimal=".", group=",", gap="",
    to="到", percent="百分之", permille="千分之", minus="负", et="和", at="艾特",
    dot="点", slash="斜杠", dash="横杠", underscore="下划线", colon="冒号", question="问号", hash="井号", plus="加",
    times="乘", by="乘", equals="等于", divided="除以",
)  # fmt: skip
_JAPANESE: Final = Rules(
    "ja", "ja", decimal=".", group=",", gap="",
    to="から", percent="パーセント", permille="パーミル", minus="マイナス",
    et="アンド", at="アット", dot="ドット", slash="スラッシュ", dash="ハイフン", underscore="アンダーバー",
    colon="コロン", question="はてな", hash="シャープ", plus="足す", times="掛ける", by="掛ける", equals="は",
    divided="割る",
)  # fmt: skip
_KOREAN: Final = Rules(
    "ko", "ko", decimal=".", group=",", to="에서", percent="퍼센트", permille="퍼밀", minus="마이너스", et="그리고",
    at="골뱅이", dot="닷", slash="슬래시", dash="하이픈", underscore="밑줄", colon="콜론", question="물음표",
    hash="샵", plus="더하기", times="곱하기", by="곱하기", equals="는", divided="나누기",
)  # fmt: skip
_HINDI: Final = Rules(
    "hi", "hi", decimal=".", group=",", to="से", percent="प्रतिशत", permille="प्रति हज़ार", minus="माइनस", et="और",
    at="ऐट", dot="डॉट", slash="स्लैश", dash="डैश", underscore="अंडरस्कोर", colon="कोलन", question="प्रश्न चिह्न",
    hash="हैश", plus="प्लस", times="गुणा", by="गुणा", equals="बराबर", divided="भाग",
)  # fmt: skip

_KNOWN: Final = {
    rules.language: rules
    for rules in (
        _ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _PORTUGUESE, _CHINESE, _JAPANESE, _KOREAN, _HINDI,
    )
}  # fmt: skip
#: Where English is written with the day before the month, and numbers are said with `and`.
_DAY_FIRST: Final = frozenset(("GB", "AU", "NZ", "IE", "ZA", "IN", "SG", "HK", "KE", "NG"))
#: What num2words has of its own for a region.
_REGIONAL: Final = frozenset(("fr_BE", "fr_CH", "es_CO", "es_CR", "es_GT", "es_NI", "es_VE"))


@lru_cache(maxsize=256)
def rules_for(language: str | None) -> Rules | None:
    """Those of a BCP-47 tag; None for a language that has none."""
    parts = (language or "").replace("_", "-").split("-")
    rules = _KNOWN.get(parts[0].lower())
    if rules is None:
        return None
    region = parts[-1].upper() if len(parts) > 1 else ""
    if rules.language == "en" and region in _DAY_FIRST:
        return replace(rules, locale="en_GB", month_first=False)
    if rules.language == "pt" and region == "PT":
        return replace(rules, locale="pt_PT", numbers="pt")
    own = f"{rules.language}_{region}"
    if own in {"es_MX", "es_US", "es_PR", "es_GT", "es_NI"}:
        # The decimal point and the comma between thousands, as in English.
        rules = replace(rules, decimal=".", group=",", point="punto", other_point="coma")
    return replace(rules, numbers=own) if own in _REGIONAL else rules
