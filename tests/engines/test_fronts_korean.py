import subprocess
import sys
import unicodedata

import pytest

from workers.engines.melotts.frontend.korean import KoreanFrontend, grouped, normalise
from workers.engines.melotts.frontend.korean_sounds import KoreanSounds

_ENGLISH = {"love": ["L", "AH1", "V"], "you": ["Y", "UW1"]}


@pytest.fixture(scope="module")
def sounds() -> KoreanSounds:
    return KoreanSounds(_ENGLISH.get)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("밥을 먹고", "바블 먹꼬"), ("국물이", "궁무리"), ("같이 굳이", "가치 구지"), ("신라", "실라"),
        ("옷 안에", "오 다네"),
        ("색연필", "생년필"), ("3시 30분", "세시 삼십뿐"), ("mp3", "엠피쓰리"), ("love you", "러브 유"), ("kbs", "kbs"),
    ],
)  # fmt: skip
def test_spelling_as_it_sounds(sounds: KoreanSounds, written: str, said: str) -> None:
    assert unicodedata.normalize("NFC", sounds(written)) == said


def test_numbers_without_a_name_are_read_digit_by_digit(sounds: KoreanSounds) -> None:
    assert sounds("1" * 17 + "명") == sounds(" ".join("1" * 17) + "명")


def test_letters_are_phones(sounds: KoreanSounds) -> None:
    made = KoreanFrontend(str.split, sounds)
    said = made.phonemes("값이 “좋다” ㅋ !")
    assert said.normalised == "값이 “좋다” ㅋ !"
    assert "".join(said.phones) == "_" + unicodedata.normalize("NFD", "갑씨조타") + "!_"
    assert said.word2ph == (1, 5, 4, 0, 1, 1)
    assert set(said.tones) == {0}


def test_latin_capitals() -> None:
    assert normalise(" IT산업, CCTV 漢字 Hello X 1+1") == "아이티산업, 씨씨티비  hello 엑스 원플러스원"


def test_word_pieces_and_lone_hashes_belong_to_the_word_before() -> None:
    assert grouped(["#", "가", "##나", "#", "다"]) == [["#"], ["가", "##나", "#"], ["다"]]
    said = KoreanFrontend(str.split, str).pronounced("", ["[UNK]", "가", "##나"])
    assert said.phones == ("_", "_", "ᄀ", "ᅡ", "ᄂ", "ᅡ", "_")


def test_nothing_is_fetched_to_load_the_rules() -> None:
    program = (
        "import subprocess, socket, sys\n"
        "def refused(*args, **named): raise SystemExit('would start or fetch something')\n"
        "subprocess.Popen = socket.socket.connect = refused\n"
        "from workers.engines.melotts.frontend.korean_sounds import KoreanSounds\n"
        "print(KoreanSounds(lambda word: None)('먹고'), 'nltk' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", program], capture_output=True, text=True, check=False)
    assert unicodedata.normalize("NFC", done.stdout).split() == ["먹꼬", "False"], done.stderr
