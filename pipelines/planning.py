"""plan(request, catalog, limits, known) → the steps, or an error that names the field and says what would work.

`known` is what was looked up for the request: an embedding that is there needs no recording to be listened to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.options import check_language, check_options, options_for, take_format, take_language
from pipelines.planned import Planned, detector_for, planned_for
from pipelines.postprocessing import check_post_processing
from pipelines.requests import RECORDINGS, JobRequest, has_text
from pipelines.speakers import Asked, asked_of, speaker_for
from pipelines.speaking import cannot_clone, plan_speech
from pipelines.streams import at_rate, marked
from pipelines.voices import Known, Space
from pipelines.workflows.conversion import conversion
from pipelines.workflows.finishing import finishing
from pipelines.workflows.listening import listening
from pipelines.workflows.reference import listening_to

__all__ = ["Known", "Limits", "Planned", "choose_model", "plan"]

_CONVERSION = Capability.VOICE_CONVERSION
_SOUNDING = frozenset({Capability.SPEECH, _CONVERSION})
_WITH_LANGUAGE = frozenset({Capability.TRANSCRIPTION, Capability.TRANSLATION})


@dataclass(frozen=True)
class Limits:
    """What a request may ask for at most."""

    text_characters: int = 100_000


def plan(request: JobRequest, catalog: Catalog, limits: Limits, known: Known | None = None) -> Planned:
    """Every step, model and queue of the job; InvalidRequest when it cannot be routed or a field cannot be honoured."""
    known = known or Known()
    asked = asked_of(request)
    model = choose_model(request, catalog, asked)
    _check_input(request, limits)
    if request.kind is Capability.SPEECH:
        planned = _finished(request, plan_speech(request, catalog, model, asked, known))
        return replace(planned, plan=marked(planned.plan))
    if request.kind is _CONVERSION and asked is not None:
        return _finished(request, _plan_conversion(request, catalog, model, asked, known))
    options = dict(request.options)
    language = take_language(options) if request.kind in _WITH_LANGUAGE else None
    check_language(language, model)
    check_options(options, request.kind, model)
    steps = listening(request.kind, model, language=language, options=options_for(model, request.kind, options))
    return Planned(steps, model, None)


def _finished(request: JobRequest, planned: Planned) -> Planned:
    """The same, with what is to be done to the whole sound."""
    wanted = request.post_processing
    if wanted is None or not wanted.asked:
        return planned
    form = take_format(dict(request.options))
    check_post_processing(wanted, form)
    # Another rate needs no whole sound where it is made clause by clause.
    only_rate = at_rate(planned.plan, wanted.asked["sample_rate"]) if wanted.asked.keys() == {"sample_rate"} else None
    return replace(planned, plan=only_rate or finishing(planned.plan, wanted.asked, form))


def choose_model(request: JobRequest, catalog: Catalog, asked: Asked | None = None) -> Model:
    """The model that was named, or the default of the kind; for a voice that was `asked`, one that can speak in it."""
    able = ", ".join(model.name for model in catalog.with_capability(request.kind))
    if request.model is None or catalog.means_default(request.model, request.kind):
        default = catalog.default(request.kind)
        if default is None:
            raise InvalidRequest.of("kind", f"no model here does {request.kind}", code="no_model")
        return default if asked is None else _fitting(request, catalog, default, asked)
    model = catalog.get(request.model)
    if model is None:
        raise InvalidRequest.of("model", f"unknown; for {request.kind} there are: {able}", code="unknown_model")
    if not model.supports(request.kind):
        message = f"{model.name} does not do {request.kind}; these do: {able or 'none here'}"
        raise InvalidRequest.of("model", message, code="unsupported_kind")
    return model


def _fitting(request: JobRequest, catalog: Catalog, default: Model, asked: Asked) -> Model:
    """The default if it can take this voice, else the first that can, and speaks the language.

    A model that was made for tests is nobody's choice but that of who names it, or made it the default.
    """
    if "voice_match" in request.options:
        return default
    language = take_language(dict(request.options))
    able = [
        model
        for model in (default, *(one for one in catalog.with_capability(request.kind) if not one.family.stand_in))
        if request.kind is _CONVERSION or model.cloning is not None
    ]
    if not able:
        raise cannot_clone(asked.field, None, catalog)
    given = asked.embedding
    fitting = [model for model in able if given is None or Space.of(model).name == given.family] or able
    return next((model for model in fitting if language is None or model.speaks(language)), fitting[0])


def _check_input(request: JobRequest, limits: Limits) -> None:
    """Each kind takes what it takes, and every recording comes in one way."""
    kind, given = request.kind, request.input
    takes = {"text"} if kind is Capability.SPEECH else {"audio"}
    extra = {Capability.SPEECH: {"reference"}, _CONVERSION: {"target"}}.get(kind, set())
    needed = takes | (extra if kind is _CONVERSION else set())
    present = [name for name in ("audio", "text", "reference", "target") if getattr(given, name) is not None]
    for name in present:
        if name not in takes | extra:
            said = " and ".join(f"input.{one}" for one in (*takes, *extra))
            raise InvalidRequest.of(f"input.{name}", f"{kind} takes {said}", code="unknown_field")
    for name in sorted(needed.difference(present)):
        raise InvalidRequest.of(f"input.{name}", f"is required for {kind}", code="missing_field")
    if request.post_processing is not None and kind not in _SOUNDING:
        message = f"a {kind} job makes no sound; these do: {', '.join(sorted(_SOUNDING))}"
        raise InvalidRequest.of("post_processing", message, code="field_not_supported")
    if given.text is not None:
        _check_text(given.text, limits)
    for role, source in given.recordings.items():
        if (source.data is None) == (source.artifact is None):
            message = "must hold exactly one of: data, artifact"
            raise InvalidRequest.of(RECORDINGS[role], message, code="invalid_request")


def _check_text(text: str, limits: Limits) -> None:
    if not has_text(text):
        raise InvalidRequest.of("input.text", "is empty", code="text_empty")
    if len(text) > limits.text_characters:
        message = f"has {len(text)} characters; the limit is {limits.text_characters}"
        raise InvalidRequest.of("input.text", message, code="text_too_long")


def _plan_conversion(request: JobRequest, catalog: Catalog, model: Model, asked: Asked, known: Known) -> Planned:
    options = dict(request.options)
    form = take_format(options)
    check_options(options, _CONVERSION, model)
    speaker = speaker_for(asked, model, known)
    embedding = options_for(model, Capability.EMBEDDING, options)
    target = listening_to(speaker, model, detector_for(speaker, catalog), embedding)
    converting = options_for(model, _CONVERSION, options)
    plan = conversion(model, target, embedding=embedding, options=converting, form=form)
    return planned_for(speaker, plan, model, None)
