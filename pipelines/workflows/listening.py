"""Audio to something else: decode on `io`, then one step of the model."""

from __future__ import annotations

from typing import Any

from pipelines.catalog import IO_QUEUE, Capability, Model
from pipelines.jobs import Action, Plan, Step

_ACTIONS = {
    Capability.TRANSCRIPTION: ("transcribe", Action.TRANSCRIBE),
    Capability.TRANSLATION: ("transcribe", Action.TRANSCRIBE),
    Capability.EMBEDDING: ("embed", Action.EMBED),
    Capability.VAD: ("detect", Action.DETECT),
}


def listening(kind: Capability, model: Model, *, language: str | None, options: dict[str, Any]) -> Plan:
    """Transcription, translation, embedding and voice activity differ only in what the model is asked."""
    name, action = _ACTIONS[kind]
    asked: dict[str, Any] = {"options": options}
    # A model that can listen at several rates says so by this option.
    rate = options.get("sampling_rate", model.family.sample_rate)
    if action is Action.TRANSCRIBE:
        asked |= {"language": language, "translate": kind is Capability.TRANSLATION}
    return Plan(
        (
            Step("decode", Action.DECODE, IO_QUEUE, options={"sample_rate": rate}),
            Step(name, action, model.queue, model.name, asked),
        )
    )
