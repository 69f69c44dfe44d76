"""POST /v1/voice/convert: a recording in another voice; and POST /v1/audio/convert, which nothing does yet."""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

from fastapi import Request
from starlette.responses import Response

from api.earlier import words
from api.earlier.answering import Wanted, answered
from api.earlier.embeddings import decoded
from api.earlier.names import Named, find
from api.earlier.schemas import EarlierConversion, EarlierRestoration, missing, parsed
from api.earlier.sound import finishing_of, options_of, refuse_filters
from api.openai.errors import HARMONY
from api.services import Services
from pipelines.catalog import Capability, Catalog
from pipelines.errors import InvalidRequest

_KIND = Capability.VOICE_CONVERSION


async def answer(request: Request, services: Services, body: dict[str, Any]) -> Response:
    """`{id, model, created, data}`; with `output_options.stream` the bytes of the sound."""
    return await answered(request, services, partial(_wanted, services.catalog, body))


async def restoration(request: Request, services: Services, body: dict[str, Any]) -> NoReturn:
    """InvalidRequest that names the model, once the body is what it should be."""
    request.state.door = HARMONY
    await services.reading(partial(parsed, body, EarlierRestoration))
    raise InvalidRequest.of("model", "no model here restores recordings", code="no_model")


def _wanted(catalog: Catalog, body: dict[str, Any]) -> Wanted:
    asked = parsed(body, EarlierConversion)
    named = find(asked.model, _KIND, catalog)
    refuse_filters(asked.pre_processing_filters)
    generation, output = asked.generation_options, asked.output_options
    if generation is not None and generation.style is not None:
        message = "a conversion has the style of its source"
        raise InvalidRequest.of("generation_options.style", message, code="field_not_supported")
    options = options_of(generation, named.model, _KIND)
    if output is not None and output.format is not None:
        options["format"] = output.format.lower()
    native: dict[str, Any] = {
        "kind": _KIND.value,
        "model": named.model.name,
        "input": {"audio": {"data": asked.source_audio}, "target": _target(asked, named)},
        "options": options,
    }
    finishing = finishing_of(generation, output, None, _KIND)
    if finishing.values:
        native["post_processing"] = finishing.values
    names = {**finishing.words, **words.CONVERSION}
    return Wanted(native, asked.model, names, stream=output is not None and bool(output.stream))


def _target(asked: EarlierConversion, named: Named) -> dict[str, Any]:
    if asked.target_audio is not None and asked.target_embedding is not None:
        raise InvalidRequest.of("target_embedding", "target_audio says whose voice already", code="invalid_request")
    if asked.target_embedding is not None:
        return {"embedding": decoded(asked.target_embedding, named.model, "target_embedding")}
    if asked.target_audio is None:
        raise missing("target_audio", "target_audio or target_embedding is needed")
    return {"audio": {"data": asked.target_audio}}
