import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError
from tests.engines.conftest import only, resampled
from workers.contract import Audio, Progress, SpeechRegion
from workers.engines.silero_vad.regions import Rules, regions

ENGLISH = "librivox-austen-en.flac"
SPANISH = "asterisk-conference-es.flac"
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


#: What the package silero-vad 6.2.3 itself finds, in samples: recording, sampling rate, options, stretches.
PUBLISHED: list[tuple[str, int, dict[str, Any], list[tuple[int, int]]]] = [
    (ENGLISH, 16000, {}, [(5152, 110560)]),
    (ENGLISH, 16000, {"threshold": 0.3, "speech_pad_ms": 200}, [(1920, 113600)]),
    (
        ENGLISH,
        16000,
        {"max_speech_duration_s": 2.0},
        [(5152, 36608), (36608, 67840), (67840, 99072), (99072, 110560)],
    ),
    (
        ENGLISH,
        8000,
        {
            "max_speech_duration_s": 3.0,
            "use_max_poss_sil_at_max_speech": False,
            "min_silence_at_max_speech": 40,
        },
        [(1808, 25472), (25472, 49024), (49024, 55280)],
    ),
    (SPANISH, 8000, {"threshold": 0.3, "speech_pad_ms": 200}, [(0, 51067)]),
    (
        SPANISH,
        16000,
        {"neg_threshold": 0.45, "min_silence_duration_ms": 20, "min_speech_duration_ms": 0},
        [(2592, 100320)],
    ),
]


@pytest.mark.models
@pytest.mark.parametrize("case", PUBLISHED)
def test_the_stretches_are_those_of_the_published_program(
    silero: Any, recording: Recording, case: tuple[str, int, dict[str, Any], list[tuple[int, int]]]
) -> None:
    name, rate, options, expected = case
    audio = recording(name)
    audio = audio if audio.sample_rate == rate else resampled(audio, rate)
    regions = silero_regions(silero, audio, return_seconds=False, **options)
    assert [(region.start * rate, region.end * rate) for region in regions] == pytest.approx(expected)

    [first, *_] = silero_regions(silero, audio, time_resolution=1, **options)
    last = min(round(expected[0][1] / rate, 1), audio.seconds)
    assert (first.start, first.end) == (round(expected[0][0] / rate, 1), last)


@pytest.mark.models
def test_a_pause_threshold_above_that_of_speech_is_refused(silero: Any, recording: Recording) -> None:
    with pytest.raises(PermanentError) as caught:
        silero_regions(silero, recording(ENGLISH), threshold=0.5, neg_threshold=0.6)
    assert (caught.value.code, caught.value.field) == ("invalid_option", "options.neg_threshold")


@pytest.mark.models
def test_another_sampling_rate_is_refused(silero: Any) -> None:
    with pytest.raises(PermanentError) as caught:
        silero_regions(silero, Audio(np.zeros(44100, np.float32), 44100))
    assert caught.value.code == "sample_rate"


def silero_regions(silero: Any, audio: Audio, **options: Any) -> list[SpeechRegion]:
    return only(SpeechRegion, silero.detect(audio, options))


FRAME = 100
YES, MAYBE, NO = 0.9, 0.4, 0.1


def found(frames: list[float], length: int | None = None, **changes: Any) -> list[tuple[int, int]]:
    rules = {
        "threshold": 0.5,
        "neg_threshold": 0.35,
        "min_speech": 0,
        "max_speech": math.inf,
        "min_silence": 0,
        "min_silence_at_cut": 90,
        "cut_at_longest": True,
        "pad": 0,
    }
    return regions(frames, FRAME, length or len(frames) * FRAME, Rules(**(rules | changes)))


def test_speech_goes_on_while_it_is_probable_enough() -> None:
    assert found([NO, YES, MAYBE, YES, NO, MAYBE]) == [(100, 400)]
    assert found([MAYBE, NO]) == []
    assert found([NO, YES], length=150) == [(100, 150)]


def test_a_short_pause_does_not_end_it() -> None:
    frames = [YES, NO, YES, NO, NO, NO, YES]
    assert found(frames) == [(0, 100), (200, 300), (600, 700)]
    assert found(frames, min_silence=150) == [(0, 300), (600, 700)]


def test_a_short_burst_is_dropped_after_joining() -> None:
    frames = [YES, NO, YES, NO, NO, NO, YES]
    assert found(frames, min_silence=150, min_speech=200) == [(0, 300)]


def test_padding_stays_inside_and_shares_the_pause() -> None:
    frames = [NO, YES, NO, NO, YES, NO]
    assert found(frames, pad=50) == [(50, 250), (350, 550)]
    assert found(frames, pad=5000) == [(0, 300), (300, 600)]


def test_what_is_too_long_is_cut_at_its_longest_pause_or_its_last_or_where_it_is() -> None:
    frames = [YES, NO, NO, YES, YES, NO, YES, YES, YES]
    long = {"max_speech": 650, "min_silence": 350}
    assert found(frames, **long) == [(0, 100), (300, 900)]
    assert found(frames, **long, cut_at_longest=False, min_silence_at_cut=0) == [(0, 100), (300, 900)]
    assert found([YES] * 9, **long) == [(0, 700), (800, 900)]
