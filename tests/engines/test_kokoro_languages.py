# ruff: noqa: RUF001 - other scripts and phonetic letters are what is tested here
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import pytest

from pipelines.errors import PermanentError
from tests.engines.conftest import resampled, said, spoken, word_error_rate
from workers.contract import RecognitionRequest, SynthesisRequest
from workers.engines.kokoro.espeak import EspeakPhonemizer
from workers.engines.kokoro.foreign import halves, sentences
from workers.engines.kokoro.japanese import JapanesePhonemizer

# misaki opens its lexicon by a call that Python deprecates.
pytestmark = [pytest.mark.models, pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")]

espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")

SPANISH = "La casa de mi hermana está cerca del mar, y todos los veranos vamos a verla."
JAPANESE = "今日はとても天気がいいので、公園を散歩しました。"
CHINESE = "今天天气很好，我们一起去公园散步吧。"


@pytest.fixture(scope="module")
def kokoro(engine: Callable[[str], Any]) -> Any:
    return engine("kokoro")


def heard(engine: Callable[[str], Any], kokoro: Any, text: str, voice: str, language: str) -> str:
    audio = resampled(spoken(kokoro, SynthesisRequest(text, voice, language)), 16000)
    return said(engine("whisper-base").transcribe(audio, RecognitionRequest(language=language)))


def signs(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


@espeak
def test_spanish_is_understood(engine: Callable[[str], Any], kokoro: Any) -> None:
    understood = heard(engine, kokoro, SPANISH, "ef_dora", "es")
    assert word_error_rate(SPANISH, understood) < 0.15, understood


@pytest.mark.parametrize(("text", "voice", "language"), [(JAPANESE, "jf_alpha", "ja"), (CHINESE, "zf_xiaoxiao", "zh")])
def test_chinese_and_japanese_are_understood(
    engine: Callable[[str], Any], kokoro: Any, text: str, voice: str, language: str
) -> None:
    understood = heard(engine, kokoro, text, voice, language)
    assert jiwer.cer(signs(text), signs(understood)) < 0.35, understood


def test_all_54_voices_have_a_reading_and_a_style(kokoro: Any, catalog: Any) -> None:
    voices = catalog.get("kokoro").family.voices
    assert len({voice.id for voice in voices}) == 54
    assert all((kokoro._folder / "voices" / f"{voice.id}.bin").is_file() for voice in voices)
    for language in {voice.language for voice in voices}:
        assert kokoro._reading(language) is not None
    assert not any(voice.language.startswith("ko") for voice in voices)


@espeak
@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Hola, ¿cómo estás? «Bien» (12,5).", "ˈola, ¿kˈomo estˈas? “bjˈen” (dˈoθe kˌoma θˈinko)."),
        ("fr-FR", "L'hôtel : le parking.", "lotˈɛl : lə pˈɑːkɪŋ."),
        ("it", "Perché no? Gli amici.", "perkˌe nˈɔ? ʎɪ amˈiʧɪ."),
        ("pt-BR", "Não há ninguém.", "nˌɐ̃ʊ̃ a niŋɡˈAŋ."),
        ("hi", "नमस्ते, गाड़ी।", "nəmˈʌsteː, ɡˈaːɽi."),
    ],
)
def test_espeak_s_phonemes_in_kokoro_s_signs(language: str, text: str, expected: str) -> None:
    assert EspeakPhonemizer(language).phonemes(text) == expected


@espeak
def test_nothing_to_say_asks_nobody_and_signs_without_a_sound_shift_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    phonemizer = EspeakPhonemizer("es")
    assert phonemizer.phonemes("hola, \u200b, adiós").endswith("aðjˈos")
    monkeypatch.setenv("PATH", "")
    assert phonemizer.phonemes("...!") == "...!"


def test_without_espeak_the_error_names_it(kokoro: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PermanentError, match="apt install espeak-ng") as caught:
        list(kokoro.synthesize(SynthesisRequest("Ciao a tutti.", "if_sara", "it")))
    assert caught.value.code == "missing_dependency"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("学校へ行って、三冊の本を読みました。", "ɡaʔkoː e iʔte, saɴ saʦɨ no hoɴ o jomʲi maɕita."),
        ("「りんご」を12個買った！", "“ɾʲiŋɡo” o ʥɨːɲi ko kaʔta!"),
        ("東京大学の新聞とキャッシュ…", "toːkʲoːdaiɡakɯ no ɕimbɯɴ to kʲaʔɕɨ…"),
    ],
)
def test_japanese_phonemes(kokoro: Any, text: str, expected: str) -> None:
    assert kokoro._japanese.phonemes(text) == expected


def test_a_compound_is_spoken_without_a_gap(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("", encoding="utf-8")
    assert JapanesePhonemizer(words).phonemes("日本語学校") == "ɲihoŋɡo ɡaʔkoː"
    words.write_text("日本語学校\n", encoding="utf-8")
    assert JapanesePhonemizer(words).phonemes("日本語学校") == "ɲihoŋɡoɡaʔkoː"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他买了12个苹果。", "tʰa→ mai↓ lɤ ʂɨ↗ɚ↘kɤ↘ pʰi↗ŋkwo↓."),
        ("《绿色》，吧！", "“ly↘sɤ↘”, pa!"),
        ("嗯，鸟儿。", "n↗, njau↓ɚ↗."),
    ],
)
def test_mandarin_phonemes(kokoro: Any, text: str, expected: str) -> None:
    assert kokoro._mandarin.phonemes(text).replace("” ,", "”,") == expected


def test_english_in_chinese_is_read_as_english(kokoro: Any) -> None:
    assert kokoro._american.phonemes("iPhone") in kokoro._mandarin.phonemes("我用iPhone打电话。")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("es", "Soy Ana, y soy de Lima. ¿Y tú? Yo, de Quito.", ["Soy Ana, y soy de Lima.", "¿Y tú? Yo, de Quito."]),
        ("zh", "今天天气很好。我们去公园吧！你呢？", ["今天天气很好。", "我们去公园吧！", "你呢？"]),
        ("ja", "「行こう。」と彼は言った。そう", ["「行こう。」と彼は言った。", "そう"]),
        ("hi", "आप कैसे हैं और कहाँ हैं।मैं ठीक हूँ।", ["आप कैसे हैं और कहाँ हैं।", "मैं ठीक हूँ।"]),
    ],
)  # fmt: skip
def test_sentences_of_other_languages(language: str, text: str, expected: list[str]) -> None:
    assert list(sentences(text, language)) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("uno dos tres, cuatro cinco", ["uno dos tres,", "cuatro cinco"]),
        ("uno dos", ["uno", "dos"]),
        ("今天很好，我们去", ["今天很好，", "我们去"]),
        ("好", ["好"]),
    ],
)
def test_long_sentences_are_halved(sentence: str, expected: list[str]) -> None:
    assert halves(sentence) == expected


def test_a_long_chinese_sentence_is_cut_and_nothing_is_lost(kokoro: Any) -> None:
    reading = kokoro._reading("zh")
    [once] = kokoro._token_runs("我们今天去公园散步，", reading.phonemizer, reading.halves)
    runs = list(kokoro._token_runs("我们今天去公园散步，" * 40, reading.phonemizer, reading.halves))
    assert all(0 < len(run) <= 510 for run in runs)
    assert sum(map(len, runs)) >= 40 * (len(once) - 1)
