"""MeloTTS's front ends for Chinese, Chinese with English, Japanese and Korean, against the recorded steps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.golden.frame import Outcome, same
from tests.golden.melotts import lexicon_folder, piece_outcomes, pronouncer
from workers.engines.melotts.frontend import chinese, korean, mixed
from workers.engines.melotts.frontend.base import Frontend
from workers.engines.melotts.frontend.english import EnglishFrontend, spaced
from workers.engines.melotts.frontend.japanese import JapaneseFrontend
from workers.engines.melotts.frontend.korean_sounds import KoreanSounds
from workers.engines.melotts.symbols import SymbolTable
from workers.text import kakasi

_LATIN = re.compile(r"[A-Za-z]")


class _GivenTokens:
    """A tokenizer that cuts as the file says, a run of text or the whole: the vocabularies are a hub's."""

    def __init__(self) -> None:
        self.runs: dict[str, list[str]] = {}
        self.tokens: list[str] = []

    def __call__(self, text: str) -> list[str]:
        return self.runs.get(text, self.tokens)


@dataclass
class _Language:
    """What a file is checked with, and what of it is not, with the reason."""

    frontend: Frontend
    tokens: _GivenTokens
    normalise: Callable[[str], str] | None
    note: str


def check(file: Path) -> Iterator[Outcome]:
    """Every step of every piece."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    full = json.loads((file.parent / "synthesizer" / "manifest_full.json").read_text(encoding="utf-8"))
    table = SymbolTable(full["config"]["symbols"])
    language = _MAKERS[content["language"]]()
    for number, sentence in enumerate(content["sentences"]):
        pieces = sentence["pieces"]
        found = language.frontend.pieces(sentence["text"])
        yield same(f"{number} pieces", found, [piece["piece"] for piece in pieces])
        for piece in pieces:
            yield from _piece(str(number), language, table, piece)
    if language.note:
        yield Outcome("tokens", 0.0, 0.0, passed=True, note=language.note)


def _piece(label: str, language: _Language, table: SymbolTable, piece: Mapping[str, Any]) -> Iterator[Outcome]:
    if "error" in piece:
        yield Outcome(f"{label} error", 0.0, 0.0, passed=True, note="not compared: the original stopped")
        return
    english_runs = [(run, tokens) for run, tokens in piece.get("english_runs", [])]
    language.tokens.runs = dict(english_runs)
    language.tokens.tokens = piece.get("tokens", [])
    if language.normalise is None:
        note = "not compared: the program kakasi is not installed"
        yield Outcome(f"{label} normalised", 0.0, 0.0, passed=True, note=note)
    else:
        yield same(f"{label} normalised", language.normalise(piece["spaced"]), piece["normalised"])
    if "english_runs" in piece:
        yield same(f"{label} spaced", spaced(piece["piece"]), piece["spaced"])
        runs = [run for run in mixed.runs(piece["normalised"]) if _LATIN.search(run)]
        yield same(f"{label} english_runs", runs, [run for run, _ in english_runs])
    yield from piece_outcomes(label, language.frontend, table, piece)


def _chinese() -> _Language:
    return _Language(chinese.ChineseFrontend(), _GivenTokens(), chinese.normalise, note="")


def _mixed() -> _Language:
    tokens = _GivenTokens()
    english = EnglishFrontend(tokens, pronouncer())
    note = "not compared: the tokens of English words, whose vocabulary is a hub's"
    return _Language(mixed.MixedFrontend(tokens, english.word), tokens, mixed.normalise, note)


def _japanese() -> _Language:
    tokens = _GivenTokens()
    katakana = kakasi.Kakasi() if kakasi.installed() else str
    made = JapaneseFrontend(tokens, katakana)
    note = "not compared: the tokens, whose vocabulary is a hub's"
    return _Language(made, tokens, made.normalise if kakasi.installed() else None, note)


def _korean() -> _Language:
    tokens = _GivenTokens()
    made = korean.KoreanFrontend(tokens, KoreanSounds.load(lexicon_folder()))
    return _Language(made, tokens, korean.normalise, "not compared: the tokens, which are stand-ins")


_MAKERS: Mapping[str, Callable[[], _Language]] = {
    "ZH": _chinese,
    "ZH_MIX_EN": _mixed,
    "JP": _japanese,
    "KR": _korean,
}
