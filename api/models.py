"""Models as answers: what the catalog says, and where their weights are and who has them loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from api.services import Services
from pipelines.catalog import Model, as_public
from pipelines.errors import NotFound, Unavailable
from pipelines.nearest import built_in, file_of
from pipelines.times import rfc3339
from storage.commands import ask_for_pull, pulls
from storage.workers import live_rows

#: A worker that is being started is there by then, in seconds.
_WORKER_SECONDS = 30


@dataclass(frozen=True)
class _Standing:
    """What the live slots said last, and what is being fetched: read once for all models."""

    slots: Sequence[Row[Any]]
    pulls: Mapping[str, Row[Any]]


def find_model(services: Services, name: str) -> Model:
    """The model of the catalog; NotFound if there is none."""
    model = services.catalog.get(name) or services.catalog.other_names.get(name)
    if model is None:
        raise NotFound("There is no model of this name; /v1/models lists them.", code="model_not_found")
    return model


def model_documents(services: Services, models: Sequence[Model]) -> list[dict[str, Any]]:
    """The models as clients see them."""
    with services.database.read() as connection:
        standing = _Standing(live_rows(connection), pulls(connection))
    return [_document(model, standing) for model in models]


def alias_documents(services: Services, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The further names of the models, each as the document of the model behind it."""
    by_name = {document["id"]: document for document in known}
    return [
        {**by_name[model.name], "id": alias, "alias_of": model.name}
        for alias, model in services.catalog.other_names.items()
    ]


def pull(services: Services, model: Model) -> None:
    """Orders the model's weights from a live worker; Unavailable if there is none. Asking twice asks once."""
    if model.weights is None:
        return
    if not services.presence.snapshot(newest=True).live[model.queue]:
        message = f"No worker serves the queue {model.queue} now, so nobody can fetch these weights. Start one."
        raise Unavailable(message, code="no_worker", retry_after=_WORKER_SECONDS)
    ask_for_pull(services.database, model.name, model.queue, model.weights.bytes)


def _document(model: Model, standing: _Standing) -> dict[str, Any]:
    serving = [slot for slot in standing.slots if model.queue in slot.queues]
    hosts = sorted({slot.host for slot in serving if model.name in slot.weights})
    needed = model.weights is not None
    order = standing.pulls.get(model.name) if needed else None
    weights = {
        "needed": needed,
        "bytes": model.weights.bytes if model.weights else 0,
        "present": bool(hosts) or not needed,
        "hosts": hosts,
        "pull": None if order is None else _pull(order),
    }
    loaded = [slot.name for slot in serving if model.name in slot.loaded]
    matches = built_in(file_of(model)) is not None
    return {**as_public(model), "voice_match": matches, "weights": weights, "loaded_on": loaded}


def _pull(order: Row[Any]) -> dict[str, Any]:
    return {
        "status": order.status,
        "worker": order.slot,
        "bytes": order.bytes,
        "total_bytes": order.total_bytes,
        # Sizes that nobody has pinned are known once the worker has asked the source.
        "progress": round(order.bytes / order.total_bytes, 4)
        if order.total_bytes
        else float(order.status == "succeeded"),
        "error": order.error,
        "asked_at": rfc3339(order.asked_at),
        "finished_at": rfc3339(order.finished_at),
    }
