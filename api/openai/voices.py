"""GET /v1/audio/voices: what `voice` may be, for OpenAI's clients and those of other servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.models import find_model
from api.openai.names import served_names
from api.services import Services
from pipelines.catalog import Capability, Model
from pipelines.errors import InvalidRequest
from pipelines.voices import VoiceStatus
from storage.filters import Page
from storage.voice_pages import VoiceFilter


def voice_list(services: Services, name: str | None) -> dict[str, Any]:
    """The voices of one model, or of all; `voices` says the same in the few words that other servers use."""
    data = [*_built_in(services, name), *_saved(services, name)]
    short = {item["id"]: {"id": item["id"], "name": item["name"]} for item in data}
    return {"object": "list", "data": data, "voices": list(short.values())}


def _built_in(services: Services, name: str | None) -> Iterator[dict[str, Any]]:
    default = services.catalog.default(Capability.SPEECH)
    named = [default] if name is None and default is not None else _chosen(services, name)
    for model in named:
        for alias, voice in served_names(model).items():
            yield {**_of_model(model, voice), "id": alias, "name": alias.title(), "type": "alias", "alias_of": voice}
    for model in _chosen(services, name):
        yield from (_of_model(model, voice.id) for voice in model.voices)


def _chosen(services: Services, name: str | None) -> list[Model]:
    if name is None:
        return services.catalog.with_capability(Capability.SPEECH)
    model = find_model(services, name)
    if not model.supports(Capability.SPEECH):
        raise InvalidRequest.of("model", f"{model.name} does not speak", code="unsupported_kind")
    return [model]


def _of_model(model: Model, voice_id: str) -> dict[str, Any]:
    voice = model.voice(voice_id)
    assert voice is not None  # noqa: S101 - ids come from the model itself
    return {
        "id": voice.id,
        "object": "audio.voice",
        "created_at": 0,
        "name": voice.name,
        "type": "built_in",
        "alias_of": None,
        "model": model.name,
        "language": voice.language,
        "gender": voice.gender,
    }


def _saved(services: Services, name: str | None) -> Iterator[dict[str, Any]]:
    """Saved voices that can be used, newest first, where a model speaks in them."""
    if not any(model.cloning is not None for model in _chosen(services, name)):
        return
    which = VoiceFilter(statuses=(VoiceStatus.READY.value,))
    for rows in services.voices.page(which, Page(services.storage.max_voices, None, None)):
        yield {
            "id": rows.voice.id,
            "object": "audio.voice",
            "created_at": int(rows.voice.created_at),
            "name": rows.voice.name,
            "type": "audio_sample",
            "alias_of": None,
            "model": None,
            "language": rows.voice.language,
            "gender": None,
        }
