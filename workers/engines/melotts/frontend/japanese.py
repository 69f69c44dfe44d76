"""Japanese: numbers in words, all of it in katakana, and the katakana as phones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from workers.engines.melotts.frontend.base import EDGE, Closable, Phonemes, Tokenizer, distribute, edged, words
from workers.engines.melotts.frontend.kana import katakana_phones
from workers.text.pieces import asian_pieces

#: Kanji and kana to katakana.
ToKatakana = Callable[[str], str]

_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_MONEY: Final = re.compile(r"([$¥£€])([0-9.]*[0-9])")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CURRENCIES: Final = {"$": "ドル", "¥": "円", "£": "ポンド", "€": "ユーロ"}
#: Hiragana, katakana and the blocks of kanji.
_OTHER_SCRIPTS: Final = re.compile("[^぀-ヿ㐀-䶿一-\u9fff\U00020000-\U0002a6df]+")
#: Longer numbers have no name.
_MOST_DIGITS: Final = 48
_UNKNOWN: Final = "[UNK]"


class JapaneseFrontend:
    """Implements Frontend and Closable; all phones have the tone 0."""

    language: Final = "JP"

    def __init__(self, tokenizer: Tokenizer, to_katakana: ToKatakana) -> None:
        self._tokenizer = tokenizer
        self._to_katakana = to_katakana

    def close(self) -> None:
        """Ends the program that finds readings, if there is one."""
        program: object = self._to_katakana
        if isinstance(program, Closable):
            program.close()

    def pieces(self, text: str) -> list[str]:
        return asian_pieces(text)

    def phonemes(self, text: str) -> Phonemes:
        normalised = self.normalise(text)
        return self.pronounced(normalised, list(self._tokenizer(normalised)))

    def normalise(self, text: str) -> str:
        """In katakana; without the marks, which the voice models were trained without."""
        return self._to_katakana(japanese_only(numbers_in_words(unicodedata.normalize("NFKC", text))))

    def pronounced(self, normalised: str, tokens: list[str]) -> Phonemes:
        """The phones of the language model's tokens; those of a word are shared out among its pieces."""
        phones: list[str] = []
        word2ph: list[int] = []
        for word in words(tokens):
            said = [EDGE] if word == [_UNKNOWN] else katakana_phones(_joined(word))
            phones += said
            word2ph += distribute(len(said), len(word))
        return edged(normalised, phones, [0] * len(phones), word2ph)


def numbers_in_words(text: str) -> str:
    """Numbers as kanji, amounts of money with the currency behind them."""
    text = _GROUPED.sub(lambda match: match.group().replace(",", ""), text)
    text = _MONEY.sub(lambda match: match[2] + _CURRENCIES[match[1]], text)
    return _NUMBER.sub(lambda match: _said(match.group()), text)


def japanese_only(text: str) -> str:
    """Kana and kanji; everything else is left out."""
    return _OTHER_SCRIPTS.sub("", text)


def _said(number: str) -> str:
    from num2words import num2words

    if len(number) > _MOST_DIGITS:
        return "".join(_said(digit) for digit in number if digit.isdigit())
    return str(num2words(number, lang="ja"))


def _joined(tokens: list[str]) -> str:
    return "".join(token.replace("#", "") for token in tokens if token != _UNKNOWN)
