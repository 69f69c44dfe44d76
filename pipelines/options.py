"""The options of a request, taken out one by one and checked: what a model does not know is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.catalog import Capability, Model, OptionSpec, Voice
from pipelines.errors import InvalidRequest
from pipelines.languages import normalise_language, same_language
from pipelines.mixing import is_mix, mix_of, mix_speaks
from pipelines.requests import AUDIO_FORMATS
from pipelines.workflows.speech import ENGINE_FORMAT


def take_language(options: dict[str, Any]) -> str | None:
    """The language as a tag; None if none is named."""
    asked = options.pop("language", None)
    if asked is None:
        return None
    tag = normalise_language(asked) if isinstance(asked, str) else None
    if tag is None:
        raise InvalidRequest.of("options.language", "is not a language tag such as en-US", code="unsupported_language")
    return tag


def check_language(tag: str | None, model: Model) -> None:
    """InvalidRequest if the model does not know the language."""
    if tag is not None and not model.speaks(tag):
        message = f"{model.name} does not know {tag}; it knows: {', '.join(model.languages)}"
        raise InvalidRequest.of("options.language", message, code="unsupported_language")


def take_voice(options: dict[str, Any], model: Model, language: str | None) -> str | None:
    """One of the model's own voices: the one that was named, else the first of the language."""
    asked = options.pop("voice", None)
    if asked is None:
        matching = (voice.id for voice in model.voices if language is None or same_language(language, voice.language))
        return next(matching, model.voices[0].id if model.voices else None)
    if isinstance(asked, str) and is_mix(asked):
        mix = mix_of(asked, model)
        if language is not None and not mix_speaks(mix, model, language):
            message = f"its voices do not speak {language}"
            raise InvalidRequest.of("options.voice", message, code="unsupported_language")
        return mix
    voice = known_voice(asked, model)
    if language is not None and not same_language(language, voice.language):
        message = f"{voice.id} speaks {voice.language}, not {language}"
        raise InvalidRequest.of("options.voice", message, code="unsupported_language")
    return voice.id


def known_voice(asked: object, *models: Model) -> Voice:
    """The voice of that name of one of the models; InvalidRequest lists those that there are."""
    found = next((voice for model in models for voice in model.voices if voice.id == asked), None)
    if found is None:
        names = ", ".join(voice.id for model in models for voice in model.voices)
        message = f"unknown; {' and '.join(model.name for model in models)} has: {names or 'no voices'}"
        raise InvalidRequest.of("options.voice", message, code="unknown_voice")
    return found


def take_format(options: dict[str, Any]) -> str:
    """The format of the sound that is asked for."""
    asked = options.pop("format", ENGINE_FORMAT)
    if asked not in AUDIO_FORMATS:
        message = f"must be one of: {', '.join(AUDIO_FORMATS)}"
        raise InvalidRequest.of("options.format", message, code="unsupported_format")
    return str(asked)


def check_options(options: Mapping[str, Any], kind: Capability, *models: Model) -> None:
    """InvalidRequest for what none of the models takes for this kind, or not with this value."""
    known: dict[str, OptionSpec] = {}
    for model in models:
        known = {**model.all_options(kind), **known}
    for name, value in options.items():
        spec = known.get(name)
        if spec is None:
            who = " and ".join(model.name for model in models)
            message = f"is not an option of {who} for {kind}; it has: {', '.join(sorted(known)) or 'none'}"
            raise InvalidRequest.of(f"options.{name}", message, code="unknown_field")
        if (problem := spec.problem(value)) is not None:
            raise InvalidRequest.of(f"options.{name}", problem, code="invalid_option")


def options_for(model: Model, kind: Capability, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the model for this kind: as given, else their defaults."""
    return {name: given.get(name, spec.default) for name, spec in model.options(kind).items()}
