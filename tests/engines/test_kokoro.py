# ruff: noqa: RUF001 - phonetic letters are what is compared here
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError
from tests.engines.conftest import only, resampled, said, spoken, word_error_rate
from workers.contract import Audio, RecognitionRequest, SynthesisRequest

# misaki opens its lexicon by a call that Python deprecates.
pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")]

PLAIN = "The quick brown fox jumps over the lazy dog. Then it runs away into the forest, and nobody sees it again."
NAMES = "Frodo Baggins and Gandalf walked with Voldemort to the hyperloop station, where the chatbots were waiting."
NUMBERS = "In 1987, the company paid $3.50 for 1,250 shares, about 12.5% of the total."


@pytest.fixture(scope="module")
def kokoro(engine: Callable[[str], Any]) -> Any:
    return engine("kokoro")


@pytest.fixture(scope="module")
def heard(engine: Callable[[str], Any]) -> Callable[[Audio], str]:
    whisper = engine("whisper-base")
    return lambda audio: said(whisper.transcribe(resampled(audio, 16000), RecognitionRequest(language="en")))


@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
@pytest.mark.parametrize("text", [PLAIN, NAMES, NUMBERS], ids=["plain", "names", "numbers"])
def test_what_it_says_is_understood(kokoro: Any, heard: Callable[[Audio], str], voice: str, text: str) -> None:
    audio = spoken(kokoro, SynthesisRequest(text, voice, None))
    assert audio.sample_rate == 24000
    assert np.abs(audio.samples).max() <= 1.0
    understood = heard(audio)
    assert word_error_rate(text, understood) < 0.1, understood


def test_sentences_come_one_by_one(kokoro: Any) -> None:
    chunks = kokoro.synthesize(SynthesisRequest(PLAIN, "am_adam", "en-US"))
    first = next(chunks)
    assert isinstance(first, Audio)
    assert len(only(Audio, chunks)) == 1


def test_speed_changes_the_length(kokoro: Any) -> None:
    normal, fast, slow = (
        spoken(kokoro, SynthesisRequest("Far away.", "af_bella", None, {"speed": speed})).seconds
        for speed in (1.0, 2.0, 0.5)
    )
    assert fast < 0.8 * normal < normal < 0.8 * slow


def test_a_sentence_over_the_model_s_context_is_cut_and_nothing_is_lost(kokoro: Any) -> None:
    phrase = "the quick brown fox jumps over the lazy dog and runs "
    [once] = kokoro._token_runs(phrase.strip(), kokoro._american)
    runs = list(kokoro._token_runs((phrase * 40).strip(), kokoro._american))
    assert len(runs) >= 4
    assert all(0 < len(run) <= 510 for run in runs)
    assert sum(map(len, runs)) >= 40 * len(once)


def test_a_call_leaves_nothing_behind(kokoro: Any) -> None:
    first = spoken(kokoro, SynthesisRequest("One two three.", "af_heart", None))
    spoken(kokoro, SynthesisRequest("Something else.", "bf_emma", None, {"speed": 1.5}))
    again = spoken(kokoro, SynthesisRequest("One two three.", "af_heart", None))
    assert np.array_equal(first.samples, again.samples)


def test_all_28_english_voices_speak(kokoro: Any, catalog: Any) -> None:
    voices = [voice for voice in catalog.get("kokoro").family.voices if voice.language.startswith("en")]
    assert len(voices) == 28
    sounds = [spoken(kokoro, SynthesisRequest("Hi.", voice.id, None)).samples for voice in voices]
    assert len({sound.tobytes() for sound in sounds}) == 28


@pytest.mark.parametrize("text", ["...", "🙂", "—!", "你好", " "])
def test_text_without_words_is_refused(kokoro: Any, text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        list(kokoro.synthesize(SynthesisRequest(text, "af_heart", None)))
    assert caught.value.code == "text_not_speakable"


def test_an_unknown_voice_is_refused(kokoro: Any) -> None:
    with pytest.raises(PermanentError) as caught:
        list(kokoro.synthesize(SynthesisRequest("Hi.", "kf_none", None)))
    assert caught.value.code == "unknown_voice"


@pytest.mark.parametrize(
    ("text", "american", "british"),
    [
        ("Zorbleflex", "zˈɔɹbəlfˌɛks", "zˈɔːbəlfˌɛks"),
        ("the FBI", "ði ˌɛfbˌiˈI", "ði ˌɛfbˌiːˈI"),
        ("GPT-4o", "ʤˌipˌitˈi fˈɔɹ ˈO", "ʤˌiːpˌiːtˈiː fˈɔː ˈQ"),
    ],
)
def test_phonemes_of_what_the_lexicon_lacks(kokoro: Any, text: str, american: str, british: str) -> None:
    assert kokoro._american.phonemes(text).startswith(american)
    assert kokoro._british.phonemes(text).startswith(british)


def test_no_markup_in_a_text_is_obeyed(kokoro: Any) -> None:
    """Misaki alone would speak the phonemes in the brackets instead of the word."""
    assert "ɛks" in kokoro._american.phonemes("[go](/x/)")


def test_a_mixture_is_the_mean_of_its_voices_by_weight(kokoro: Any, heard: Callable[[Audio], str]) -> None:
    heart, adam, mixed = (
        kokoro._style(kokoro._mixed(voice)) for voice in ("af_heart", "am_adam", "af_heart(2)+am_adam(1)")
    )
    assert np.allclose(mixed, (2 * heart + adam) / 3, atol=1e-6)
    assert mixed.dtype == np.float32
    audio = spoken(kokoro, SynthesisRequest(PLAIN, "af_heart(2)+am_adam(1)", None))
    assert word_error_rate(PLAIN, heard(audio)) < 0.1
    alone = spoken(kokoro, SynthesisRequest("One two three.", "af_heart", None))
    same = spoken(kokoro, SynthesisRequest("One two three.", "af_heart(3)", None))
    assert np.array_equal(alone.samples, same.samples)


def test_a_mixture_with_a_voice_that_is_not_there_names_it(kokoro: Any) -> None:
    with pytest.raises(PermanentError, match="There is no voice 'am_nobody'"):
        spoken(kokoro, SynthesisRequest("Hello.", "af_heart+am_nobody", None))
