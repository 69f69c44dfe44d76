# ruff: noqa: RUF001 - phonetic letters and quotation marks are what is compared here
import pytest

from workers.engines.kokoro.arpabet import to_kokoro
from workers.engines.kokoro.text import clean, sentences
from workers.text.sentences import clauses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is one sentence. And this is the second one.", ["This is one sentence.", "And this is the second one."]),
        ("Dr. Smith met Mr. J. K. Jones. They talked.", ["Dr. Smith met Mr. J. K. Jones.", "They talked."]),
        ("It is 3.14 at 10 a.m. on Monday, vs. 5 before.", ["It is 3.14 at 10 a.m. on Monday, vs. 5 before."]),
        ("The meeting began at 10 a.m. Everybody came.", ["The meeting began at 10 a.m.", "Everybody came."]),
        ("“Stop right there!” he said. Nobody moved.", ["“Stop right there!” he said.", "Nobody moved."]),
        ("Yes! That is what I meant to say.", ["Yes! That is what I meant to say."]),
        ("A headline without an end\n\nAnd a paragraph.", ["A headline without an end", "And a paragraph."]),
        ("A line that is\nwrapped in the middle.", ["A line that is wrapped in the middle."]),
        (" \n\n ", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_speaker_would_stop(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


def test_cleaning_reads_out_what_is_written_short() -> None:
    assert clean("At 10:30,\tor 9:05, or 8:00") == "At 10 30, or 9 oh 5, or 8 o'clock"
    assert clean("e.g. this, i.e. that") == "for example this, that is that"
    assert clean("1234567890123") == "1 2 3 4 5 6 7 8 9 0 1 2 3"
    assert clean("a\u0000b") == "a b"


@pytest.mark.parametrize("sentence", ["one, two; three: four", "one two three four", "abcdefgh"])
def test_clauses_are_halves_that_hold_everything(sentence: str) -> None:
    parts = clauses(sentence)
    assert len(parts) == 2
    assert "".join(parts).replace(" ", "") == sentence.replace(" ", "")


@pytest.mark.parametrize(
    ("arpabet", "american", "british"),
    [
        ("B AA1 R", "bˈɑɹ", "bˈɑː"),
        ("HH AH0 L OW1", "həlˈO", "həlˈQ"),
        ("ER1 TH AH0", "ˈɜɹθə", "ˈɜːθə"),
        ("S ER1 IH0 NG", "sˈɜɹɪŋ", "sˈɜːɹɪŋ"),
        ("R AE1 B IY0", "ɹˈæbi", "ɹˈabi"),
        ("F IH1 R", "fˈɪɹ", "fˈɪə"),
    ],
)
def test_arpabet_in_both_variants(arpabet: str, american: str, british: str) -> None:
    assert to_kokoro(arpabet.split(), british=False) == american
    assert to_kokoro(arpabet.split(), british=True) == british
