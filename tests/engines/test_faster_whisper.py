import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError
from tests.engines.conftest import only, said, word_error_rate
from workers.contract import Audio, Progress, RecognitionRequest, Segment, TranscriptionInfo

pytestmark = pytest.mark.models

ENGLISH = "librivox-austen-en.flac"
SPANISH = "asterisk-conference-es.flac"
Recording = Callable[[str], Audio]
Transcripts = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def whisper(engine: Callable[[str], Any]) -> Any:
    return engine("whisper-base")


def test_english_is_transcribed_with_word_times(whisper: Any, recording: Recording, transcripts: Transcripts) -> None:
    audio = recording(ENGLISH)
    chunks = list(whisper.transcribe(audio, RecognitionRequest()))

    assert isinstance(chunks[0], TranscriptionInfo)
    assert chunks[0].language == "en"
    assert chunks[0].language_probability > 0.9
    assert chunks[0].duration == pytest.approx(audio.seconds)
    assert word_error_rate(transcripts[ENGLISH]["text"], said(iter(chunks))) <= 0.1

    words = [word for segment in only(Segment, iter(chunks)) for word in segment.words]
    times = list(itertools.chain.from_iterable((word.start, word.end) for word in words))
    assert len(words) >= 20
    assert times == sorted(times)
    assert times[-1] <= audio.seconds
    assert all(0 <= word.probability <= 1 and word.word == word.word.strip() for word in words)
    assert only(Progress, iter(chunks))[-1].fraction <= 1.0


def test_spanish_is_found_and_translated(whisper: Any, recording: Recording) -> None:
    chunks = list(whisper.transcribe(recording(SPANISH), RecognitionRequest(translate=True)))

    assert chunks[0].language == "es"
    translation = said(iter(chunks)).lower()
    assert all(word in translation for word in ("conference", "our", "glorious", "leader")), translation


def test_spanish_is_transcribed_in_spanish(whisper: Any, recording: Recording, transcripts: Transcripts) -> None:
    heard = said(whisper.transcribe(recording(SPANISH), RecognitionRequest(language="es-MX")))
    assert word_error_rate(transcripts[SPANISH]["text"], heard) <= 0.15


def test_words_are_left_out_when_not_asked_for(whisper: Any, recording: Recording) -> None:
    request = RecognitionRequest(language="en", options={"word_timestamps": False, "beam_size": 1})
    segments = only(Segment, whisper.transcribe(recording(ENGLISH), request))
    assert segments
    assert all(segment.words == () for segment in segments)


def test_the_prompt_sets_the_spelling(whisper: Any, recording: Recording) -> None:
    plain = said(whisper.transcribe(recording(ENGLISH), RecognitionRequest(language="en")))
    prompted = RecognitionRequest(language="en", options={"prompt": "The brother, Mister Jon Dashwoode, was there."})
    assert "Dashwoode" not in plain
    assert "Dashwoode" in said(whisper.transcribe(recording(ENGLISH), prompted))


@pytest.mark.parametrize("silence", [np.zeros(48000), np.full(48000, 5e-5)])
def test_silence_has_no_segments(whisper: Any, silence: Any) -> None:
    chunks = list(whisper.transcribe(Audio(silence.astype(np.float32), 16000), RecognitionRequest()))
    assert [type(chunk) for chunk in chunks] == [TranscriptionInfo]


def test_the_vad_filter_leaves_noise_out(whisper: Any) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 48000).astype(np.float32)
    request = RecognitionRequest(language="en", options={"vad_filter": True})
    assert only(Segment, whisper.transcribe(Audio(noise, 16000), request)) == []


def test_a_call_leaves_nothing_behind(whisper: Any, recording: Recording) -> None:
    first = list(whisper.transcribe(recording(ENGLISH), RecognitionRequest()))
    list(whisper.transcribe(recording(SPANISH), RecognitionRequest(options={"prompt": "Hola."})))
    assert list(whisper.transcribe(recording(ENGLISH), RecognitionRequest())) == first


@pytest.mark.parametrize(
    ("audio", "request_", "code"),
    [
        (Audio(np.zeros(0, np.float32), 16000), RecognitionRequest(), "audio_empty"),
        (Audio(np.ones(800, np.float32), 8000), RecognitionRequest(), "sample_rate"),
        (Audio(np.ones(800, np.float32), 16000), RecognitionRequest(language="tlh"), "unsupported_language"),
    ],
)
def test_bad_input_is_refused(whisper: Any, audio: Audio, request_: RecognitionRequest, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        list(whisper.transcribe(audio, request_))
    assert caught.value.code == code
