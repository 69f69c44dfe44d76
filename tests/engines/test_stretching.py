"""What Kokoro says is still understood at another pace than its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engines.conftest import resampled, said, spoken, word_error_rate
from workers.contract import Audio, RecognitionRequest, SynthesisRequest
from workers.stretching import stretched

pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")]

TEXT = "The quick brown fox jumps over the lazy dog."


def test_whisper_understands_kokoro_when_it_is_stretched(engine: Callable[[str], Any]) -> None:
    own = spoken(engine("kokoro"), SynthesisRequest(TEXT, "bf_emma", None))
    for speed in (0.7, 1.5):
        sound = Audio(stretched(own.samples, own.sample_rate, speed), own.sample_rate)
        assert sound.seconds == pytest.approx(own.seconds / speed, rel=0.01)
        heard = said(engine("whisper-base").transcribe(resampled(sound, 16000), RecognitionRequest("en")))
        assert word_error_rate(TEXT, heard) == 0
