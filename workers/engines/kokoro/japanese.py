# ruff: noqa: RUF001 - kana and phonetic letters are what this module is about
"""Japanese to Kokoro's phonemes: readings by Open JTalk, and each mora of them in phonetic letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipelines.errors import PermanentError

#: Morae in phonetic letters, as the model was trained with them.
_ROWS: Final = """
あa いi うɯ えe おo ぁa ぃi ぅɯ ぇe ぉo
かka きkʲi くkɯ けke こko がɡa ぎɡʲi ぐɡɯ げɡe ごɡo ゕka ゖke
さsa しɕi すsɨ せse そso ざʣa じʥi ずzɨ ぜʣe ぞʣo
たta ちʨi つʦɨ てte とto だda ぢʥi づzɨ でde どdo
なna にɲi ぬnɯ ねne のno はha ひçi ふɸɯ へhe ほho
ばba びbʲi ぶbɯ べbe ぼbo ぱpa ぴpʲi ぷpɯ ぺpe ぽpo
まma みmʲi むmɯ めme もmo やja ゆjɯ よjo ゃja ゅjɯ ょjo
らɾa りɾʲi るɾɯ れɾe ろɾo わβa ゎβa ゐi ゑe をo ゔvɯ
いぇje うぃβi うぇβe うぉβo きぇkʲe きゃkʲa きゅkʲɨ きょkʲo ぎゃɡʲa ぎゅɡʲɨ ぎょɡʲo
くぁkᵝa くぃkᵝi くぇkᵝe くぉkᵝo ぐぁɡᵝa ぐぃɡᵝi ぐぇɡᵝe ぐぉɡᵝo
しぇɕe しゃɕa しゅɕɨ しょɕo じぇʥe じゃʥa じゅʥɨ じょʥo ちぇʨe ちゃʨa ちゅʨɨ ちょʨo ぢゃʥa ぢゅʥɨ ぢょʥo
つぁʦa つぃʦʲi つぇʦe つぉʦo てぃtʲi てゅtʲɨ でぃdʲi でゅdʲɨ とぅtɯ どぅdɯ
にぇɲe にゃɲa にゅɲɨ にょɲo ひぇçe ひゃça ひゅçɨ ひょço びゃbʲa びゅbʲɨ びょbʲo ぴゃpʲa ぴゅpʲɨ ぴょpʲo
ふぁɸa ふぃɸʲi ふぇɸe ふぉɸo ふゅɸʲɨ ふょɸʲo みゃmʲa みゅmʲɨ みょmʲo りゃɾʲa りゅɾʲɨ りょɾʲo
ゔぁva ゔぃvʲi ゔぇve ゔぉvo ゔゅbʲɨ ゔょbʲo
"""
_ENTRY: Final = re.compile(r"([ぁ-ゟ]+)([^\sぁ-ゟ]+)")
_MORAE: Final[dict[str, str]] = dict(_ENTRY.findall(_ROWS))
_SMALL: Final = frozenset("ゃゅょぁぃぅぇぉ")
_MARKS: Final = {
    "。": ".", "、": ",", "？": "?", "！": "!", "「": "“", "」": "”", "『": "“", "』": "”", "：": ":", "；": ";",
    "，": ",", "～": "—", "〜": "—", "—": "—", "…": "…", "・": " ", "«": "“", "»": "”",
}  # fmt: skip
_OPENING: Final = frozenset("「『«")
_CLOSING: Final = frozenset("」』»")
_TIGHT: Final = frozenset(".,?!:…")
#: The nasal ん takes the place of what follows it.
_NASALS: Final = (("mpb", "m"), ("kɡ", "ŋ"), ("ɲʨʥ", "ɲ"), ("ntdɾz", "n"))
_KATAKANA: Final = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_GLOTTAL: Final = re.compile(r'(?<![!",.:;?—…”]) (?=ʔ)|(?<=ʔ) (?!["“])')
_RANGE: Final = re.compile(r"[〜～](?=\d)")


class _Word(NamedTuple):
    surface: str
    hiragana: str


class JapanesePhonemizer:
    """`words` lists compounds that are spoken without a gap, one per line."""

    def __init__(self, words: Path) -> None:
        try:
            import pyopenjtalk
        except ImportError as error:
            message = "Japanese needs packages that are not installed: pip install 'harmony-speech-engine[kokoro-ja]'."
            raise PermanentError(message, code="missing_dependency") from error
        self._frontend: Any = pyopenjtalk.run_frontend
        self._words = frozenset(words.read_text(encoding="utf-8").splitlines())
        self._longest = max(map(len, self._words), default=1)

    def phonemes(self, text: str) -> str:
        """The phonemes of `text`, words apart, with its punctuation."""
        plain = unicodedata.normalize("NFKC", _RANGE.sub("から", text)).replace("...", "…")
        nodes = self._frontend(plain, use_sudachi_kanji_yomi=False)
        out = ""
        for word in self._compounds([_Word(node["string"], _reading(node)) for node in nodes]):
            spoken = _spoken(word)
            if word.surface in _OPENING:
                out = f"{out.rstrip()} {spoken}"
            elif word.surface in _CLOSING or spoken in _TIGHT:
                out = f"{out.rstrip()}{spoken} "
            else:
                out += f"{spoken} "
        return _GLOTTAL.sub("", " ".join(out.split()))

    def _compounds(self, words: Sequence[_Word]) -> list[_Word]:
        """Neighbours that are a compound together, the longest first, as one word."""
        found: list[_Word] = []
        first = 0
        while first < len(words):
            last = first + 1
            surface = words[first].surface
            for end in range(first + 2, len(words) + 1):
                surface += words[end - 1].surface
                if len(surface) > self._longest:
                    break
                if surface in self._words:
                    last = end
            group = words[first:last]
            found.append(_Word("".join(w.surface for w in group), "".join(w.hiragana for w in group)))
            first = last
        return found


def _reading(node: dict[str, Any]) -> str:
    """How a word is said, in hiragana; a sign stands as it is. Open JTalk marks devoiced vowels by ’."""
    said: str = node["string"] if node["pos"] == "記号" else node["pron"].replace("’", "").replace("'", "")
    return said.translate(_KATAKANA)


def _spoken(word: _Word) -> str:
    kana = word.hiragana
    return "".join(
        _sound(kana[index - 1 : index], kana[index], kana[index + 1 : index + 2]) for index in range(len(kana))
    )


def _sound(before: str, kana: str, after: str) -> str:
    """What one kana adds between its neighbours; a pair that is one mora is added by its second kana."""
    if kana in _MARKS:
        return _MARKS[kana]
    if before and before + kana in _MORAE:
        return _MORAE[before + kana]
    if after and kana + after in _MORAE:
        return ""
    if after and after in _SMALL and kana in _MORAE:
        return _MORAE[kana][:-1] + _MORAE[after]
    special = {"ー": "ː", "っ": "ʔ", "ん": _nasal(_MORAE.get(after, ""))}
    return special.get(kana) or ("" if kana in _SMALL and before else _MORAE.get(kana, kana if kana in _TIGHT else ""))


def _nasal(following: str) -> str:
    return next((nasal for starts, nasal in _NASALS if following and following[0] in starts), "ɴ")
