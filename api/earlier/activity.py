"""Where in a reference somebody speaks, as earlier clients say it: `input_vad_mode` and `input_vad_data`."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.catalog import Capability, Catalog
from pipelines.errors import InvalidRequest

_FIELD = "input_vad_data"
_MODE = "input_vad_mode"

#: What the detectors of the earlier configuration heard, and what counts of samples are counts of, in Hz.
RATE = 16_000
#: No reference is longer, in seconds; so many samples are too short for a stretch of speech. Above it they are samples.
_LONGEST = 600.0
_MOST = 1000
_MOST_CHARACTERS = 1024 * 1024

_Time = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Stretch(BaseModel):
    """A stretch of speech; recognisers say more of it."""

    model_config = ConfigDict(extra="ignore")

    start: _Time
    end: _Time


class _Found(BaseModel):
    """An answer of /v1/audio/vad, or what a recogniser found."""

    model_config = ConfigDict(extra="ignore")

    timestamps: list[_Stretch] | None = None
    segments: list[_Stretch] | None = None


def check_mode(mode: str | None, catalog: Catalog) -> None:
    """InvalidRequest if it names another detector than the one that listens to references here."""
    detector = catalog.default(Capability.VAD)
    if mode is None or detector is None:
        return
    known = (detector.name, detector.family.name, detector.family.name.partition("_")[0])
    if mode.lower() not in known:
        message = f"{detector.name} finds the speech here; say {known[-1]}, or where it is in {_FIELD}"
        raise InvalidRequest.of(_MODE, message, code="field_not_supported")


def stretches(text: str) -> list[dict[str, float]]:
    """The stretches in seconds, in order, joined where they overlap; InvalidRequest where there is none."""
    found = [stretch for stretch in _stretches(text) if stretch.end > stretch.start]
    if not found:
        raise InvalidRequest.of(_FIELD, "holds no stretch of speech", code="reference_too_short")
    in_samples = max(stretch.end for stretch in found) > _LONGEST
    scale = 1 / RATE if in_samples else 1.0
    joined: list[dict[str, float]] = []
    for stretch in sorted(found, key=lambda each: each.start):
        start, end = stretch.start * scale, stretch.end * scale
        if joined and start <= joined[-1]["end"]:
            joined[-1]["end"] = max(joined[-1]["end"], end)
        else:
            joined.append({"start": start, "end": end})
    return joined


def _stretches(text: str) -> list[_Stretch]:
    if len(text) > _MOST_CHARACTERS:
        raise InvalidRequest.of(_FIELD, f"is longer than {_MOST_CHARACTERS} characters", code="too_long")
    try:
        content = json.loads(text)
        found = _Found.model_validate({"segments": content} if isinstance(content, list) else content)
    except (ValidationError, ValueError, RecursionError) as error:
        message = 'must be JSON: {"timestamps": [{"start", "end"}]}, as /v1/audio/vad answers'
        raise InvalidRequest.of(_FIELD, message, code="invalid_request") from error
    stretches = found.timestamps if found.timestamps is not None else found.segments
    if len(stretches or ()) > _MOST:
        raise InvalidRequest.of(_FIELD, f"has more than {_MOST} stretches", code="too_long")
    return stretches or []
