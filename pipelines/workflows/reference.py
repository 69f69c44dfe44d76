"""From a recording of somebody to the embedding of their voice: decode → segment → embed, without what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.catalog import IO_QUEUE, Capability, Model
from pipelines.jobs import Action, Step
from pipelines.speakers import Speaker

#: A step's option that says where an embedding comes from: the vector itself, or the name of the step that makes it.
EmbeddingSource = dict[str, Any] | str


@dataclass(frozen=True)
class Listening:
    """The steps that find out how the speaker sounds, and what to tell the step that needs to know."""

    steps: tuple[Step, ...]
    source: EmbeddingSource

    @property
    def takes(self) -> tuple[str, ...]:
        """What that step takes of them."""
        return (f"{self.source}.embedding",) if isinstance(self.source, str) else ()


def listening_to(speaker: Speaker, encoder: Model, detector: Model | None, options: dict[str, Any]) -> Listening:
    """`detector` finds the speech unless it is known where; `options` are the encoder's for an embedding."""
    if speaker.vector is not None:
        family = encoder.space or encoder.family.name
        return Listening((), {"family": family, "vector": list(speaker.vector)})
    name = f"decode-{speaker.role}"
    bounds = {
        "min_seconds": speaker.min_seconds,
        "max_seconds": speaker.max_seconds,
        "field": speaker.field,
    }
    steps = [decoding(name, speaker.role, encoder)]
    asked: dict[str, Any] = {"options": options, **bounds}
    takes: tuple[str, ...] = (f"{name}.audio",)
    if speaker.segments or detector is None:
        asked["segments"] = [list(stretch) for stretch in speaker.segments]
    else:
        rate = detector.family.sample_rate
        found = {"options": default_options(detector, Capability.VAD), "sample_rate": rate, **bounds}
        steps.append(Step("segment", Action.SEGMENT, detector.queue, detector.name, found, takes))
        takes = (*takes, "segment.segments")
    if speaker.remember is not None:
        asked["remember"] = dict(speaker.remember)
    steps.append(Step("embed", Action.EMBED, encoder.queue, encoder.name, asked, takes))
    return Listening(tuple(steps), "embed")


def decoding(name: str, role: str, model: Model) -> Step:
    """The recording of that role as the model takes sound."""
    return Step(
        name, Action.DECODE, IO_QUEUE, options={"sample_rate": model.family.sample_rate}, takes=(f"input.{role}",)
    )


def default_options(model: Model, kind: Capability) -> dict[str, Any]:
    """A model's options for a step that the client did not ask for by itself."""
    return {name: spec.default for name, spec in model.options(kind).items()}
