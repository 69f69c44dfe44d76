"""plan(request, catalog) → the steps, or an error that names the field and says what would work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.jobs import Plan
from pipelines.languages import normalise_language, same_language
from pipelines.requests import AUDIO_FORMATS, JobRequest, has_text
from pipelines.workflows.listening import listening
from pipelines.workflows.speech import ENGINE_FORMAT, speech


@dataclass(frozen=True)
class Limits:
    """What a request may ask for at most."""

    text_characters: int = 10_000


@dataclass(frozen=True)
class Planned:
    """A plan, and the names that the job's row shows and filters by."""

    plan: Plan
    model: Model
    voice: str | None


def plan(request: JobRequest, catalog: Catalog, limits: Limits) -> Planned:
    """Every step, model and queue of the job; InvalidRequest when it cannot be routed or a field cannot be honoured."""
    model = choose_model(request, catalog)
    _check_input(request, limits)
    options = dict(request.options)
    language = _language(options, model) if request.kind in _WITH_LANGUAGE else None
    if request.kind is Capability.SPEECH:
        voice = _voice(options, model, language)
        form = _format(options)
        steps = speech(
            model,
            text=request.input.text or "",
            voice=voice,
            language=language,
            form=form,
            options=_options(options, model, request.kind),
        )
        return Planned(steps, model, voice)
    steps = listening(request.kind, model, language=language, options=_options(options, model, request.kind))
    return Planned(steps, model, None)


_WITH_LANGUAGE = frozenset({Capability.SPEECH, Capability.TRANSCRIPTION, Capability.TRANSLATION})


def choose_model(request: JobRequest, catalog: Catalog) -> Model:
    """The model that was named, or the default of the kind."""
    able = ", ".join(model.name for model in catalog.with_capability(request.kind))
    if request.model is None:
        default = catalog.default(request.kind)
        if default is None:
            raise InvalidRequest.of("kind", f"no model here does {request.kind}", code="no_model")
        return default
    model = catalog.get(request.model)
    if model is None:
        raise InvalidRequest.of("model", f"unknown; for {request.kind} there are: {able}", code="unknown_model")
    if not model.supports(request.kind):
        message = f"{model.name} does not do {request.kind}; these do: {able or 'none here'}"
        raise InvalidRequest.of("model", message, code="unsupported_kind")
    return model


def _check_input(request: JobRequest, limits: Limits) -> None:
    text, audio = request.input.text, request.input.audio
    if request.kind is Capability.SPEECH:
        if audio is not None:
            raise InvalidRequest.of("input.audio", "speech takes input.text", code="unknown_field")
        if text is None:
            raise InvalidRequest.of("input.text", "is required for speech", code="missing_field")
        if not has_text(text):
            raise InvalidRequest.of("input.text", "is empty", code="text_empty")
        if len(text) > limits.text_characters:
            message = f"has {len(text)} characters; the limit is {limits.text_characters}"
            raise InvalidRequest.of("input.text", message, code="text_too_long")
        return
    if text is not None:
        raise InvalidRequest.of("input.text", f"{request.kind} takes input.audio", code="unknown_field")
    if audio is None:
        raise InvalidRequest.of("input.audio", f"is required for {request.kind}", code="missing_field")
    if (audio.data is None) == (audio.artifact is None):
        message = "must hold exactly one of: data, artifact"
        raise InvalidRequest.of("input.audio", message, code="invalid_request")


def _language(options: dict[str, Any], model: Model) -> str | None:
    asked = options.pop("language", None)
    if asked is None:
        return None
    tag = normalise_language(asked) if isinstance(asked, str) else None
    if tag is None:
        raise InvalidRequest.of("options.language", "is not a language tag such as en-US", code="unsupported_language")
    if not model.speaks(tag):
        message = f"{model.name} does not know {tag}; it knows: {', '.join(model.languages)}"
        raise InvalidRequest.of("options.language", message, code="unsupported_language")
    return tag


def _voice(options: dict[str, Any], model: Model, language: str | None) -> str | None:
    asked = options.pop("voice", None)
    voices = model.family.voices
    if asked is None:
        matching = (voice.id for voice in voices if language is None or same_language(language, voice.language))
        return next(matching, voices[0].id if voices else None)
    if not isinstance(asked, str) or (voice := model.voice(asked)) is None:
        message = f"unknown; {model.name} has: {', '.join(voice.id for voice in voices) or 'no voices'}"
        raise InvalidRequest.of("options.voice", message, code="unknown_voice")
    if language is not None and not same_language(language, voice.language):
        message = f"{voice.id} speaks {voice.language}, not {language}"
        raise InvalidRequest.of("options.voice", message, code="unsupported_language")
    return voice.id


def _format(options: dict[str, Any]) -> str:
    asked = options.pop("format", ENGINE_FORMAT)
    if asked not in AUDIO_FORMATS:
        message = f"must be one of: {', '.join(AUDIO_FORMATS)}"
        raise InvalidRequest.of("options.format", message, code="unsupported_format")
    return str(asked)


def _options(options: dict[str, Any], model: Model, kind: Capability) -> dict[str, Any]:
    """The model's options with their defaults filled in; anything else is refused by name."""
    specs = model.options(kind)
    for name, value in options.items():
        spec = specs.get(name)
        if spec is None:
            message = f"is not an option of {model.name} for {kind}; it has: {', '.join(sorted(specs)) or 'none'}"
            raise InvalidRequest.of(f"options.{name}", message, code="unknown_field")
        if (problem := spec.problem(value)) is not None:
            raise InvalidRequest.of(f"options.{name}", problem, code="invalid_option")
    defaults = {name: spec.default for name, spec in specs.items()}
    return {**defaults, **options}
