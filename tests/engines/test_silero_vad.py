from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engines.conftest import only
from workers.contract import Audio, Progress, SpeechRegion
from workers.engines.silero_vad.regions import Rules, regions

ENGLISH = "librivox-austen-en.flac"
Recording = Callable[[str], Audio]


@pytest.fixture(scope="module")
def silero(engine: Callable[[str], Any]) -> Any:
    return engine("silero-vad")


@pytest.mark.models
def test_speech_is_found_between_pauses(silero: Any, recording: Recording) -> None:
    voice = recording(ENGLISH).samples
    pause = np.zeros(3 * 16000, np.float32)
    audio = Audio(np.concatenate([pause, voice, pause, voice]), 16000)
    chunks = list(silero.detect(audio, {}))
    found = only(SpeechRegion, iter(chunks))

    assert only(Progress, iter(chunks))[-1].fraction == pytest.approx(1.0)
    inside = [(3.0, 10.1), (13.1, audio.seconds)]
    assert all(any(low - 0.1 <= region.start < region.end <= high + 0.1 for low, high in inside) for region in found)
    assert sum(region.end - region.start for region in found) == pytest.approx(13.2, abs=1.2)
    assert silero_regions(silero, audio) == found


@pytest.mark.models
@pytest.mark.parametrize("level", [0.0, 0.001, 0.1])
def test_noise_is_not_speech(silero: Any, level: float) -> None:
    noise = np.random.default_rng(2).normal(0, 1, 10 * 16000) * level
    assert silero_regions(silero, Audio(noise.astype(np.float32), 16000)) == []


@pytest.mark.models
def test_recordings_shorter_than_a_frame_work(silero: Any) -> None:
    assert silero_regions(silero, Audio(np.zeros(1, np.float32), 16000)) == []


@pytest.mark.models
def test_options_change_what_is_found(silero: Any, recording: Recording) -> None:
    audio = recording(ENGLISH)
    padded = silero_regions(silero, audio, speech_pad_ms=300)
    bare = silero_regions(silero, audio, speech_pad_ms=0)
    assert padded[0].start < bare[0].start
    assert silero_regions(silero, audio, min_speech_duration_ms=60000) == []
    assert len(silero_regions(silero, audio, min_silence_duration_ms=0)) >= len(bare)


def silero_regions(silero: Any, audio: Audio, **options: Any) -> list[SpeechRegion]:
    return only(SpeechRegion, silero.detect(audio, options))


FRAME = 0.1
YES, MAYBE, NO = 0.9, 0.4, 0.1


def found(frames: list[float], **changes: float) -> list[tuple[float, float]]:
    rules = {"threshold": 0.5, "min_speech": 0.0, "min_silence": 0.0, "pad": 0.0} | changes
    raw = regions(frames, FRAME, len(frames) * FRAME, Rules(**rules))
    return [(round(start, 3), round(end, 3)) for start, end in raw]


def test_speech_goes_on_while_it_is_probable_enough() -> None:
    assert found([NO, YES, MAYBE, YES, NO, MAYBE]) == [(0.1, 0.4)]
    assert found([MAYBE, NO]) == []


def test_a_short_pause_does_not_end_it() -> None:
    frames = [YES, NO, YES, NO, NO, NO, YES]
    assert found(frames) == [(0.0, 0.1), (0.2, 0.3), (0.6, 0.7)]
    assert found(frames, min_silence=0.15) == [(0.0, 0.3), (0.6, 0.7)]


def test_a_short_burst_is_dropped_after_joining() -> None:
    frames = [YES, NO, YES, NO, NO, NO, YES]
    assert found(frames, min_silence=0.15, min_speech=0.2) == [(0.0, 0.3)]


def test_padding_stays_inside_and_shares_the_pause() -> None:
    frames = [NO, YES, NO, NO, YES, NO]
    assert found(frames, pad=0.05) == [(0.05, 0.25), (0.35, 0.55)]
    assert found(frames, pad=5.0) == [(0.0, 0.3), (0.3, 0.6)]
