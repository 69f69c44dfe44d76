# ruff: noqa: RUF001 - marks of all languages are what is cut at here
"""Where texts of each language are cut."""

import pytest

from workers.text.clauses import clauses
from workers.text.sentences import split

_SENTENCES = [
    ("en", "Mr. Smith met Dr. Jones.|They talked."),
    ("en", "J. R. R. Tolkien wrote it.|He was English."),
    ("en", "The U.S. Army left.|In the U.S. Army they stayed."),
    ("en", "He came from the U.S.|They knew."),
    ("en", "She lives in St. Petersburg.|It is cold."),
    ("en", "Washington, D.C. is hot.|He left D.C.|It rained."),
    ("en", "Ask Dr. 3.14 about pi.|It is 3.14159."),
    ("en", "It starts at 10 a.m.|Everybody comes."),
    ("en", "See no. 5 and fig. 2.|He said no.|Then he left."),
    ("en", "The cat sat.|It purred.|On Sat. 5 May it ran."),
    ("en", "Apples, pears, etc. are fruit.|We like apples, etc.|They are good."),
    ("en", "Apple Inc. Chief Tim Cook spoke.|He works at Apple Inc.|The end."),
    ("en", "“Stop!” he said.|“Why?” she asked."),
    ("en", "He left (at last.)|She stayed."),
    ("en", "“I am here.”|She smiled."),
    ("en", "Well... maybe.|Or not…|Who knows?!"),
    ("en", "Wait… what?|No."),
    ("en", "Go to https://a.example.com/x.y?z=1.|Or write to a.b@example.com."),
    ("en", "1. Open the box.|2. Close it."),
    ("en", "Martin Luther King Jr. was born in 1929.|He was a pastor."),
    ("en", "We met at 5.30.|It was late."),
    ("en", "Prof. A. B. Smith et al. (2020) found it.|See pp. 5-7."),
    ("de", "Er wohnt in der Hauptstr. 5 in St. Gallen.|Es ist schön."),
    ("fr", "L'art. 5 dit que oui.|L’art. 6 non."),
    ("de", "Am 5. Mai kam Dr. Müller.|Er blieb."),
    ("de", "Im 21. Jahrhundert ist z.B. vieles anders.|Das ist gut."),
    ("de", "Es gibt z. B. Brot, Käse u. Ä.|Das ist gut.|Rom fiel i. d. R. nie, auch 44 v. Chr. nicht."),
    ("de", "Das ist Plan A.|Der Rest folgt.|Er nimmt z. T. Öl."),
    ("es", "Nació en 44 a. C. en Roma.|Murió allí."),
    ("it", "Nacque nel 44 a. C. a Roma.|Morì lì."),
    ("pt", "Nasceu em 44 a. C. em Roma.|Morreu lá."),
    ("de", "„Geh!“ sagte er.|„Nein.“|Danach ging sie."),
    ("de", "Er ist 5.|Dann wird er 6.|So ist es.|Es kostet 1.234,50 Euro."),
    ("fr", "Bonjour !|Ça va ?|« Oui. »|Il part."),
    ("fr", "M. Dupont habite av. Foch.|Il a 10 000 livres."),
    ("es", "¡Hola!|¿qué tal?|El Sr. López vive en EE.UU. y trabaja.|Adiós."),
    ("it", "Il dott. Rossi è qui.|Il sig. Bianchi no.|Ecc. ecc."),
    ("pt", "O Sr. Silva chegou.|A Dra. Costa também."),
    ("zh", "今天天气很好。|我们去公园吧！|圆周率是3.14。|“走吧。”他说。"),
    ("zh", "你好.|我是小明."),
    ("ja", "「行こう。」と彼は言った。|そう。|とても良い！|え？と言った。"),
    ("ko", "안녕하세요.|오늘 날씨가 좋네요!|같이 갈까요?"),
    ("hi", "आप कैसे हैं?|मैं ठीक हूँ।|डॉ. शर्मा आए।"),
    ("ar", "كيف حالك؟|أنا بخير."),
    (None, "One.|Two.|Τρία."),
]


@pytest.mark.parametrize(("language", "marked"), _SENTENCES)
def test_sentences(language: str | None, marked: str) -> None:
    expected = marked.split("|")
    gap = "" if language in {"zh", "ja"} else " "
    assert list(split(gap.join(expected), language)) == expected


def _texts(text: str, language: str | None = "en") -> list[str]:
    return [clause.text for clause in clauses(text, language)]


def test_the_first_piece_is_short_where_a_mark_permits() -> None:
    first, *rest = _texts(
        "When the sun had finally set behind the hills, the travellers, who had been walking since early morning, "
        "decided to make camp; nobody spoke about the road that lay ahead of them until the moon was high."
    )
    assert first == "When the sun had finally set behind the hills,"
    assert all(60 <= len(piece) <= 200 for piece in rest)
    assert _texts("昨天晚上我和朋友们一起，去了公园附近的一家很有名的餐厅吃饭。", "zh")[0] == "昨天晚上我和朋友们一起，"


def test_short_sentences_go_together_but_the_first_stands_alone() -> None:
    assert _texts("This one comes first. Yes. No. Perhaps. We shall see what tomorrow brings us all. It was so.") == [
        "This one comes first.",
        "Yes. No. Perhaps. We shall see what tomorrow brings us all. It was so.",
    ]


def test_long_sentences_are_cut_between_words_and_not_inside_a_number() -> None:
    text = "and then " * 10 + "3 000 000 " * 60
    pieces = _texts(text)
    assert all(len(piece) <= 200 for piece in pieces)
    assert " ".join(pieces) == text.strip()
    assert all(piece.startswith(("and", "then", "3 ", "000")) for piece in pieces)


@pytest.mark.parametrize("before", ["", "x", "xx", "xxx", "xxxx"])
def test_no_letter_is_parted_from_what_it_carries(before: str) -> None:
    thai = _texts(before + "ก\u0e49" * 300, "th")
    assert len(thai) > 1
    assert not any(piece.startswith("\u0e49") for piece in thai)
    families = _texts(before + "ก👨\u200d👩\u200d👧" * 100, "th")
    assert len(families) > 1
    assert not any(piece.startswith(("\u200d", "👩", "👧")) for piece in families)


def test_what_ends_with_each_piece() -> None:
    text = (
        "A first sentence that stands alone here. "
        "This is the second sentence of the paragraph, which is long enough.\n\n"
        "And another paragraph."
    )
    assert [clause.end for clause in clauses(text, "en")] == ["sentence", "paragraph", "text"]
    long = "so it went on and on, day after day, " * 10
    assert {clause.end for clause in clauses(long, "en")[:-1]} == {"clause"}


def test_items_of_a_list_are_pieces_of_their_own() -> None:
    assert _texts("What we need for the cake:\n- Milk\n- Eggs\n- Sugar") == [
        "What we need for the cake:",
        "- Milk",
        "- Eggs",
        "- Sugar",
    ]


def test_wrapped_lines_are_one_paragraph() -> None:
    assert _texts("A line that is\nwrapped in the middle.") == ["A line that is wrapped in the middle."]
    assert _texts("今天天气\n很好。", "zh") == ["今天天气很好。"]


def test_marks_alone_are_no_piece() -> None:
    assert _texts("One day.\n\n* * *\n\nThe next.") == ["One day. * * *", "The next."]
    assert _texts("…\n\nHello there.") == ["… Hello there."]
    assert _texts("   \n ") == []
