from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError
from tests.engines.conftest import only
from workers.contract import Audio, Embedding, EmbeddingRequest, Progress, Samples

pytestmark = pytest.mark.models

ENGLISH = "librivox-austen-en.flac"
SPANISH = "asterisk-conference-es.flac"
Recording = Callable[[str], Audio]


@pytest.fixture(scope="module")
def campplus(engine: Callable[[str], Any]) -> Any:
    return engine("campplus")


def vector(campplus: Any, samples: Samples) -> Samples:
    [embedding] = only(Embedding, campplus.embed(Audio(samples, 16000), EmbeddingRequest()))
    assert embedding.family == "campplus"
    assert embedding.vector.dtype == np.float32
    return embedding.vector


def test_one_speaker_is_nearer_to_herself_than_to_another(campplus: Any, recording: Recording) -> None:
    english, spanish = recording(ENGLISH).samples, recording(SPANISH).samples
    halves = [vector(campplus, half) for samples in (english, spanish) for half in np.array_split(samples, 2)]
    assert all(np.linalg.norm(half) == pytest.approx(1.0, abs=1e-5) for half in halves)
    assert all(half.shape == (192,) for half in halves)
    alike = np.array(halves) @ np.array(halves).T
    assert min(alike[0, 1], alike[2, 3]) > 0.6
    assert alike[:2, 2:].max() < 0.4


def test_long_recordings_are_heard_in_windows(campplus: Any, recording: Recording) -> None:
    voice = recording(ENGLISH).samples
    long = Audio(np.tile(voice, 3), 16000)
    chunks = list(campplus.embed(long, EmbeddingRequest()))
    assert [chunk.fraction for chunk in only(Progress, iter(chunks))] == pytest.approx([0.5, 1.0])
    assert float(only(Embedding, iter(chunks))[0].vector @ vector(campplus, voice)) > 0.9


def test_a_call_leaves_nothing_behind_and_loudness_does_not_matter(campplus: Any, recording: Recording) -> None:
    first = vector(campplus, recording(ENGLISH).samples)
    vector(campplus, recording(SPANISH).samples)
    assert np.array_equal(first, vector(campplus, recording(ENGLISH).samples))
    assert float(first @ vector(campplus, recording(ENGLISH).samples * np.float32(0.3))) > 0.99


@pytest.mark.parametrize(
    ("seconds", "level", "code"), [(0.49, 0.1, "audio_too_short"), (2, 0.0, "audio_silent"), (0, 0.1, "audio_empty")]
)
def test_what_holds_no_voice_is_refused(campplus: Any, seconds: float, level: float, code: str) -> None:
    noise = (np.random.default_rng(3).normal(0, 1, int(seconds * 16000)) * level).astype(np.float32)
    with pytest.raises(PermanentError) as caught:
        list(campplus.embed(Audio(noise, 16000), EmbeddingRequest()))
    assert caught.value.code == code


def test_the_shortest_recording_that_is_taken(campplus: Any, recording: Recording) -> None:
    assert np.isfinite(vector(campplus, recording(ENGLISH).samples[16000:24000])).all()
