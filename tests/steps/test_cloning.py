"""Every workflow of cloning and conversion, from recordings to sound, and what a recording is refused for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError
from pipelines.voices import Known, Nearest, SavedVoice, VoiceStatus
from tests.steps.chain import Chain
from workers.contract import Audio, Embedding
from workers.engines.tone.voices import bands, pitch_of

RATE = 8000
SPEECH = Path(__file__).parents[1] / "data" / "speech"
HERE = {"audio": {"data": "x"}}


def tone(pitch: float, seconds: float = 2.5, rate: int = RATE) -> Audio:
    times = np.arange(round(seconds * rate)) / rate
    return Audio((0.4 * np.sin(2 * np.pi * pitch * times)).astype(np.float32), rate)


def speech(model: str, reference: dict[str, Any], **options: Any) -> dict[str, Any]:
    asked = {"text": "Hello, hello, hello.", "reference": reference}
    return {"kind": "speech", "model": model, "input": asked, "options": options}


def conversion(target: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"kind": "voice_conversion", "model": "tone", "input": {**HERE, "target": target}, "options": options}


def pitch(audio: Audio) -> float:
    """As far as the family can tell it: by bands of 250 Hz."""
    return pitch_of(Embedding(bands(audio.samples), "tone"), "tone", audio.sample_rate)


def given(audio: Audio) -> dict[str, Any]:
    return {"embedding": {"family": "tone", "vector": [float(value) for value in bands(audio.samples)]}}


@pytest.mark.parametrize("model", ["tone", "parts", "itself", "through"])
def test_every_recipe_speaks_like_the_reference(chain: Chain, model: str) -> None:
    high, low = tone(1800, rate=44100), tone(300)
    for reference, other in ((high, low), (low, high)):
        chain.run(speech(model, HERE), {"reference": reference})
        made = chain.sound()
        at_rate = tone(1800 if reference is high else 300)
        assert made.seconds == pytest.approx(1.0, abs=0.02)
        assert abs(pitch(made) - pitch(at_rate)) < abs(pitch(made) - pitch(other)), model
        # The embedding that was made stands for the recording.
        vector = chain.document("embedding")["embedding"]
        assert vector["dimensions"] == len(vector["vector"]) == 16
        chain.run(speech(model, {"embedding": vector}))
        assert np.array_equal(chain.sound().samples, made.samples)


def test_a_conversion_is_exactly_as_long_as_its_source(chain: Chain) -> None:
    source = tone(400, 1.2345)
    for target in (HERE, HERE | {"segments": [{"start": 0.5, "end": 2}]}, given(tone(1500))):
        recordings = {"target": tone(1500)} if "audio" in target else {}
        chain.run(conversion(target, chunks=7), {"audio": source, **recordings})
        made = chain.sound()
        assert len(made.samples) == len(source.samples)
        assert pitch(made) == pytest.approx(pitch(tone(1500)), rel=0.2)


def test_only_the_segments_are_listened_to(chain: Chain) -> None:
    mixed = Audio(np.concatenate([tone(300, 2).samples, tone(1800, 2).samples]), RATE)
    found = {}
    # What lies beyond the end is left out.
    for name, start, end in (("low", 0, 2), ("high", 2, 9)):
        chain.run(speech("tone", HERE | {"segments": [{"start": start, "end": end}]}), {"reference": mixed})
        found[name] = pitch(chain.sound())
    assert found["low"] < 500
    assert found["high"] > 1500


def test_the_nearest_voice_is_told_in_the_result(chain: Chain) -> None:
    voice = SavedVoice("voice_1", VoiceStatus.READY, None)
    known = Known({"voice_1": voice}, lambda _voice, _model, _language: Nearest("square", 0.5))
    body = {"kind": "speech", "model": "plain", "input": {"text": "Hi."}}
    asked = {"options": {"voice": "voice_1", "voice_match": "nearest", "format": "flac"}}
    assert chain.run({**body, **asked}, known=known).document == {"voice_used": "square", "similarity": 0.5}


def test_a_real_detector_finds_the_speech_at_any_rate(hearing: Chain) -> None:
    """The recording is decoded at the encoder's 8 kHz, the detector listens at 16."""
    recording = (SPEECH / "librivox-austen-en.flac").read_bytes()
    hearing.run(speech("tone", HERE), {"reference": recording})
    document = hearing.document("segments")
    assert 5 < document["speech_seconds"] < document["seconds"]
    assert document["clipped_share"] == 0
    assert all(0 < part["end"] - part["start"] <= 10 for part in document["segments"])


BAD: dict[str, tuple[Audio, dict[str, Any], str]] = {
    "short": (tone(300, 1.9), HERE, "reference_too_short"),
    "long": (tone(300, 20.5), HERE, "reference_too_long"),
    "silent": (Audio(np.zeros(3 * RATE, np.float32), RATE), HERE, "reference_silent"),
    "no speech": (Audio(tone(300, 3).samples * np.float32(0.01), RATE), HERE, "reference_no_speech"),
    "little speech": (Audio(np.pad(tone(300, 0.8).samples, (0, 2 * RATE)), RATE), HERE, "reference_too_short"),
    "segments beyond the end": (tone(300), HERE | {"segments": [{"start": 2, "end": 9}]}, "reference_too_short"),
    "silent segments": (
        Audio(np.zeros(3 * RATE, np.float32), RATE),
        HERE | {"segments": [{"start": 0, "end": 2}]},
        "reference_silent",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_recording_that_will_not_do_is_refused_by_field(chain: Chain, name: str) -> None:
    audio, source, code = BAD[name]
    for body, role in ((speech("through", source), "reference"), (conversion(source), "target")):
        if name == "long" and role == "target":
            continue
        with pytest.raises(PermanentError) as refused:
            chain.run(body, {"audio": tone(300), role: audio})
        assert (refused.value.code, refused.value.field) == (code, f"input.{role}")


def test_noise_is_no_speech_to_a_real_detector(hearing: Chain) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)
    with pytest.raises(PermanentError) as refused:
        hearing.run(speech("tone", HERE), {"reference": Audio(noise, RATE)})
    assert refused.value.code == "reference_no_speech"
