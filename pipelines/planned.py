"""What planning gives: the plan, and what else is known of the job by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.jobs import Plan
from pipelines.speakers import Speaker
from pipelines.voices import Recording


@dataclass(frozen=True)
class Planned:
    """A plan, and the names that the job's row shows and filters by."""

    plan: Plan
    model: Model
    #: Built in, or the id of a saved one.
    voice: str | None
    #: The saved voice that the job speaks in; it must be there still when the job is written.
    saved_voice: str | None = None
    #: Recordings of saved voices that become inputs of the job, by role.
    recordings: Mapping[str, Recording] | None = None


def detector_for(speaker: Speaker, catalog: Catalog) -> Model | None:
    """The model that finds the speech in the speaker's recording; None where nothing is left to find."""
    if speaker.vector is not None or speaker.segments:
        return None
    detector = catalog.default(Capability.VAD)
    if detector is None:
        message = "no model here finds speech (vad); say where it is with segments"
        raise InvalidRequest.of(speaker.field, message, code="no_model")
    return detector


def planned_for(speaker: Speaker, plan: Plan, model: Model, voice: str | None) -> Planned:
    """The same with what the speaker brings along."""
    recordings = None if speaker.recording is None else {speaker.role: speaker.recording}
    return Planned(plan, model, speaker.voice or voice, speaker.voice, recordings)


def telling(plan: Plan, said: Mapping[str, Any]) -> Plan:
    """The plan, with something to say in the job's result."""
    last = plan.steps[-1]
    return Plan((*plan.steps[:-1], replace(last, options={**last.options, "tell": dict(said)})))
