"""Words of Spanish and French that the library which reads them stumbles over."""

import logging

import pytest

from workers.engines.melotts.frontend.gruut_words import GruutWords


@pytest.mark.parametrize("language", ["es-es", "fr-fr"])
def test_numbers_without_a_name_are_read_sign_by_sign(language: str) -> None:
    say = GruutWords.load(language)
    assert say("1" * 40) == say(" ".join("1" * 40))
    assert say("1e999")


def test_nothing_of_the_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    say = GruutWords.load("es-es")
    with caplog.at_level(logging.DEBUG):
        say("☃☃☃")
        say("7" * 5000)
    # Of the time zone, where this is the first in its process to ask for it.
    assert not [record for record in caplog.records if record.name != "tzlocal"]
