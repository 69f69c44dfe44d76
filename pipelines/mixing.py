"""Mixtures of voices, written `af_heart(2)+am_adam(1)`: names with weights, which are shares of their sum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.errors import InvalidRequest
from pipelines.languages import same_language

if TYPE_CHECKING:
    from pipelines.catalog import Model, Voice

MOST_PARTS = 8
#: Heavier than this to one against another is that one voice.
MOST_WEIGHT = 1000.0

_FIELD = "options.voice"
_PART = re.compile(r"\s*(?P<voice>[^()+\s]{1,64})\s*(?:\(\s*(?P<weight>[0-9]{1,9}(?:\.[0-9]{1,9})?)\s*\))?\s*")


@dataclass(frozen=True)
class Part:
    """A voice and its weight, above 0."""

    voice: str
    weight: float = 1.0


def is_mix(voice: object) -> bool:
    """Whether a voice is written as a mixture: with `+`, or a weight in brackets."""
    return isinstance(voice, str) and ("+" in voice or "(" in voice)


def parse_mix(text: str) -> tuple[Part, ...]:
    """The parts as written; InvalidRequest where they cannot be read, are too many, or weigh nothing."""
    written = text.split("+")
    if len(written) > MOST_PARTS:
        raise _refused(f"mixes {len(written)} voices; the limit is {MOST_PARTS}")
    return tuple(_part(one) for one in written)


def mix_of(text: str, model: Model) -> str:
    """The mixture in one spelling; InvalidRequest if the model does not mix, or a part is none of its voices."""
    if not model.family.mixing:
        raise _refused(f"{model.name} does not mix voices; name one")
    parts = parse_mix(text)
    languages: dict[str, str] = {}
    for part in parts:
        voice = model.voice(part.voice)
        if voice is None:
            names = ", ".join(known.id for known in model.voices)
            raise _refused(f"{part.voice} is unknown; {model.name} has: {names}", code="unknown_voice")
        languages.setdefault(voice.language, voice.id)
    if len(languages) > 1:
        told = ", ".join(f"{voice} speaks {language}" for language, voice in languages.items())
        raise _refused(f"voices of one language can be mixed; {told}")
    return spelled(parts)


def spelled(parts: tuple[Part, ...]) -> str:
    """The mixture as text: `af_heart(2)+am_adam(1)`."""
    return "+".join(f"{part.voice}({part.weight:g})" for part in parts)


def voice_of(name: str, model: Model) -> Voice | None:
    """The voice of that name, or the first of a checked mixture, which speaks the language of all of them."""
    return model.voice(parse_mix(name)[0].voice if is_mix(name) else name)


def mix_speaks(mix: str, model: Model, language: str) -> bool:
    """Whether the voices of a checked mixture speak the language."""
    voice = voice_of(mix, model)
    return voice is not None and same_language(language, voice.language)


def _part(text: str) -> Part:
    found = _PART.fullmatch(text)
    if found is None:
        raise _refused("a mixture is written name(weight)+name(weight), such as af_heart(2)+am_adam(1)")
    weight = 1.0 if found["weight"] is None else float(found["weight"])
    if not 0 < weight <= MOST_WEIGHT:
        raise _refused(f"the weight of {found['voice']} must be above 0 and at most {MOST_WEIGHT:g}")
    return Part(found["voice"], weight)


def _refused(message: str, *, code: str = "invalid_option") -> InvalidRequest:
    return InvalidRequest.of(_FIELD, message, code=code)
