"""Planning speech: which model speaks, in whose voice, by which recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.options import (
    check_language,
    check_options,
    known_voice,
    options_for,
    take_format,
    take_language,
    take_voice,
)
from pipelines.planned import Planned, detector_for, planned_for, telling
from pipelines.requests import JobRequest
from pipelines.speakers import Asked, saved_voice, speaker_for
from pipelines.spoken import own_speed
from pipelines.voices import Known
from pipelines.workflows import speech as recipes
from pipelines.workflows.reference import listening_to
from pipelines.workflows.speech import Speaking

_KIND = Capability.SPEECH
NEAREST = "nearest"


@dataclass(frozen=True)
class _Speech:
    """A request for speech on its model, with the options that are not dealt with yet."""

    text: str
    model: Model
    catalog: Catalog
    known: Known
    language: str | None
    form: str
    options: dict[str, Any]


def plan_speech(request: JobRequest, catalog: Catalog, model: Model, asked: Asked | None, known: Known) -> Planned:
    """The plan; InvalidRequest where the voice, the language or an option cannot be had."""
    options = dict(request.options)
    form, language = take_format(options), take_language(options)
    check_language(language, model)
    match = _take_match(options, asked)
    if asked is not None and asked.field == "options.voice":
        del options["voice"]
    wanted = _Speech(request.input.text or "", model, catalog, known, language, form, options)
    if asked is None:
        return _plain(wanted)
    if model.cloning is not None:
        return _cloned(wanted, asked)
    if match is None:
        raise cannot_clone(asked.field, model, catalog)
    return _in_nearest_voice(wanted, asked)


def cannot_clone(field: str, model: Model | None, catalog: Catalog) -> InvalidRequest:
    """The refusal that names the models which could."""
    able = ", ".join(known.name for known in catalog if known.cloning is not None and known.supports(_KIND))
    if model is not None:
        message = f"{model.name} speaks in no voice but its own; these do: {able or 'none here'}"
    elif able:
        message = f"no model is chosen for this by itself; these do it where `model` names them: {able}"
    else:
        message = "no model here speaks in another voice than its own"
    return InvalidRequest.of(field, message, code="cannot_clone")


def _take_match(options: dict[str, Any], asked: Asked | None) -> str | None:
    match = options.pop("voice_match", None)
    if match is None:
        return None
    if match != NEAREST:
        raise InvalidRequest.of("options.voice_match", f"must be: {NEAREST}", code="invalid_option")
    if asked is None or asked.saved is None:
        raise InvalidRequest.of("options.voice_match", "is for saved voices only", code="invalid_option")
    return NEAREST


def _plain(wanted: _Speech) -> Planned:
    known = wanted.model.options(_KIND)
    for name in wanted.options:
        if name in known and known[name].of_conversion:
            message = "is for speech in somebody's voice; this is spoken in a built-in one, and nothing is converted"
            raise InvalidRequest.of(f"options.{name}", message, code="invalid_option")
    speaking = _speaking(wanted)
    return Planned(recipes.speech(speaking, wanted.form), wanted.model, speaking.voice)


def _in_nearest_voice(wanted: _Speech, asked: Asked) -> Planned:
    voice = saved_voice(asked, wanted.known)
    near = wanted.known.nearest(voice, wanted.model, wanted.language)
    if near is None:
        message = f"it cannot be compared with the voices of {wanted.model.name} yet"
        raise InvalidRequest.of(asked.name_field, message, code="voice_not_ready")
    plain = _plain(replace(wanted, options={**wanted.options, "voice": near.voice}))
    told = telling(plain.plan, {"voice_used": near.voice, "similarity": near.similarity})
    return Planned(told, wanted.model, voice.id, voice.id)


def _cloned(wanted: _Speech, asked: Asked) -> Planned:
    model, cloning = wanted.model, wanted.model.cloning
    if cloning is None:
        raise cannot_clone(asked.field, model, wanted.catalog)
    if cloning.recipe != "convert" and "voice" in wanted.options:
        message = f"input.reference says whose voice, and {model.name} speaks in that one only"
        raise InvalidRequest.of("options.voice", message, code="invalid_option")
    speaker = speaker_for(asked, model, wanted.known)
    detector = detector_for(speaker, wanted.catalog)
    speaking = _speaking(wanted)
    reference = listening_to(speaker, model, detector, options_for(model, Capability.EMBEDDING, wanted.options))
    if cloning.recipe == "direct":
        plan = recipes.direct(speaking, reference, wanted.form)
    elif cloning.recipe == "vocode":
        plan = recipes.vocode(speaking, reference, wanted.form)
    else:
        own = options_for(model, _KIND, wanted.options)
        plan = recipes.convert(speaking, model, own, reference, wanted.form)
    return planned_for(speaker, plan, model, speaking.voice)


def _speaking(wanted: _Speech) -> Speaking:
    """What the first model says, and in which of its own voices."""
    options = dict(wanted.options)
    base = _base(wanted)
    voice = take_voice(options, base, wanted.language)
    check_options(options, _KIND, *({base.name: base, wanted.model.name: wanted.model}.values()))
    pace = float(options.get("speed", 1.0))
    own = own_speed(base.options(_KIND).get("speed"), pace)
    options["speed"] = own
    return Speaking(
        base,
        wanted.text,
        voice,
        wanted.language,
        options_for(base, _KIND, options),
        normalise=bool(options.get("normalise", True)),
        stretch=pace / own,
        pace=pace,
    )


def _base(wanted: _Speech) -> Model:
    """The model that speaks before another converts: the first of its family that knows the voice and the language."""
    model, cloning = wanted.model, wanted.model.cloning
    if cloning is None or cloning.recipe != "convert" or cloning.base is None:
        return model
    bases = [one for one in wanted.catalog if one.family.name == cloning.base and one.supports(_KIND)]
    if not bases:
        message = f"{model.name} speaks through models of the family {cloning.base}, and none is configured"
        raise InvalidRequest.of("model", message, code="no_model")
    if (voice := wanted.options.get("voice")) is not None:
        known_voice(voice, *bases)
        bases = [one for one in bases if one.voice(voice) is not None]
    if wanted.language is None:
        return bases[0]
    speaks = next((one for one in bases if one.speaks(wanted.language)), None)
    if speaks is None:
        known = ", ".join(dict.fromkeys(language for one in bases for language in one.languages))
        message = f"no model for {wanted.language} speaks for {model.name}; there are: {known}"
        raise InvalidRequest.of("options.language", message, code="unsupported_language")
    return speaks
