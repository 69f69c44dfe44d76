"""What `model` may be on each Harmony route, with the languages and voices that a request may name."""

from __future__ import annotations

from typing import Any

from api.earlier.names import toolchains
from api.earlier.voices import languages_of
from pipelines.catalog import Capability, Catalog, Model


def model_list(catalog: Catalog, kind: Capability | None) -> dict[str, Any]:
    """The toolchains first, then the models of config.yml; `kind` None is what no model does."""
    if kind is None:
        return {"object": "list", "data": []}
    chains = toolchains(kind, catalog)
    cards = [_card(name, "toolchain", model, catalog, kind) for name, model in chains.items()]
    single = [model for model in catalog.with_capability(kind) if model.name not in chains]
    return {"object": "list", "data": [*cards, *(_card(one.name, "model", one, catalog, kind) for one in single)]}


def _card(name: str, what: str, model: Model, catalog: Catalog, kind: Capability) -> dict[str, Any]:
    return {
        "id": name,
        "object": what,
        "created": 0,
        "owned_by": "harmony",
        "root": model.name,
        "parent": None,
        "languages": languages_of(model, catalog, kind),
    }
