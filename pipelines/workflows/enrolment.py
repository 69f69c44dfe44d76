"""The check of a saved voice's recording: decode → segment → enroll, by the default models."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.catalog import IO_QUEUE, Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.jobs import Action, Plan, Step
from pipelines.voices import Space
from pipelines.workflows.reference import default_options

#: How long the recording of a saved voice must and may be, in seconds.
SHORTEST_RECORDING = 2.0
LONGEST_RECORDING = 600.0


@dataclass(frozen=True)
class Enrolment:
    """The plan, and the model that hears the voice: the job's own."""

    plan: Plan
    model: Model


def enrolment(catalog: Catalog, voice_id: str) -> Enrolment:
    """What finds out whether a recording is fit to be this voice; InvalidRequest where a model for it is missing."""
    detector, encoder = _default(catalog, Capability.VAD), _default(catalog, Capability.EMBEDDING)
    space = Space.of(encoder)
    bounds = {"min_seconds": SHORTEST_RECORDING, "max_seconds": LONGEST_RECORDING, "field": "audio"}
    found = {
        "options": default_options(detector, Capability.VAD),
        "sample_rate": detector.family.sample_rate,
        "remember": {"voice": voice_id},
        **bounds,
    }
    asked = {
        "options": default_options(encoder, Capability.EMBEDDING),
        "remember": {"voice": voice_id, "space": space.name, "revision": space.revision},
    }
    if encoder.family.same_speaker is not None:
        asked["same_speaker"] = encoder.family.same_speaker.model_dump()
    decode = Step("decode", Action.DECODE, IO_QUEUE, options={"sample_rate": encoder.family.sample_rate})
    segment = Step("segment", Action.SEGMENT, detector.queue, detector.name, found, ("decode.audio",))
    takes = ("decode.audio", "segment.segments")
    return Enrolment(
        Plan((decode, segment, Step("enroll", Action.ENROLL, encoder.queue, encoder.name, asked, takes))), encoder
    )


def _default(catalog: Catalog, kind: Capability) -> Model:
    model = catalog.default(kind)
    if model is None:
        message = f"no model here does {kind}, which the check of a voice needs"
        raise InvalidRequest.of("audio", message, code="no_model")
    return model
