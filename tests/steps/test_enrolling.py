"""The check of a saved voice with the real models: what a recording is accepted, warned about and refused for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media.client import MediaHelper
from pipelines.catalog import Capability, Model, load_catalog
from pipelines.errors import PermanentError
from pipelines.nearest import built_in, file_of, nearest_voice
from pipelines.planning import Planned
from pipelines.voices import SavedVoice, Space, VoiceStatus
from pipelines.workflows.enrolment import enrolment
from storage.local import LocalArtifacts
from tests.steps.chain import Chain
from workers.contract import Audio, Samples, SpeechRegion
from workers.pitch import median_pitch
from workers.speakers import MOST, Limits, count_speakers, parts_of
from workers.wav import read_wav

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "data" / "speech"
ENGLISH, SPANISH = "librivox-austen-en.flac", "asterisk-conference-es.flac"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, media: MediaHelper) -> Chain:
    """The default models."""
    return Chain(load_catalog(ROOT / "config.yml"), LocalArtifacts(tmp_path_factory.mktemp("real")), media)


@pytest.fixture(scope="module")
def voices(media: MediaHelper, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    """The recordings of two people, at 16 kHz."""
    folder, found = tmp_path_factory.mktemp("voices"), {}
    for name in (ENGLISH, SPANISH):
        media.decode(SPEECH / name, folder / "audio.wav", sample_rate=16000)
        found[name] = read_wav(folder / "audio.wav").samples
    return found


def default(real: Chain, kind: Capability) -> Model:
    model = real.catalog.default(kind)
    assert model is not None
    return model


def checked(real: Chain, recording: Audio | bytes) -> dict[str, Any]:
    """What the check says of a recording."""
    found = enrolment(real.catalog, "voice_1")
    document = real.go(Planned(found.plan, found.model, None), {"audio": recording}).document
    return dict(document or {})


@pytest.mark.models
@pytest.mark.parametrize(("name", "gender"), [(SPANISH, "female"), (ENGLISH, "male")])
def test_a_voice_is_one_speaker_and_nearest_to_one_of_its_kind(real: Chain, name: str, gender: str) -> None:
    document = checked(real, (SPEECH / name).read_bytes())
    check, vector = document["check"], tuple(document["embedding"]["vector"])
    assert (check["speakers"], check["warnings"], len(vector)) == (1, [], 192)
    measured = real.document("segments")
    assert 6.0 < measured["speech_seconds"] < measured["seconds"] < 7.5
    preview = [ref for _, ref in real.made if ref.role == "preview"][-1]
    assert 2.0 < len(read_wav(real.store.read(preview.key, preview.sha256)).samples) / 16000 <= 10.0

    encoder, kokoro = default(real, Capability.EMBEDDING), default(real, Capability.SPEECH)
    saved = SavedVoice("voice_1", VoiceStatus.READY, None, {Space.of(encoder): vector}, pitch=check["pitch"])
    nearest = nearest_voice(saved, kokoro)
    assert nearest is not None
    voice = kokoro.voice(nearest.voice)
    assert voice is not None
    assert (voice.gender, nearest.similarity > 0.1) == (gender, True)
    british = nearest_voice(saved, kokoro, "en-GB")
    assert british is not None
    assert british.voice.startswith(f"b{gender[0]}_")
    # Vectors of other weights cannot be compared, nor with voices that nobody has listened to.
    other = SavedVoice("voice_1", VoiceStatus.READY, None, {Space("campplus", "other"): vector})
    assert nearest_voice(other, kokoro) is None
    assert nearest_voice(saved, encoder) is None


@pytest.mark.models
def test_every_built_in_voice_can_be_compared(real: Chain) -> None:
    encoder, kokoro = default(real, Capability.EMBEDDING), default(real, Capability.SPEECH)
    known = built_in(file_of(kokoro))
    assert known is not None
    assert known.space == Space.of(encoder), "run `python -m benchmarks.voices` again"
    missing = {voice.id for voice in kokoro.voices if voice.language.startswith("en")} - known.vectors.keys()
    assert missing == set() == known.vectors.keys() ^ known.pitches.keys()
    assert all(len(vector) == 192 for vector in known.vectors.values())


@pytest.mark.models
def test_two_people_in_one_recording_are_refused(real: Chain, voices: dict[str, Samples]) -> None:
    with pytest.raises(PermanentError) as caught:
        checked(real, Audio(np.concatenate([voices[ENGLISH], voices[SPANISH]]), 16000))
    assert (caught.value.code, caught.value.field) == ("reference_several_speakers", "audio")
    assert caught.value.detail.startswith("2 people")


@pytest.mark.models
def test_a_recording_that_is_far_too_loud_is_refused_and_a_loud_one_is_noted(
    real: Chain, voices: dict[str, Samples]
) -> None:
    voice = voices[ENGLISH] / np.abs(voices[ENGLISH]).max()
    with pytest.raises(PermanentError) as caught:
        checked(real, Audio(np.clip(voice * 8, -1, 1), 16000))
    assert caught.value.code == "reference_clipped"
    noted = checked(real, Audio(np.clip(voice * 3, -1, 1), 16000))["check"]
    assert [warning["code"] for warning in noted["warnings"]] == ["clipped"]


@pytest.mark.models
def test_a_short_recording_is_taken_with_a_word_about_it(real: Chain, voices: dict[str, Samples]) -> None:
    noted = checked(real, Audio(voices[ENGLISH][: 3 * 16000], 16000))["check"]
    assert noted["speakers"] is None
    assert [warning["code"] for warning in noted["warnings"]] == ["little_speech", "speakers_unknown"]


@pytest.mark.parametrize(
    ("seconds", "level", "code"),
    [(1.5, 0.1, "reference_too_short"), (3, 0.0, "reference_silent"), (3, 0.01, "reference_no_speech")],
)
@pytest.mark.models
def test_what_holds_no_voice_is_refused(real: Chain, seconds: float, level: float, code: str) -> None:
    noise = np.random.default_rng(1).normal(0, 1, round(seconds * 16000)) * level
    with pytest.raises(PermanentError) as caught:
        checked(real, Audio(noise.astype(np.float32), 16000))
    assert caught.value.code == code


LIMITS = Limits(0.5, 0.3)


def around(*directions: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Unit vectors in a plane, at these angles in degrees."""
    angles = np.radians(directions)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("directions", "speakers"),
    [
        ([0, 10, 20, 30], 1),
        ([0, 10, 90, 100], 2),
        ([0, 5, 120, 125, 240, 245], 3),
        ([0, 10, 65, 75], None),
        ([0], None),
        ([0, 90], 2),
        # One part of ten that is unlike the rest is a cough.
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 90], 1),
    ],
)
def test_speakers_are_counted_where_they_are_far_apart(directions: list[float], speakers: int | None) -> None:
    assert count_speakers(around(*directions), LIMITS) == speakers


def test_parts_are_long_enough_to_know_a_voice_by_and_not_too_many() -> None:
    assert parts_of([SpeechRegion(0, 1.5), SpeechRegion(2, 4), SpeechRegion(5, 11.6)]) == [
        SpeechRegion(2, 4),
        SpeechRegion(5, 8.3),
        SpeechRegion(8.3, 11.6),
    ]
    many = parts_of([SpeechRegion(10 * place, 10 * place + 10) for place in range(60)])
    assert len(many) == MOST
    assert (many[0].start, many[-1].end) == (0, 600)


@pytest.mark.parametrize("pitch", [82.0, 110.0, 233.3, 400.0])
def test_the_pitch_of_a_buzz_is_found_and_of_noise_none(pitch: float) -> None:
    times = np.arange(16000) / 16000
    buzz = sum(np.sin(2 * np.pi * pitch * order * times) / order for order in range(1, 12))
    found = median_pitch(Audio(np.asarray(buzz, np.float32) * np.float32(0.2), 16000))
    assert found == pytest.approx(pitch, rel=0.01)
    noise = np.random.default_rng(3).normal(0, 0.1, 16000).astype(np.float32)
    assert median_pitch(Audio(noise, 16000)) is None
    assert median_pitch(Audio(np.zeros(16000, np.float32), 16000)) is None
