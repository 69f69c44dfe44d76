"""Post-processing through the real step and the real helper, on recorded speech: each option by its measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from media.formats import AudioFormat
from pipelines.errors import PermanentError
from pipelines.jobs import Action, Plan, Step
from pipelines.planning import Planned
from pipelines.postprocessing import PostProcessing
from tests.contract.subjects import voice
from tests.loudness import Planes, decoded, loudness, true_peak
from tests.steps.chain import Chain
from workers.contract import Audio
from workers.wav import write_wav

RATE = 24000
SPEECH = voice(0, RATE)


@dataclass(frozen=True)
class Finished:
    planes: Planes
    rate: int
    said: Mapping[str, Any]
    seconds: float

    @property
    def loudness(self) -> float:
        return loudness(self.planes, self.rate)

    @property
    def peak(self) -> float:
        return true_peak(self.planes, self.rate)


def finished(chain: Chain, audio: Audio | bytes, form: AudioFormat = "wav", **asked: Any) -> Finished:
    """What the step makes of a sound."""
    options = {"format": form, "asked": dict(PostProcessing.model_validate(asked).asked)}
    plan = Plan((Step("finish", Action.FINISH, "io", options=options),))
    result = chain.go(Planned(plan, chain.catalog.models["tone"], None), {"audio": audio})
    [output] = result.outputs
    ref = [made for number, made in chain.made if number == 0][-1]
    content = chain.store.read(ref.key, ref.sha256)
    assert result.said is not None
    said = result.said["post_processing"]
    planes, rate = decoded(content, form, said["channels"], said["sample_rate"])
    # Opus is decoded at 48 kHz, whatever it was made at.
    assert said["sample_rate"] == ref.sample_rate
    assert rate == (48000 if form == "opus" else ref.sample_rate)
    assert ref.media_type == output.media_type
    assert ref.seconds is not None
    return Finished(planes, rate, said, ref.seconds)


@pytest.mark.parametrize("target", [-40.0, -23.0, -16.0, -12.0])
def test_loudness_lands_on_its_target_and_the_peak_stays_below_its_limit(chain: Chain, target: float) -> None:
    made = finished(chain, SPEECH, loudness=target)
    assert made.loudness == pytest.approx(target, abs=0.5)
    assert made.peak < -0.8
    assert made.said["loudness"]["reached"]
    assert made.said["loudness"]["before"] == pytest.approx(loudness(SPEECH.samples[None], RATE), abs=0.2)
    assert made.said["loudness"]["after"] == pytest.approx(made.loudness, abs=0.2)
    assert made.said["peak"]["limit"] == -1
    assert made.seconds == pytest.approx(SPEECH.seconds, abs=1e-3)


@pytest.mark.parametrize("limit", [-20.0, -9.0, -1.0])
def test_a_peak_is_held_back_and_nothing_else_changes(chain: Chain, limit: float) -> None:
    made = finished(chain, SPEECH, peak=limit)
    assert made.peak < limit + 0.2
    assert made.said["gain"] == 0
    before = true_peak(SPEECH.samples[None], RATE)
    if before < limit:
        assert np.abs(made.planes[0] - SPEECH.samples).max() < 2e-4


def test_what_cannot_be_both_keeps_the_peak_and_says_so(chain: Chain) -> None:
    made = finished(chain, SPEECH, loudness=-5, peak=-20)
    assert made.peak < -19.7
    assert made.said["loudness"]["reached"] is False


def silent(*parts: tuple[float, float]) -> Audio:
    """Stretches of a hum, each (seconds, amplitude); 0 is silence."""
    pieces = [level * np.sin(2 * np.pi * 440 * np.arange(round(length * RATE)) / RATE) for length, level in parts]
    return Audio(np.concatenate(pieces).astype(np.float32), RATE)


def test_silence_at_both_ends_goes_and_that_between_stays(chain: Chain) -> None:
    sound = silent((0.7, 0.0), (0.5, 0.3), (0.4, 0.0), (0.5, 0.3), (1.2, 0.001))
    made = finished(chain, sound, trim_silence=True)
    assert made.seconds == pytest.approx(1.4 + 0.1, abs=0.021)
    assert made.said["trimmed"]["start"] == pytest.approx(0.65, abs=0.011)
    # The quiet hum at the end is −63 dB: a lower threshold keeps it.
    kept = finished(chain, sound, trim_silence={"threshold_db": -70, "keep_ms": 0})
    assert kept.seconds == pytest.approx(2.6, abs=0.021)
    assert finished(chain, sound, trim_silence=False, fade_in=0.1).seconds == pytest.approx(3.3)


def test_fades_begin_and_end_at_nothing(chain: Chain) -> None:
    made = finished(chain, silent((2.0, 0.5)), fade_in=0.5, fade_out=1.0)
    level = np.abs(made.planes[0])
    assert level[:24].max() < 0.002
    assert level[-24:].max() < 0.002
    assert level[6000 - 60 : 6000 + 60].max() == pytest.approx(0.25, abs=0.01)
    assert level[36000 - 60 : 36000 + 60].max() == pytest.approx(0.25, abs=0.01)
    assert level[14000:22000].max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("speed", [0.25, 0.8, 1.5, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(chain: Chain, speed: float) -> None:
    made = finished(chain, silent((4.0, 0.3)), speed=speed)
    assert made.seconds == pytest.approx(4.0 / speed, rel=1e-3)
    plane = made.planes[0]
    assert np.abs(np.fft.rfft(plane)).argmax() / made.seconds == pytest.approx(440, rel=0.01)
    assert np.square(plane[len(plane) // 2 :]).mean() > 0.5 * 0.045


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "opus", "aac", "pcm"])
def test_two_channels_survive_every_format(chain: Chain, form: AudioFormat) -> None:
    rate = 48000 if form == "opus" else 44100
    made = finished(chain, SPEECH, form, channels=2, sample_rate=rate)
    assert made.planes.shape[0] == 2
    assert made.rate == rate
    assert made.seconds == pytest.approx(SPEECH.seconds, abs=0.01)
    assert made.planes.shape[1] / rate == pytest.approx(SPEECH.seconds, abs=0.15)
    # Each side is as loud as the one that there was.
    assert loudness(made.planes[:1], rate) == pytest.approx(loudness(SPEECH.samples[None], RATE), abs=0.5)
    assert np.abs(made.planes[0] - made.planes[1]).max() < 0.05


@pytest.mark.parametrize("form", ["mp3", "opus", "aac"])
def test_a_lossy_format_keeps_the_limit_as_well(chain: Chain, form: AudioFormat) -> None:
    """What it makes of the sound is measured; else MP3's peaks were 0.4 dB too high, and Opus 0.6 LU too quiet."""
    made = finished(chain, SPEECH, form, loudness=-14, peak=-3)
    assert made.peak < -2.7
    assert made.loudness == pytest.approx(-14, abs=0.5)


def test_all_of_it_together(chain: Chain) -> None:
    sound = Audio(np.concatenate([np.zeros(RATE, np.float32), SPEECH.samples, np.zeros(RATE, np.float32)]), RATE)
    asked: dict[str, Any] = {"loudness": -18, "peak": -2, "trim_silence": {"keep_ms": 100}, "fade_in": 0.05}
    asked |= {"fade_out": 0.1, "sample_rate": 32000, "channels": 2, "speed": 1.25}
    made = finished(chain, sound, "mp3", **asked)
    assert made.loudness == pytest.approx(-18, abs=0.5)
    assert made.peak < -1.7
    assert (made.rate, made.planes.shape[0]) == (32000, 2)
    assert made.seconds == pytest.approx((SPEECH.seconds + 0.2) / 1.25, abs=0.3)
    assert made.said["speed"] == 1.25
    assert made.said["trimmed"]["start"] > 0.8


def test_silence_gets_no_gain_and_says_so(chain: Chain) -> None:
    nothing = Audio(np.zeros(2 * RATE, np.float32), RATE)
    made = finished(chain, nothing, loudness=-16, trim_silence=True, speed=2, channels=2)
    assert not made.planes.any()
    assert made.seconds == 1.0
    assert made.said["gain"] == 0
    assert made.said["loudness"] == {
        "before": None, "after": None, "target": -16, "reached": False, "reason": "silent"
    }  # fmt: skip
    assert made.said["trimmed"] == {"start": 0, "end": 0}


@pytest.mark.parametrize("form", ["wav", "mp3", "flac"])
def test_one_sample_is_enough(chain: Chain, form: AudioFormat) -> None:
    for speed in (0.25, 1.0, 4.0):
        asked: dict[str, Any] = {"trim_silence": True, "fade_in": 1, "fade_out": 1, "channels": 2, "loudness": -16}
        made = finished(chain, Audio(np.full(1, 0.5, np.float32), RATE), form, speed=speed, sample_rate=48000, **asked)
        assert made.planes.shape[1] >= 1
        assert made.said["loudness"]["reason"] == "too_short"


def test_what_is_longer_than_the_limit_or_no_sound_of_ours_is_refused(chain: Chain) -> None:
    with pytest.raises(PermanentError, match="not a WAV") as refused:
        finished(chain, b"ID3 nothing", loudness=-16)
    assert refused.value.code == "audio_undecodable"
    with pytest.raises(PermanentError) as empty:
        finished(chain, write_wav(Audio(np.zeros(0, np.float32), RATE)), loudness=-16)
    assert empty.value.code == "audio_empty"
