import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import Capability, Catalog, OptionValue
from pipelines.errors import PermanentError
from tests.engines.conftest import only, said, word_error_rate
from workers.contract import Audio, Device, Progress, RecognitionRequest, Segment, TranscriptionInfo
from workers.enginekit import Options
from workers.engines.faster_whisper.engine import FasterWhisper
from workers.engines.faster_whisper.options import arguments

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

    assert (chunks[0].audio_tokens, chunks[0].text_tokens) == (math.ceil(audio.seconds * 50), 0)

    for segment in only(Segment, iter(chunks)):
        decoding = segment.decoding
        assert decoding is not None
        # The numbers of the vocabulary are those of the text, the marks of time among them.
        assert whisper._whisper.hf_tokenizer.decode(decoding.tokens).strip() == segment.text
        assert decoding.seek % 100 == 0 <= decoding.no_speech_prob < 0.5 < decoding.compression_ratio < 2.4
        assert -1 < decoding.avg_logprob < 0 == decoding.temperature

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
    chunks = list(whisper.transcribe(recording(ENGLISH), prompted))
    assert "Dashwoode" in said(iter(chunks))
    encoded = whisper._whisper.hf_tokenizer.encode(
        " The brother, Mister Jon Dashwoode, was there.", add_special_tokens=False
    )
    assert chunks[0].text_tokens == len(encoded.ids) > 5


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


@pytest.fixture(scope="module")
def tiny(engine: Callable[[str], Any]) -> Any:
    return engine("whisper-tiny.en")


@pytest.fixture(scope="module")
def long(recording: Recording) -> Audio:
    """More than one window: the English recording five times, with pauses between."""
    pause = np.zeros(8000, np.float32)
    return Audio(np.concatenate([part for _ in range(5) for part in (recording(ENGLISH).samples, pause)]), 16000)


def test_english_only_weights_hear_english_and_say_what_they_compute_in(
    tiny: Any, recording: Recording, transcripts: Transcripts
) -> None:
    chunks = list(tiny.transcribe(recording(ENGLISH), RecognitionRequest(options={"beam_size": 1})))
    assert (chunks[0].language, chunks[0].compute_type) == ("en", "int8_float32")
    assert word_error_rate(transcripts[ENGLISH]["text"], said(iter(chunks))) <= 0.1


@pytest.mark.parametrize(
    ("request_", "code"),
    [(RecognitionRequest(translate=True), "unsupported_kind"), (RecognitionRequest("es"), "unsupported_language")],
)
def test_english_only_weights_refuse_the_rest(
    tiny: Any, recording: Recording, request_: RecognitionRequest, code: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        list(tiny.transcribe(recording(SPANISH), request_))
    assert caught.value.code == code


def test_batches_hear_the_same_words(tiny: Any, long: Audio, transcripts: Transcripts) -> None:
    options = {"beam_size": 1, "word_timestamps": True, "batch_size": 4}
    segments = only(Segment, tiny.transcribe(long, RecognitionRequest(options=options)))
    assert word_error_rate(" ".join([transcripts[ENGLISH]["text"]] * 5), said(iter(segments))) <= 0.05
    times = [time for segment in segments for word in segment.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 30 < times[-1] <= long.seconds


def test_only_the_clips_are_heard(tiny: Any, long: Audio) -> None:
    request = RecognitionRequest(options={"clip_timestamps": "7.6, 14.7", "word_timestamps": False, "beam_size": 1})
    segments = only(Segment, tiny.transcribe(long, request))
    assert segments
    assert all(7.5 <= segment.start < segment.end <= 15 for segment in segments)


def test_every_option_reaches_the_library(tiny: Any, recording: Recording) -> None:
    options: dict[str, OptionValue] = {
        "temperature": 0.4,
        "best_of": 2,
        "patience": 1.5,
        "length_penalty": 0.9,
        "repetition_penalty": 1.1,
        "no_repeat_ngram_size": 4,
        "max_new_tokens": 3,
        "suppress_tokens": "-1,50257",
        "vad_filter": True,
        "vad_neg_threshold": 0.2,
        "vad_max_speech_duration_s": 20,
        "hotwords": "Dashwood",
        "prefix": "Well",
        "hallucination_silence_threshold": 2,
        "without_timestamps": True,
    }
    assert len(said(tiny.transcribe(recording(ENGLISH), RecognitionRequest(options=options))).split()) <= 4


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"clip_timestamps": "5,2"}, "options.clip_timestamps"),
        ({"clip_timestamps": "1,2", "batch_size": 2}, "options.clip_timestamps"),
        ({"vad_neg_threshold": 0.6}, "options.vad_neg_threshold"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(
    tiny: Any, recording: Recording, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        list(tiny.transcribe(recording(ENGLISH), RecognitionRequest(options=options)))
    assert (caught.value.code, caught.value.field) == ("invalid_option", field)


def test_the_fallback_follows_the_likeliest_text_alone(catalog: Catalog) -> None:
    model = catalog.models["whisper-tiny.en"]

    def temperatures(**given: Any) -> Any:
        return arguments(Options.of(model, given))["temperature"]

    assert temperatures() == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert temperatures(temperature_fallback="") == [0.0]
    assert temperatures(temperature_fallback="0.5, 1") == [0.0, 0.5, 1.0]
    assert temperatures(temperature=0.3) == [0.3]


def test_weights_say_what_they_cannot(catalog: Catalog) -> None:
    family = catalog.models["whisper-tiny.en"].family
    assert not catalog.models["whisper-tiny.en"].supports(Capability.TRANSLATION)
    assert catalog.models["whisper-base"].supports(Capability.TRANSLATION)
    unable = {name for name, weights in family.weights.items() if weights.capabilities == ("transcription",)}
    english = {name for name, weights in family.weights.items() if weights.languages == ("en",)}
    assert english == {name for name in family.weights if name.endswith(".en") or name.startswith("distil")}
    assert unable == english | {"large-v3-turbo"}
    assert {name for name, weights in family.weights.items() if "yue" in weights.languages} == {
        "large-v3",
        "large-v3-turbo",
    }


def test_a_compute_type_that_the_device_lacks_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    model = replace(catalog.models["whisper-tiny.en"], settings={"compute_type": "int3"})
    with pytest.raises(PermanentError, match="'int3' is not one of auto, default, float32") as caught:
        FasterWhisper.load(model, tmp_path, Device())
    assert caught.value.code == "invalid_setting"
