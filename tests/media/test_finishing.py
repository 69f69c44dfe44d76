"""Post-processing in the helper keeps its limits: what is too long, too large or stopped costs its request alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.client import MediaHelper
from media.effects import Effects
from media.protocol import MediaLimits
from pipelines.errors import PermanentError, StepCancelled
from workers.contract import Audio
from workers.wav import read_wav, write_wav

RATE = 8000
#: Ten seconds that come in are the most here.
LIMITS = MediaLimits(audio_seconds=10, output_bytes=500_000)


@pytest.fixture(scope="module")
def helper() -> Iterator[MediaHelper]:
    helper = MediaHelper(LIMITS)
    yield helper
    helper.close()


@pytest.fixture(scope="module")
def ten_seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finishing") / "ten.wav"
    times = np.arange(10 * RATE) / RATE
    path.write_bytes(write_wav(Audio((0.3 * np.sin(2 * np.pi * 300 * times)).astype(np.float32), RATE)))
    return path


def test_all_that_may_come_in_may_be_played_slowly(helper: MediaHelper, ten_seconds: Path, tmp_path: Path) -> None:
    target = tmp_path / "slow.wav"
    made = helper.render(ten_seconds, target, Effects(end=10 * RATE, speed=0.5))
    assert (made.samples, made.seconds) == (20 * RATE, 20)
    assert len(read_wav(target).samples) == 20 * RATE
    assert made.loudness == pytest.approx(helper.measure(ten_seconds).loudness, abs=0.3)


def test_what_is_too_long_is_refused(helper: MediaHelper, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(write_wav(Audio(np.zeros(12 * RATE, np.float32), RATE)))
    with pytest.raises(PermanentError, match="longer than 10 seconds") as refused:
        helper.render(path, tmp_path / "out.wav", Effects(end=12 * RATE))
    assert refused.value.code == "audio_too_long"
    assert not (tmp_path / "out.wav").exists()


def test_what_becomes_too_large_is_refused(helper: MediaHelper, ten_seconds: Path, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="larger than one request may write") as refused:
        helper.render(ten_seconds, tmp_path / "out.wav", Effects(end=10 * RATE, sample_rate=48000, channels=2))
    assert refused.value.code == "decode_limit"
    assert not (tmp_path / "out.wav").exists()
    assert helper.measure(ten_seconds).samples == 10 * RATE


def test_it_stops_when_asked(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    long.write_bytes(write_wav(Audio(np.full(100 * RATE, 0.3, np.float32), RATE)))
    patient = MediaHelper(MediaLimits(audio_seconds=100))
    # More than a glance's work on any machine: the limiter runs at four times the rate.
    effects = Effects(end=100 * RATE, speed=0.25, sample_rate=48000, ceiling=-20.0)
    try:
        with pytest.raises(StepCancelled):
            patient.render(long, tmp_path / "out.wav", effects, should_stop=lambda: True)
        assert not (tmp_path / "out.wav").exists()
        assert patient.measure(long).samples == 100 * RATE
    finally:
        patient.close()
