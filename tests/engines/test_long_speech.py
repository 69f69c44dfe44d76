"""A text of several paragraphs on a real model, clause by clause: every word is heard, with the pauses of speech.

`make soak` gives it 3,000 characters (HARMONY_SOAK_CHARACTERS).
"""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.client import MediaHelper
from pipelines.catalog import Catalog
from storage.local import LocalArtifacts
from tests.engines.conftest import resampled, said, word_error_rate
from tests.steps.chain import Chain
from workers.contract import Audio, RecognitionRequest
from workers.residency import Residency

# misaki opens its lexicon by a call that Python deprecates.
pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")]

CHARACTERS = int(os.environ.get("HARMONY_SOAK_CHARACTERS", "300"))
TEXT = """
The old lighthouse stood alone at the end of the harbour. Nobody had lived there for a long time, and the paint was
falling off the door.

One evening a light came on. It was small at first, but soon everybody in the village could see it, and they wondered
who it was.

The next morning the children ran along the beach to look. The door was open, and the smell of fresh bread came out of
the kitchen.
"""
PARAGRAPHS = [" ".join(paragraph.split()) for paragraph in TEXT.split("\n\n")]


@pytest.fixture
def chain(catalog: Catalog, residency: Residency, tmp_path: Path) -> Chain:
    chain = Chain(catalog, LocalArtifacts(tmp_path), MediaHelper())
    chain.residency = residency
    return chain


def test_a_long_text_is_heard_word_by_word(chain: Chain, engine: Callable[[str], Any]) -> None:
    count = max(1, round(CHARACTERS / 140))
    text = "\n\n".join(PARAGRAPHS[number % len(PARAGRAPHS)] for number in range(count))
    result = chain.run({"kind": "speech", "model": "kokoro", "input": {"text": text}, "options": {"voice": "af_heart"}})
    sound = chain.sound()
    assert sound.seconds == pytest.approx(len(text) / 15, rel=0.35)
    whisper = engine("whisper-base")
    understood = said(whisper.transcribe(resampled(sound, 16000), RecognitionRequest(language="en")))
    assert word_error_rate(text, understood) < 0.08, understood
    # Between paragraphs 0.6 s, between sentences 0.3: nothing breaks off, and nobody waits.
    pauses = _pauses(sound)
    assert sum(pause > 0.5 for pause in pauses) == count - 1, pauses
    assert max(pauses, default=0.0) < 0.8
    assert result.said == {"spoken_text": text}


def _pauses(sound: Audio) -> list[float]:
    """Silences inside the sound that are longer than 0.15 s, in seconds."""
    frame = sound.sample_rate // 100
    frames = sound.samples[: len(sound.samples) // frame * frame].reshape(-1, frame)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, axis=1)) > 10 ** (-45 / 20))
    gaps = [(right - left - 1) / 100 for left, right in pairwise(loud.tolist())]
    return [gap for gap in gaps if gap > 0.15]
