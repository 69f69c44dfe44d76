"""How long a step may run: by its model, and by how much it was given."""

from __future__ import annotations

from pipelines.catalog import Catalog
from pipelines.jobs import Action, ArtifactRef
from storage.claims import Work

#: Steps without a model: decode and encode go many times faster than the sound plays.
_IO_SECONDS = 60.0
_IO_PER_SECOND = 0.5
#: A compressed byte holds at most this much sound worth waiting for (8 kbit/s).
_SECONDS_PER_BYTE = 1 / 1000
#: A spectrogram has some 80 bands of four bytes and 80 frames a second.
_SECONDS_PER_MEL_BYTE = 1 / 25_600
#: People speak about 15 characters a second.
_CHARACTERS_PER_SECOND = 15.0


def run_limit(work: Work, catalog: Catalog) -> float:
    """Seconds that this step may take."""
    amount = _amount(work)
    model = None if work.model is None else catalog.get(work.model)
    pause = float(work.options.get("delay_ms") or 0) / 1000
    if model is None:
        return _IO_SECONDS + _IO_PER_SECOND * amount + pause
    family = model.family
    return family.limit_seconds + family.limit_per_second * amount


def _amount(work: Work) -> float:
    """Seconds of sound that the step takes in or, for speech, should give."""
    if work.action is Action.SYNTHESIZE:
        return len(str(work.options["text"])) / _CHARACTERS_PER_SECOND
    return sum(_seconds(artifact) for artifact in work.inputs)


def _seconds(artifact: ArtifactRef) -> float:
    if artifact.role == "mel":
        return artifact.bytes * _SECONDS_PER_MEL_BYTE
    if artifact.media_type == "application/json":
        return 0.0
    return artifact.bytes * _SECONDS_PER_BYTE if artifact.seconds is None else artifact.seconds
