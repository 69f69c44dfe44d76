import pytest

from harmony.scoring import normalise, word_error_rate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", "hello world"),
        ("It’s  'quoted' – and\nsplit-up", "it's quoted and split up"),
        ("[music] (laughs) Yes.", "yes"),
        ("¿Qué tal?", "qué tal"),
    ],
)
def test_normalisation_keeps_the_words(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_case_and_punctuation_are_no_errors() -> None:
    assert word_error_rate("Good morning. It's me!", "good morning its me".replace("its", "it's")) == 0


def test_one_wrong_word_of_four_is_a_quarter() -> None:
    assert word_error_rate("one two three four", "one two tree four") == 0.25
