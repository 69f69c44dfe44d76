"""MeloTTS against the golden vectors, small size; `make golden` also runs the published size."""

from __future__ import annotations

import json

import pytest

from tests.golden import melotts
from tests.golden.filled import GOLDEN, component_of
from tests.golden.frame import Outcome
from workers.engines.melotts.frontend.romance import french


def failures(outcomes: list[Outcome]) -> list[str]:
    assert outcomes
    return [outcome.name for outcome in outcomes if not outcome.passed]


def test_the_synthesizer_computes_what_the_original_does() -> None:
    assert not failures(list(melotts.synthesizer(component_of("melotts/synthesizer"))))


def test_text_features_are_spread_as_in_the_original() -> None:
    assert not failures(list(melotts.text_features(component_of("melotts/text_features"))))


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_front_ends_read_as_the_original_does(language: str) -> None:
    assert not failures(list(melotts.frontend(GOLDEN / "melotts" / f"frontend_{language}.json")))


def test_a_liaison_stays_with_the_call_that_made_it() -> None:
    content = json.loads((GOLDEN / "melotts" / "frontend_fr.json").read_text("utf-8"))
    frontend = french(lambda text: text.split())
    alone = frontend.phonemes("99")
    for sentence in content["sentences"]:
        frontend.phonemes(sentence["text"])
    assert frontend.phonemes("99") == alone
