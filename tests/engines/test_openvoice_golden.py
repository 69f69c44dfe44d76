from pathlib import Path

import numpy as np
import pytest

from tests.golden import openvoice
from tests.golden.__main__ import DEFAULT
from tests.golden.frame import Component
from workers.vits.config import VitsConfig

ROOT = DEFAULT / "openvoice"


def component(name: str) -> Component:
    return Component(ROOT / name, "manifest")


@pytest.mark.parametrize("name", ["base_speaker_v1_en", "base_speaker_v1_zh"])
def test_base_speakers_speak_as_the_original(name: str) -> None:
    outcomes = list(openvoice.base_speakers(component(name)))
    assert len(outcomes) > 30
    assert [outcome for outcome in outcomes if not outcome.passed] == []


@pytest.mark.parametrize("name", ["tone_converter_v1", "tone_converter_v2"])
def test_converters_convert_as_the_original(name: str) -> None:
    outcomes = list(openvoice.tone_converter(component(name)))
    assert len(outcomes) == 14
    assert [outcome for outcome in outcomes if not outcome.passed] == []


def test_spectrograms_are_the_originals() -> None:
    outcomes = list(openvoice.spectrograms(component("spectrogram")))
    assert [outcome.name for outcome in outcomes if outcome.passed] == ["spec_a", "spec_b", "spec_c", "spec_silence"]


def test_one_changed_weight_is_noticed() -> None:
    changed = component("tone_converter_v2")
    bias = changed.weights["flow.flows.2.post.bias"]
    bias += np.float32(0.01)
    failed = {outcome.name for outcome in openvoice.tone_converter(changed) if not outcome.passed}
    assert {"z_p", "audio"} <= failed
    assert "z" not in failed


def test_v1_and_v2_differ_in_who_hears_the_speaker() -> None:
    first, second = (VitsConfig.model_validate(component(f"tone_converter_{v}").config).model for v in ("v1", "v2"))
    assert (first.zero_g, second.zero_g) == (False, True)


def test_the_folder_of_golden_vectors_is_whole() -> None:
    assert {path.name for path in Path(ROOT).iterdir() if path.is_dir()} == {
        "spectrogram",
        "tone_converter_v1",
        "tone_converter_v2",
        "base_speaker_v1_en",
        "base_speaker_v1_zh",
    }
