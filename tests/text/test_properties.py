# ruff: noqa: E501, RUF001 - marks of all languages are mixed here
"""What holds for every text, whatever is in it."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from workers.text.clauses import clauses
from workers.text.normalise import normalised

LANGUAGES = st.sampled_from(["en", "en-GB", "es", "fr", "de", "it", "pt", "zh", "ja", "ko", "hi", "th", None])
_PIECES = st.sampled_from([
    "Mr.", "U.S.", "J. R.", "3.14", "1,000", "$12.50", "5 km/h", "50%", "3:45 pm", "15h30", "2026-05-05", "3/4/2026",
    "5 May", "https://a.com/b?c", "x@y.org", "**a**", "# H\n", "- a\n", "1. b\n", "|a|b|\n", "`c`", "[d](e)", "😀", "❤️",
    "½", "21st", "Louis XIV", "+49 30 123456", "…", "...", "“", "”", "(", ")", "。", "，", "「", "」", "।", "你好", "こんにちは",
    "नमस्ते", "안녕", "word", "Word", "a", "\n", "\n\n", " ", "\t", "\u00a0", "\u200d", "\x00", "-", "–", "—", "&", "#", "@",
    "<b>", "&amp;", "_", "*", "1", "2 ", "0", "10 000", "€", "£", "°C", "x", "+", "=", "/", ":", ";", ",", ".", "!", "?",
    "'", '"', "~", "XX", "e siècle",
])  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60), st.lists(_PIECES, max_size=14).map("".join), st.lists(_PIECES, max_size=10).map(" ".join)
)
_QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _signs(text: str) -> str:
    return "".join(text.split())


@_QUICK
@given(TEXTS, LANGUAGES)
def test_clauses_hold_every_sign_once_and_in_order(text: str, language: str | None) -> None:
    found = clauses(text, language)
    assert _signs("".join(clause.text for clause in found)) == _signs(text)
    assert all(clause.text.strip() for clause in found)
    assert [clause.end for clause in found if clause.end == "text"] == ["text"] * bool(found)


@_QUICK
@given(TEXTS, LANGUAGES)
# What one rule writes here is what another one reads.
@example("@0", "en")
@example("½1", "de")
@example("*❤️", "ja")
def test_normalising_twice_is_normalising_once(text: str, language: str | None) -> None:
    once = normalised(text, language)
    assert normalised(once, language) == once


@settings(_QUICK, max_examples=30)
@given(st.lists(st.sampled_from(["one", "two", "and", "people", "went", "home"]), min_size=1, max_size=30))
def test_words_are_left_alone(words: list[str]) -> None:
    text = " ".join(words) + "."
    assert normalised(text, "en") == text


#: Where a careless pattern would go back over all that it has read; over and over.
_LONG = [
    "word ",
    "a",
    ".",
    "mr. ",
    "1",
    "1,",
    "$1 ",
    '("',
    "。",
    "\n \n",
    "-",
    "a@",
    "a.",
    "[",
    "**a",
    "😀",
    "\u0661",
    "5 km ",
]


@pytest.mark.parametrize("part", _LONG)
def test_the_time_is_linear(part: str) -> None:
    def seconds(size: int) -> float:
        text = (part * size)[:size]
        begin = time.process_time()
        clauses(normalised(text, "en"), "en")
        return time.process_time() - begin

    seconds(100)
    # Twelve times the text; the square of it would be 144. What is done in no time cannot be compared.
    assert seconds(24_000) < 40 * max(seconds(2_000), 0.02)


def test_a_hundred_thousand_characters_are_cut_in_seconds() -> None:
    text = "He paid $12.50 at 3:45 pm, and went home. " * 2400
    begin = time.process_time()
    found = clauses(normalised(text, "en"), "en")
    assert time.process_time() - begin < 20
    assert max(len(clause.text) for clause in found) <= 200
