"""How the sound is to be: `generation_options`, `output_options` and filters, as native options and post-processing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from api.earlier.schemas import EarlierGenerationOptions, EarlierOutputOptions, Filter
from pipelines.catalog import Capability, Model
from pipelines.errors import InvalidRequest

#: What asks for no change: honoured by every model, whether it has the option or not.
_UNCHANGED = {"speed": 1, "pitch": 1, "energy": 1}
#: What is said elsewhere in a native request.
_ELSEWHERE = ("style", "norm_loudness")

#: Families whose own `pitch` is in semitones; the others scale the melody, as earlier releases did.
_IN_SEMITONES = frozenset({"openvoice"})
_OCTAVE = 12

#: What norm_loudness brings a sound to, in LUFS: as speech is usually published (AES TD1008).
LOUDNESS = -16.0


def options_of(asked: EarlierGenerationOptions | None, model: Model, kind: Capability) -> dict[str, Any]:
    """Native options; each keeps its name, so that the model refuses by that name what it does not have."""
    given = {} if asked is None else asked.model_dump(exclude_none=True, exclude=set(_ELSEWHERE))
    found = {name: value for name, value in given.items() if value != _UNCHANGED.get(name)}
    if kind is Capability.VOICE_CONVERSION:
        # A conversion keeps the source's pace; its sound is stretched afterwards.
        found.pop("speed", None)
    if "pitch" in found and model.family.name in _IN_SEMITONES:
        found["pitch"] = _semitones(found["pitch"])
    return found


@dataclass
class Finishing:
    """Native post-processing, and which field of the client's said each part of it."""

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    #: Native place → the client's field, for errors.
    words: dict[str, str] = dataclass_field(default_factory=dict)

    def say(self, name: str, value: object, field: str) -> None:
        """InvalidRequest if something else was said before."""
        if name in self.values:
            message = f"{self.words[f'post_processing.{name}']} says the same already"
            raise InvalidRequest.of(field, message, code="invalid_request")
        self.values[name] = value
        self.words[f"post_processing.{name}"] = field


def finishing_of(
    asked: EarlierGenerationOptions | None,
    output: EarlierOutputOptions | None,
    filters: Sequence[Filter] | None,
    kind: Capability,
) -> Finishing:
    """What is done to the whole sound: as the filters, the options and the form of the output say."""
    found = Finishing()
    for number, one in enumerate(filters or ()):
        field = f"post_generation_filters.{number}"
        _refuse_models(one, field)
        for name, value in one.items():
            found.say(name, value, f"{field}.{name}")
    if asked is not None and asked.norm_loudness:
        found.say("loudness", LOUDNESS, "generation_options.norm_loudness")
    if asked is not None and kind is Capability.VOICE_CONVERSION and asked.speed not in {None, 1}:
        found.say("speed", asked.speed, "generation_options.speed")
    if output is not None and output.sample_rate is not None:
        found.say("sample_rate", output.sample_rate, "output_options.sample_rate")
    return found


def refuse_filters(filters: Sequence[Filter] | None) -> None:
    """What comes before the model is a restoration of a recording, which nothing here does."""
    for number, one in enumerate(filters or ()):
        field = f"pre_processing_filters.{number}"
        _refuse_models(one, field)
        raise InvalidRequest.of(field, "nothing here filters what goes in", code="field_not_supported")


def _refuse_models(one: Filter, field: str) -> None:
    """Earlier filters were whole requests of another route; a client sends what one gives to the next."""
    if "model" in one:
        message = "no model is a filter here: send the sound to /v1/voice/convert yourself"
        raise InvalidRequest.of(f"{field}.model", message, code="field_not_supported")


def _semitones(factor: float) -> float:
    if not 1 / 2 <= factor <= 2:  # noqa: PLR2004 - an octave down, an octave up
        raise InvalidRequest.of("generation_options.pitch", "must be 0.5 to 2", code="invalid_option")
    return round(_OCTAVE * math.log2(factor), 4)
