"""Korean: as it sounds, and every letter of a syllable a phone of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from workers.engines.melotts.frontend.base import EDGE, Phonemes, Tokenizer, distribute, edged
from workers.text.pieces import asian_pieces

#: Hangul as it is spelled to Hangul as it sounds.
Sounds = Callable[[str], str]

#: What Latin capitals are called.
_LETTERS: Final = {
    "A": "에이", "B": "비", "C": "씨", "D": "디", "E": "이", "F": "에프", "G": "지", "H": "에이치", "I": "아이",
    "J": "제이", "K": "케이", "L": "엘", "M": "엠", "N": "엔", "O": "오", "P": "피", "Q": "큐", "R": "알", "S": "에스",
    "T": "티", "U": "유", "V": "브이", "W": "더블유", "X": "엑스", "Y": "와이", "Z": "제트",
}  # fmt: skip
#: Acronyms that are read letter by letter, and words in capitals that are read as Korean writes them. The voice models
#: were trained with these few; others stay in Latin letters and are looked up in the English dictionary.
_SPELLED: Final = ("IT", "IQ", "PC", "SNS", "AI", "CEO", *_LETTERS)
_WORDS: Final = {
    **{name: "".join(_LETTERS[letter] for letter in name) for name in _SPELLED},
    "KOREA": "코리아", "IDOL": "아이돌", "UP": "업", "DOWN": "다운", "CCTV": "씨씨티비",
}  # fmt: skip
_OFFERS: Final = {"1+1": "원플러스원", "2+1": "투플러스원"}
_LATIN: Final = re.compile(r"[A-Za-z]+")
_KANJI: Final = re.compile(
    "[\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3005\u3007\u3021-\u3029\u3038-\u303b\u3400-\u4db5\u4e00-\u9fc3]+"
)
#: Letters of syllables, small Latin letters, and marks that the voice models have symbols for.
_PHONE: Final = re.compile("[\u1100-\u11ffa-z\"()*/:\\[\\]^~!?…,.'-]")
_UNKNOWN: Final = "[UNK]"


class KoreanFrontend:
    """Implements Frontend; all phones have the tone 0."""

    language: Final = "KR"

    def __init__(self, tokenizer: Tokenizer, sounds: Sounds) -> None:
        self._tokenizer = tokenizer
        self._sounds = sounds

    def pieces(self, text: str) -> list[str]:
        return asian_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = normalise(text)
        return self.pronounced(normalised, list(self._tokenizer(normalised)))

    def pronounced(self, normalised: str, tokens: list[str]) -> Phonemes:
        """The phones of the language model's tokens; those of a word are shared out among its pieces."""
        phones: list[str] = []
        word2ph: list[int] = []
        for word in grouped(tokens):
            said = [EDGE] if word == [_UNKNOWN] else self.letters(_joined(word))
            phones += said
            word2ph += distribute(len(said), len(word))
        return edged(normalised, phones, [0] * len(phones), word2ph)

    def letters(self, word: str) -> list[str]:
        """The letters of a word as it sounds; what the voice models have no symbol for is left out."""
        from jamo import hangul_to_jamo

        return _PHONE.findall("".join(hangul_to_jamo(self._sounds(normalise(word)))))


def normalise(text: str) -> str:
    """Small letters, without Chinese characters; letters and some words in capitals as Korean reads them."""
    plain = _KANJI.sub("", text.strip())
    for written, said in _OFFERS.items():
        plain = plain.replace(written, said)
    return _LATIN.sub(lambda match: _WORDS.get(match.group(), match.group()), plain).lower()


def grouped(tokens: list[str]) -> list[list[str]]:
    """Word pieces in words; a # that stands alone belongs to the word before it, too."""
    groups: list[list[str]] = []
    for token in tokens:
        if token.startswith("#") and groups:
            groups[-1].append(token)
        else:
            groups.append([token])
    return groups


def _joined(tokens: list[str]) -> str:
    pieces = (token.replace("#", "") if index else token for index, token in enumerate(tokens))
    return "".join(piece for piece in pieces if piece != _UNKNOWN)
