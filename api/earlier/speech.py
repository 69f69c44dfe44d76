"""POST /v1/audio/speech with a `mode`: text to speech, in a voice of the model or in that of a recording."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.earlier import words
from api.earlier.activity import check_mode, stretches
from api.earlier.answering import Wanted, answered
from api.earlier.embeddings import decoded
from api.earlier.names import Named, find
from api.earlier.schemas import SINGLE_SPEAKER, VOICE_CLONING, EarlierSpeech, missing, parsed
from api.earlier.sound import finishing_of, options_of, refuse_filters
from api.earlier.voices import voice_for
from api.services import Services
from pipelines.catalog import Capability, Catalog
from pipelines.errors import InvalidRequest
from pipelines.voices import is_saved

_KIND = Capability.SPEECH


async def answer(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """`{id, model, created, data}`; with `output_options.stream` the bytes of the sound as they are made."""
    return await answered(request, services, partial(_wanted, services.catalog, body))


def _wanted(catalog: Catalog, body: dict[str, Any]) -> Wanted:
    asked = parsed(body, EarlierSpeech)
    named = find(asked.model, _KIND, catalog)
    reference = _reference(asked, named, catalog)
    refuse_filters(asked.pre_processing_filters)
    language = named.language_for(asked.language)
    generation, output = asked.generation_options, asked.output_options
    style = None if generation is None else generation.style
    options: dict[str, Any] = {
        **options_of(generation, named.model, _KIND),
        "language": language,
        "voice": voice_for(named.model, catalog, asked.voice, style, language),
        "format": None if output is None or output.format is None else output.format.lower(),
    }
    native: dict[str, Any] = {
        "kind": _KIND.value,
        "model": named.model.name,
        "input": {"text": asked.input, **reference},
        "options": {name: value for name, value in options.items() if value is not None},
    }
    finishing = finishing_of(generation, output, asked.post_generation_filters, _KIND)
    if finishing.values:
        native["post_processing"] = finishing.values
    names = {**finishing.words, **words.SPEECH}
    if style is not None:
        names = {"options.voice": "generation_options.style", **names}
    return Wanted(native, asked.model, names, stream=output is not None and bool(output.stream))


def _reference(asked: EarlierSpeech, named: Named, catalog: Catalog) -> dict[str, Any]:
    """Whom to sound like, as `input.reference` of a native request; nothing for a voice of the model."""
    for field, needs in (("input_vad_mode", "input_audio"), ("input_vad_data", "input_audio")):
        if getattr(asked, field) is not None and getattr(asked, needs) is None:
            raise InvalidRequest.of(field, f"is about {needs}, which is not there", code="invalid_request")
    given = [name for name in ("input_audio", "input_embedding") if getattr(asked, name) is not None]
    if asked.mode == SINGLE_SPEAKER:
        if given or is_saved(asked.voice):
            message = f"belongs to mode {VOICE_CLONING}"
            raise InvalidRequest.of(given[0] if given else "voice", message, code="invalid_request")
        return {}
    if named.model.cloning is None:
        able = ", ".join(one.name for one in catalog if one.cloning is not None and one.supports(_KIND)) or "none here"
        message = f"{named.name} speaks in its own voices only; these do {VOICE_CLONING}: {able}"
        raise InvalidRequest.of("mode", message, code="cannot_clone")
    if is_saved(asked.voice) and not given:
        return {}
    if not given:
        raise missing("input_audio", f"{VOICE_CLONING} needs input_audio or input_embedding")
    if len(given) > 1:
        raise InvalidRequest.of("input_embedding", "input_audio says whose voice already", code="invalid_request")
    if asked.input_embedding is not None:
        return {"reference": {"embedding": decoded(asked.input_embedding, named.model, "input_embedding")}}
    return {"reference": _recording(asked, catalog)}


def _recording(asked: EarlierSpeech, catalog: Catalog) -> dict[str, Any]:
    found: dict[str, Any] = {"audio": {"data": asked.input_audio}}
    if asked.input_vad_data is not None:
        found["segments"] = stretches(asked.input_vad_data)
    else:
        check_mode(asked.input_vad_mode, catalog)
    return found
