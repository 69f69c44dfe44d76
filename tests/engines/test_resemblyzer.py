from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog import Catalog
from pipelines.errors import PermanentError
from tests.engines.conftest import only
from workers.contract import Audio, Device, Embedding, EmbeddingRequest, Progress, Samples, SpeechRegion
from workers.engines.resemblyzer.engine import Resemblyzer
from workers.ge2e.parts import part_starts
from workers.ge2e.sound import mel_frames, raised, without_long_pauses

pytestmark = pytest.mark.models

ENGLISH = "librivox-austen-en.flac"
SPANISH = "asterisk-conference-es.flac"
Recording = Callable[[str], Audio]

#: The largest numbers of what the package resemblyzer 0.1.4 itself makes of the two recordings, by their places.
PUBLISHED = {
    ENGLISH: {162: 0.24730568, 89: 0.24149503, 243: 0.23839796, 212: 0.22698528},
    SPANISH: {102: 0.23451376, 148: 0.23164904, 243: 0.22631915, 173: 0.21904376},
}


@pytest.fixture(scope="module")
def resemblyzer(engine: Callable[[str], Any]) -> Any:
    return engine("resemblyzer")


def vector(resemblyzer: Any, audio: Audio, *segments: SpeechRegion) -> Samples:
    [embedding] = only(Embedding, resemblyzer.embed(audio, EmbeddingRequest(segments=segments)))
    assert embedding.family == "resemblyzer"
    assert embedding.vector.dtype == np.float32
    assert embedding.vector.shape == (256,)
    assert np.linalg.norm(embedding.vector) == pytest.approx(1.0, abs=1e-5)
    return embedding.vector


@pytest.mark.parametrize("name", [ENGLISH, SPANISH])
def test_the_vector_is_that_of_the_published_program(resemblyzer: Any, recording: Recording, name: str) -> None:
    made = vector(resemblyzer, recording(name))
    assert {place: made[place] for place in PUBLISHED[name]} == pytest.approx(PUBLISHED[name], abs=1e-5)
    assert set(np.argsort(made)[-4:].tolist()) == set(PUBLISHED[name])


def test_one_speaker_is_nearer_to_herself_than_to_another(resemblyzer: Any, recording: Recording) -> None:
    halves = [
        vector(resemblyzer, Audio(half, 16000))
        for name in (ENGLISH, SPANISH)
        for half in np.array_split(recording(name).samples, 2)
    ]
    alike = np.array(halves) @ np.array(halves).T
    assert min(alike[0, 1], alike[2, 3]) > 0.77 > alike[:2, 2:].max()


def test_only_the_segments_are_heard(resemblyzer: Any, recording: Recording) -> None:
    voice = recording(ENGLISH)
    both = Audio(np.concatenate([voice.samples, recording(SPANISH).samples]), 16000)
    made = vector(resemblyzer, both, SpeechRegion(0.0, voice.seconds))
    assert {place: made[place] for place in PUBLISHED[ENGLISH]} == pytest.approx(PUBLISHED[ENGLISH], abs=1e-5)


def test_long_recordings_are_heard_in_batches_and_nothing_stays(resemblyzer: Any, recording: Recording) -> None:
    before = vector(resemblyzer, recording(SPANISH))
    long = Audio(np.tile(recording(ENGLISH).samples, 4), 16000)
    fractions = [chunk.fraction for chunk in only(Progress, resemblyzer.embed(long, EmbeddingRequest()))]
    assert len(fractions) > 1
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert np.array_equal(vector(resemblyzer, recording(SPANISH)), before)


@pytest.mark.parametrize(
    ("seconds", "level", "code"),
    [(0.49, 0.1, "audio_too_short"), (2, 0.0, "audio_silent"), (0, 0.1, "audio_empty"), (2, 0.0002, "audio_no_speech")],
)
def test_what_holds_no_voice_is_refused(resemblyzer: Any, seconds: float, level: float, code: str) -> None:
    hum = level * np.sin(2 * np.pi * 60 * np.arange(int(seconds * 16000)) / 16000)
    with pytest.raises(PermanentError) as caught:
        list(resemblyzer.embed(Audio(hum.astype(np.float32), 16000), EmbeddingRequest()))
    assert caught.value.code == code


def test_a_checkpoint_of_other_sizes_is_refused_by_name(catalog: Catalog, tmp_path: Any) -> None:
    model = catalog.models["resemblyzer"]
    torch.save({"model_state": {"linear.bias": torch.zeros(3)}}, tmp_path / "pretrained.pt")
    with pytest.raises(PermanentError, match=r"missing: lstm.weight_ih_l0.*of another shape: linear.bias") as caught:
        Resemblyzer.load(model, tmp_path, Device())
    assert caught.value.code == "weights_mismatch"


def test_parts_cover_the_recording() -> None:
    assert part_starts(100, 77) == [0]
    assert part_starts(160 * 160, 77) == [0]
    assert part_starts(160 * (77 + 119), 77) == [0]
    assert part_starts(160 * (77 + 120), 77) == [0, 77]


def test_the_volume_is_raised_and_never_lowered() -> None:
    soft = np.full(1000, 1e-3, np.float32)
    assert raised(soft) == pytest.approx(np.full(1000, 10 ** (-30 / 20)), rel=1e-4)
    loud = np.full(1000, 0.5, np.float32)
    assert raised(loud) is loud
    assert np.array_equal(raised(np.zeros(10, np.float32)), np.zeros(10))


def test_long_pauses_are_cut_and_short_ones_kept(recording: Recording) -> None:
    voice = raised(recording(ENGLISH).samples)
    pause = np.zeros(32000, np.float32)
    kept = len(without_long_pauses(voice))
    assert len(without_long_pauses(np.concatenate([voice, pause, voice]))) == pytest.approx(2 * kept, abs=16000)
    assert len(without_long_pauses(np.zeros(479, np.float32))) == 0


def test_a_tone_lies_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(1600) / 16000)
    frames = mel_frames(torch.from_numpy(tone.astype(np.float32)))
    assert frames.shape == (8, 40)
    # 1000 Hz is 15 mel of the Slaney scale; 8 kHz is 45.245.
    assert int(frames[0].argmax()) == round(15 / 45.245 * 41) - 1
