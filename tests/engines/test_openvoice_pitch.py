import numpy as np
import pytest

from workers.contract import Samples
from workers.engines.openvoice.pitch import shifted, stretched

RATE = 22050


def voice(seconds: float = 3.0) -> Samples:
    """Harmonics of a gliding pitch of 120 Hz under two formants, at 600 and 2200 Hz."""
    time = np.arange(round(RATE * seconds)) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 20 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    waves = [
        (np.exp(-(((k * 120 - 600) / 400) ** 2)) + 0.4 * np.exp(-(((k * 120 - 2200) / 400) ** 2))) * np.sin(k * phase)
        for k in range(1, 40)
    ]
    made = np.sum(waves, axis=0)
    return np.asarray(0.3 * made / np.abs(made).max(), np.float32)


def pitches(samples: Samples) -> Samples:
    """The pitch of each 2048 samples, by autocorrelation, in Hz."""
    found = []
    for start in range(4096, len(samples) - 6144, 1024):
        part = samples[start : start + 2048]
        likeness = np.correlate(part, part, "full")[2047:]
        found.append(RATE / (55 + int(np.argmax(likeness[55:360]))))
    return np.array(found)


def centroid(samples: Samples) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((power * np.fft.rfftfreq(len(samples), 1 / RATE)).sum() / power.sum())


@pytest.mark.parametrize("semitones", [-4.0, -0.5, 4.0, 12.0])
def test_the_pitch_moves_and_length_loudness_and_formants_stay(semitones: float) -> None:
    source = voice()
    moved = shifted(source, RATE, semitones)
    assert moved.dtype == np.float32
    assert len(moved) == len(source)
    ratio = float(np.median(pitches(moved) / pitches(source)))
    assert ratio == pytest.approx(2 ** (semitones / 12), rel=0.015)
    assert float(np.std(moved)) == pytest.approx(float(np.std(source)), rel=0.01)
    # Resampling alone would move it by as much as the pitch.
    assert centroid(moved) == pytest.approx(centroid(source), rel=0.1)


def test_nothing_to_shift_changes_nothing() -> None:
    source = voice(0.5)
    assert shifted(source, RATE, 0.0) is source
    short = source[:1000]
    assert shifted(short, RATE, 3.0) is short


def test_silence_stays_silent() -> None:
    assert not shifted(np.zeros(RATE, np.float32), RATE, 5.0).any()


@pytest.mark.parametrize("factor", [0.5, 1.3, 2.0])
def test_stretching_keeps_the_pitch(factor: float) -> None:
    source = voice()
    longer = stretched(source, RATE, factor)
    assert len(longer) == round(len(source) * factor)
    assert float(np.median(pitches(longer))) == pytest.approx(float(np.median(pitches(source))), rel=0.03)
