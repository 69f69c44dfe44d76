"""How a family clones, as data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Cloning(BaseModel):
    """How a family speaks in the voice of a recording.

    `vocode`: embed → synthesize (a mel spectrogram) → vocode. `convert`: embed → synthesize by a model of the family
    `base`, or by the model itself → convert. `direct`: embed → synthesize.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Literal["direct", "vocode", "convert"]
    #: Of `convert`: the family whose models speak first, chosen by language; None = this family itself.
    base: str | None = None
    #: How much of a recording is needed and used, in seconds.
    min_reference_seconds: float = 2.0
    max_reference_seconds: float = 600.0
