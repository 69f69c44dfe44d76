"""What several descriptions say in the same words: schemas of bodies that the framework does not read, door headers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_REF = "#/components/schemas/{model}"


def reference(model: str) -> dict[str, str]:
    """Points at a schema by its name."""
    return {"$ref": _REF.format(model=model)}


def schemas_of(*models: type[BaseModel]) -> dict[str, Any]:
    """The schemas of these models and of all that they hold, by name."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=_REF)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


#: What every route of a door takes.
DOOR_HEADERS: list[dict[str, Any]] = [
    {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}
    for name, description in (
        ("X-Keep-Job", "`true`: the job goes on when the client leaves before its end."),
        ("Prefer", "`respond-async`: 202 with the job at once; `wait=N` (at most 60 s): 202 if it takes longer."),
        (
            "Idempotency-Key",
            "The same key with the same request gives the same job (`Idempotency-Replayed: true`), which is kept then.",
        ),
    )
]
