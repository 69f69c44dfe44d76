from pathlib import Path

import pytest

from tests.golden import openvoice_fronts
from workers.engines.openvoice.frontend.english import Cleaner
from workers.engines.openvoice.frontend.symbols import closed, spaced
from workers.text.english import expand_abbreviations, expand_numbers, to_ascii
from workers.text.pieces import word_pieces

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "openvoice"


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def test_the_recorded_sentences() -> None:
    outcomes = list(openvoice_fronts.check(GOLDEN / "frontend_v1_en.json"))
    assert len(outcomes) > 50
    assert [one for one in outcomes if not one.passed] == []


def test_words_sound_as_the_library_says(cleaner: Cleaner) -> None:
    from eng_to_ipa import convert

    text = "the record of a tear, 'twas read (again) -- by 2 lead-singers' wind project; live use minute xyzzy"
    assert cleaner._ipa(text) == convert(text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("$1,000.50", "one thousand dollars, fifty cents"), ("$1", "one dollar"), ("$0", "zero dollars"),
        ("$1.2.3", "one point two.three dollars"), ("1999", "nineteen ninety-nine"), ("2000", "two thousand"),
        ("2005", "two thousand five"), ("1900", "nineteen hundred"), ("1901", "nineteen oh one"),
        ("101st", "one hundred and first"), ("1,234", "twelve thirty-four"), ("3.14", "three point fourteen"),
        ("12345", "twelve thousand, three hundred forty-five"), ("0007", "seven"),
    ],
)  # fmt: skip
def test_numbers_in_words(written: str, said: str) -> None:
    assert expand_numbers(written) == said


def test_a_number_without_a_name_is_read_digit_by_digit() -> None:
    assert expand_numbers("7" * 40) == " ".join(["seven"] * 40)
    # More digits than Python reads at once.
    assert expand_numbers("$" + "7" * 5000) == " ".join(["seven"] * 5000) + " dollars"


def test_other_scripts_as_they_sound() -> None:
    assert to_ascii("Café £5 “½” Straße [?]") == 'Cafe PS5 " 1/2" Strasse [?]'
    assert to_ascii("\U0001f642\u0378") == ""


def test_abbreviations() -> None:
    assert expand_abbreviations("dr. mrs. first. st.") == "doctor misess first. saint"


def test_pieces_of_more_than_ten_words() -> None:
    assert word_pieces("“One” two, three; four (five) six seven eight nine ten eleven. Twelve.") == [
        "One two, three; four five six seven eight nine ten eleven. Twelve."
    ]
    long = " ".join(["word"] * 11)
    assert word_pieces(f"{long}. {long}! Ok") == [f"{long}.", f"{long}! Ok"]
    assert word_pieces("  ") == []


def test_capitals_and_ends() -> None:
    assert spaced("iPhone and ChatGPT") == "i Phone and Chat GPT"
    assert closed("wət ") == "wət."
    assert closed("wət?") == "wət?"
