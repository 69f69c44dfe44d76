"""Speech at another pace: its length, its pitch, its onsets, and the time that it takes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from workers.contract import Samples
from workers.stretching import stretched

SPEEDS = (0.25, 0.5, 0.7, 0.9, 1.1, 1.5, 2.0, 4.0)


def hum(rate: int, seconds: float = 2.0, pitch: float = 220.0) -> Samples:
    times = np.arange(round(rate * seconds)) / rate
    return (0.3 * np.sin(2 * np.pi * pitch * times) + 0.1 * np.sin(4 * np.pi * pitch * times)).astype(np.float32)


def pitch_of(samples: Samples, rate: int) -> float:
    bins = 1 << 19
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples)), bins)).argmax()) * rate / bins


@pytest.mark.parametrize("rate", [8000, 24000, 44100])
@pytest.mark.parametrize("speed", SPEEDS)
def test_length_changes_and_pitch_and_strength_do_not(speed: float, rate: int) -> None:
    sound = hum(rate)
    made = stretched(sound, rate, speed)
    assert len(made) == round(len(sound) / speed)
    assert made.dtype == np.float32
    assert pitch_of(made, rate) == pytest.approx(220, rel=0.01)
    frame = rate // 50
    frames = made[: len(made) // frame * frame].reshape(-1, frame)
    strong = np.sqrt(np.square(frames).mean(axis=1))
    assert np.abs(strong[:-1] - strong.mean()).max() < 0.1 * strong.mean()
    assert strong[-1] > 0.5 * strong.mean(), "the end is not lost"


def test_the_beginning_stays() -> None:
    sound = hum(24000)
    for speed in SPEEDS:
        made = stretched(sound, 24000, speed)
        assert np.array_equal(made[:300], sound[:300])


def clicks(rate: int) -> Samples:
    """Ten bursts of 20 ms, as of a plosive, over a soft hum."""
    noise = np.random.default_rng(0)
    sound = (hum(rate, 3.0, 120.0) * 0.05).astype(np.float32)
    size = rate // 50
    for number in range(10):
        start = round((0.2 + 0.27 * number) * rate)
        sound[start : start + size] += (
            0.3 * noise.standard_normal(size) * np.exp(-np.arange(size) / (0.005 * rate))
        ).astype(np.float32)
    return sound


def onsets(samples: Samples, rate: int) -> int:
    frame = rate // 200
    energy = np.square(np.diff(samples[: len(samples) // frame * frame], prepend=0.0)).reshape(-1, frame).sum(axis=1)
    before = np.maximum(energy[1:-1], energy[:-2])
    return int(((energy[2:] > 8 * before) & (energy[2:] > 0.05 * energy.max())).sum())


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.7, 0.9, 1.2, 1.5])
def test_no_onset_is_heard_twice_and_none_is_lost(speed: float) -> None:
    sound = clicks(24000)
    assert onsets(sound, 24000) == 10
    assert onsets(stretched(sound, 24000, speed), 24000) == 10


def test_what_is_too_short_or_silent_is_stretched_too() -> None:
    for count in (0, 1, 2, 359, 360, 361, 720, 721, 1500):
        for speed in (0.25, 0.7, 1.3, 4.0):
            for level in (0.0, 0.1):
                made = stretched(np.full(count, level, np.float32), 24000, speed)
                assert len(made) == (max(1, round(count / speed)) if count else 0)
                assert np.isfinite(made).all()


def test_speed_one_is_the_same_and_speeds_out_of_bounds_are_refused() -> None:
    sound = hum(8000)
    assert stretched(sound, 8000, 1.0) is sound
    for speed in (0.2, 4.1, 0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=r"from 0\.25 to 4"):
            stretched(sound, 8000, speed)


def test_it_takes_a_small_part_of_the_time_that_is_spoken() -> None:
    """Measured: 0.001–0.007 of it at 24 kHz; the bound leaves room for a busy machine."""
    sound = hum(24000, 10.0)
    shares = []
    for _ in range(3):
        begun = time.process_time()
        made = stretched(sound, 24000, 0.7)
        shares.append((time.process_time() - begun) / (len(made) / 24000))
    assert min(shares) < 0.03, shares
