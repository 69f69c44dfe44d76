"""Speech to the same words in another voice: both recordings are listened to, then the first is converted."""

from __future__ import annotations

from typing import Any

from pipelines.catalog import Model
from pipelines.jobs import Action, Plan, Step
from pipelines.workflows.reference import Listening, decoding
from pipelines.workflows.speech import encoding


def conversion(
    model: Model, target: Listening, *, embedding: dict[str, Any], options: dict[str, Any], form: str
) -> Plan:
    """The source's own embedding is made of all of it; `embedding` are the model's options for that."""
    source = Step("embed-source", Action.EMBED, model.queue, model.name, {"options": embedding}, ("decode.audio",))
    asked = {"options": options, "source": source.name, "target": target.source}
    takes = ("decode.audio", f"{source.name}.embedding", *target.takes)
    converting = Step("convert", Action.CONVERT, model.queue, model.name, asked, takes)
    # All that needs no model goes first, and what the target's recording may be refused for before any other work.
    hearing = [step for step in target.steps if step.action is not Action.EMBED]
    embeds = [step for step in target.steps if step.action is Action.EMBED]
    return Plan((decoding("decode", "audio", model), *hearing, source, *embeds, converting, *encoding(form)))
