# ruff: noqa: RUF001 - Chinese punctuation is what is read here
from pathlib import Path

import pytest

from tests.golden import melotts_fronts, openvoice_fronts
from workers.engines.melotts.frontend.chinese import ChineseFrontend, clauses, normalise
from workers.engines.melotts.frontend.mixed import MixedFrontend, runs
from workers.engines.melotts.frontend.pinyin import syllable_phones
from workers.engines.melotts.frontend.sandhi import changed, joined
from workers.engines.openvoice.frontend import frontend
from workers.engines.openvoice.frontend.chinese import cleaned
from workers.text.mandarin import numbers_in_words
from workers.text.pieces import asian_pieces

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def test_the_recorded_sentences_of_chinese() -> None:
    outcomes = list(melotts_fronts.check(GOLDEN / "melotts" / "frontend_zh.json"))
    assert len(outcomes) > 80
    assert [one for one in outcomes if not one.passed] == []


def test_the_recorded_sentences_of_openvoice() -> None:
    outcomes = list(openvoice_fronts.check(GOLDEN / "openvoice" / "frontend_v1_zh.json"))
    assert len(outcomes) > 35
    assert [one for one in outcomes if not one.passed] == []


@pytest.mark.parametrize(
    ("word", "tag", "finals", "said"),
    [
        ("看不懂", "v", ["an4", "u4", "ong3"], ["an4", "u5", "ong3"]),
        ("不怕", "v", ["u4", "a4"], ["u2", "a4"]),
        ("一一", "m", ["i1", "i1"], ["i1", "i1"]),
        ("一天", "m", ["i1", "ian1"], ["i4", "ian1"]),
        ("一段", "m", ["i1", "uan4"], ["i2", "uan4"]),
        ("第一名", "m", ["i4", "i1", "ing2"], ["i4", "i1", "ing2"]),
        ("看一看", "v", ["an4", "i1", "an4"], ["an4", "i5", "an4"]),
        ("男子", "n", ["an2", "i3"], ["an2", "i3"]),
        ("孩子", "n", ["ai2", "i3"], ["ai2", "i5"]),
        ("手里", "s", ["ou3", "i3"], ["ou3", "i5"]),
        ("几个", "m", ["i3", "e4"], ["i3", "e5"]),
        ("纸老虎", "n", ["i3", "ao3", "u3"], ["i3", "ao2", "u3"]),
        ("蒙古包", "n", ["eng3", "u3", "ao1"], ["eng2", "u3", "ao1"]),
        ("展览馆", "n", ["an3", "an3", "uan3"], ["an2", "an2", "uan3"]),
        ("将军", "n", ["iang1", "vn1"], ["iang1", "vn1"]),
        ("学生", "n", ["ve2", "eng1"], ["ve2", "eng5"]),
    ],
)
def test_tones_change_in_company(word: str, tag: str, finals: list[str], said: list[str]) -> None:
    given = list(finals)
    assert changed(word, tag, finals) == said
    assert finals == given


def test_words_that_a_rule_must_see_together_are_joined() -> None:
    assert joined([("不", "d"), ("去", "v")]) == [("不去", "v")]
    assert joined([("听", "v"), ("一", "m"), ("听", "v")]) == [("听一听", "v")]
    assert joined([("花", "n"), ("儿", "n")]) == [("花儿", "n")]


def test_several_doubled_verbs_in_a_clause_do_not_stop_us() -> None:
    words = [("看", "v"), ("一", "m"), ("看", "v"), ("想", "v"), ("一", "m"), ("想", "v")]
    assert joined(words) == [("看一看", "v"), ("想一想", "v")]


@pytest.mark.parametrize(
    ("initial", "final", "phones"),
    [
        ("", "ian", ("y", "En")), ("", "uen", ("w", "en")), ("", "van", ("y", "van")), ("", "er", ("EE", "er")),
        ("z", "i", ("z", "i0")), ("zh", "i", ("zh", "ir")), ("d", "uei", ("d", "ui")), ("h", "ng", ()),
    ],
)  # fmt: skip
def test_syllables(initial: str, final: str, phones: tuple[str, ...]) -> None:
    assert syllable_phones(initial, final) == phones


def test_numbers_are_read_out_however_long() -> None:
    assert numbers_in_words("2023年") == "二千零二十三年"
    assert numbers_in_words("3.5") == "三点五"
    assert numbers_in_words("1" * 20) == "一" * 20


def test_what_no_one_can_read_is_left_out() -> None:
    assert normalise("你好，world @#“𠮷”！") == "你好,''!"
    said = ChineseFrontend().phonemes("你好 world，呒🙂")
    assert len(said.word2ph) == len(said.normalised) + 2
    assert said.speakable
    assert not ChineseFrontend().phonemes("……!").speakable
    assert ChineseFrontend().phonemes("").phones == ("_", "_")


def test_pieces_are_cut_behind_marks_and_short_ones_go_together() -> None:
    assert asian_pieces("他说：“你真的不去吗？”") == ["他说：“你真的不去吗. ”"]
    assert asian_pieces("短。好。我们今天去公园玩儿了一整天。再见了朋友") == [
        "短. 好. 我们今天去公园玩儿了一整天.",
        "再见了朋友",
    ]
    assert asian_pieces(" \n") == []
    assert clauses("你好,世界.") == ["你好,", "世界."]


def test_english_in_chinese_keeps_its_own_tones() -> None:
    def english(tokens: list[str]) -> tuple[list[str], list[int]]:
        return ["ow", "k", "ey"], [2, 0, 2]

    said = MixedFrontend(lambda text: text.lower().split(), english).phonemes("不是 OK 不要")
    assert said.phones == ("_", "b", "u", "sh", "ir", "ow", "k", "ey", "b", "u", "y", "ao", "_")
    assert said.tones == (0, 2, 2, 4, 4, 9, 7, 9, 2, 2, 4, 4, 0)
    assert said.word2ph == (1, 2, 2, 3, 2, 2, 1)
    assert list(runs("我用Open Voice, 好")) == ["我用", "Open Voice", ",", "好"]


def test_openvoice_hums_sibilants_and_spells_letters() -> None:
    assert cleaned("是四") == "s`ɹ`↓ sɹ↓"
    assert cleaned("二日") == "əɹ`↓ɹ`ɹ`↓"
    assert cleaned("OK") == "oʊ→kʰeɪ↓"
    assert cleaned("波，翁") == "p⁼wo→, ʊŋ→"


def test_openvoice_says_nothing_for_what_has_no_sound() -> None:
    made = frontend("ZH", ["_", ".", "…", "n", "i", "↓", "↑"])
    assert made.ids("……") == []
    assert made.ids("你") == [0, 3, 0, 4, 0, 5, 0, 6, 0, 1, 0]
