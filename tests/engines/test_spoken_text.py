"""Speech of what is not words: Kokoro says what normalisation makes of it, Whisper hears it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engines.conftest import only, resampled, said, word_error_rate
from workers.contract import Audio, RecognitionRequest, SynthesisRequest
from workers.text.clauses import clauses
from workers.text.normalise import normalised

# misaki opens its lexicon by a call that Python deprecates.
pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")]

WRITTEN = (
    "The ticket costs $12.50, and the train leaves at 3:45 pm on 3/4/2026. It goes at 90 km/h. "
    "Read **more** at https://example.com/trains or write to jane@example.org! 🚆"
)


def test_what_is_written_short_is_heard_in_words(engine: Callable[[str], Any]) -> None:
    text = normalised(WRITTEN, "en-US")
    kokoro, whisper = engine("kokoro"), engine("whisper-base")
    pieces = [
        chunk.samples
        for clause in clauses(text, "en-US")
        for chunk in only(Audio, kokoro.synthesize(SynthesisRequest(clause.text, "af_heart", "en-US")))
    ]
    sound = Audio(np.concatenate(pieces), 24000)
    heard = normalised(said(whisper.transcribe(resampled(sound, 16000), RecognitionRequest(language="en"))), "en-US")
    assert word_error_rate(text.replace("-", " "), heard.replace("-", " ")) < 0.12, heard
    for words in ("twelve dollars and fifty cents", "three forty-five", "march fourth", "ninety kilometers per hour"):
        assert words in heard.lower()
    assert "example dot com" in heard.lower()
