from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import PermanentError
from tests.golden import melotts_fronts
from workers.engines.melotts.frontend.japanese import JapaneseFrontend, japanese_only, numbers_in_words
from workers.engines.melotts.frontend.kana import katakana_phones
from workers.text.kakasi import Kakasi, installed

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "melotts" / "frontend_jp.json"

needs_kakasi = pytest.mark.skipif(not installed(), reason="the program kakasi (GPL, extra kakasi) is not installed")


@pytest.fixture(scope="module")
def katakana() -> Iterator[Kakasi]:
    program = Kakasi()
    yield program
    program.close()


def test_the_recorded_sentences() -> None:
    outcomes = list(melotts_fronts.check(GOLDEN))
    assert len(outcomes) > 85
    assert [one for one in outcomes if not one.passed] == []


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("キャット", "ky a q t o"), ("ティー", "t i"), ("ヴァン", "b a N"), ("ジェット", "j e q t o"), ("カァ", "k a:"),
        ("ズゥ", "z u"), ("ドゥ", "d u"), ("ウォ", "w o"), ("ヅゥ", "d u:"), ("ブャ", "b u y a"), ("チュ", "ch u"),
        ("ヲ・ヶ!", "o , k e !"), ("日ヷ", ""),
    ],
)  # fmt: skip
def test_katakana(text: str, phones: str) -> None:
    assert katakana_phones(text) == phones.split()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1,200円", "千二百円"), ("$5", "五ドル"), ("£1,000", "千ポンド"), ("1.5", "一点五"), ("007", "七"),
        ("5" * 60, "五" * 60),
    ],
)  # fmt: skip
def test_numbers_in_words(written: str, said: str) -> None:
    assert numbers_in_words(written) == said


def test_other_scripts_are_left_out() -> None:
    assert japanese_only("Python が好き。123") == "が好き"


@needs_kakasi
def test_text_in_katakana(katakana: Kakasi) -> None:
    made = JapaneseFrontend(lambda text: [text], katakana)
    assert made.normalise("１０時に、人々が集まる。") == "トトキニニンガアツマル"
    assert made.normalise("abc!") == ""
    said = made.phonemes("猫")
    assert said.phones == ("_", "n", "e", "k", "o", "_")
    assert said.word2ph == (1, 4, 1)


def test_unknown_tokens_are_no_phones_of_their_word() -> None:
    said = JapaneseFrontend(list, str).pronounced("", ["[UNK]", "ハ", "##[UNK]", "##ー"])
    assert said.phones == ("_", "_", "h", "a", "_")
    assert sum(said.word2ph) == len(said.phones)


@needs_kakasi
def test_the_program_is_started_again_when_it_died(katakana: Kakasi) -> None:
    assert katakana("猫") == "ネコ"
    process = katakana._process
    assert process is not None
    process.kill()
    process.wait()
    assert katakana("犬\nと猫") == "イヌ トネコ"


def test_the_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_named: None)
    with pytest.raises(PermanentError) as caught:
        Kakasi()("猫")
    assert caught.value.code == "missing_dependency"


@needs_kakasi
def test_a_closed_front_end_has_ended_its_program() -> None:
    program = Kakasi()
    made = JapaneseFrontend(list, program)
    made.normalise("猫")
    process = program._process
    assert process is not None
    made.close()
    assert process.poll() is not None
