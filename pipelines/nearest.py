"""Which built-in voice of a model sounds most like a saved one: by pitch and embedding, kept beside the family's file.

`families/<family>.voices.json` is written by `python -m benchmarks.voices`; a family without one has no such voices.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path

from pipelines.catalog import FAMILIES, Model
from pipelines.languages import same_language
from pipelines.voices import Nearest, SavedVoice, Space, Vector

#: Of the numbers in the file; vectors have length 1.
DECIMALS = 6

#: So far from a voice's pitch the candidates may be; if none is, so many come next.
_SEMITONES = 4.0
_FEW = 3


@dataclass(frozen=True)
class BuiltIn:
    """How the voices of a family sound, in one space."""

    space: Space
    vectors: Mapping[str, Vector]
    #: The median of each voice's fundamental frequency, in Hz.
    pitches: Mapping[str, float]

    def alike_in_pitch(self, names: Iterable[str], pitch: float | None) -> list[str]:
        """Those within a few semitones of the pitch, or where there are none those that come nearest to it.

        Embeddings tell persons apart, and hardly men from women once the recordings sound otherwise (a telephone, a
        room): without this a woman's nearest voice is a man's now and then.
        """
        known = [name for name in names if name in self.pitches]
        if pitch is None or not known:
            return list(names)
        distances = sorted((abs(12 * math.log2(self.pitches[name] / pitch)), name) for name in known)
        near = [name for distance, name in distances if distance <= _SEMITONES]
        return near or [name for _, name in distances[:_FEW]]


def nearest_voice(saved: SavedVoice, model: Model, language: str | None = None) -> Nearest | None:
    """The model's voice (of that language, if one is named) most like the saved one; None if none can be compared."""
    known = built_in(file_of(model))
    vector = None if known is None else saved.embeddings.get(known.space)
    if known is None or vector is None:
        return None
    names = [
        voice.id
        for voice in model.voices
        if voice.id in known.vectors and (language is None or same_language(language, voice.language))
    ]
    return nearest(vector, {name: known.vectors[name] for name in known.alike_in_pitch(names, saved.pitch)})


def nearest(vector: Vector, candidates: Mapping[str, Vector]) -> Nearest | None:
    """The candidate with the largest cosine; of several alike the first."""
    found: Nearest | None = None
    for name, candidate in candidates.items():
        similarity = cosine(vector, candidate)
        if found is None or similarity > found.similarity:
            found = Nearest(name, similarity)
    return None if found is None else Nearest(found.voice, round(found.similarity, 4))


def cosine(one: Vector, other: Vector) -> float:
    """The cosine of the angle between two vectors of one space; 0 where either has no direction."""
    length: float = math.sqrt(_product(one, one) * _product(other, other))
    return _product(one, other) / length if length else 0.0


def _product(one: Vector, other: Vector) -> float:
    return sum(map(mul, one, other), 0.0)


def file_of(model: Model) -> Path:
    """Where the voices of the model's family are described."""
    return FAMILIES / f"{model.family.name}.voices.json"


@cache
def built_in(path: Path) -> BuiltIn | None:
    """What the file holds; None where there is none. Read once, when a request first needs it."""
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    vectors = {name: tuple(vector) for name, vector in content["voices"].items()}
    return BuiltIn(Space(content["space"], content["revision"]), vectors, content["pitches"])
