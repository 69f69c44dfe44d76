"""The shapes of answers about saved voices, for the OpenAPI description, and what a list of them may be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipelines.voices import VoiceStatus


class Finding(BaseModel):
    """Something that was found in the recording."""

    code: str = Field(description="Stable.")
    message: str


class KnownSpace(BaseModel):
    """A space in which it is known how the voice sounds: models of this space need not hear the recording again."""

    space: str
    revision: str = Field(description="Of the weights that heard it.")


class VoiceLinks(BaseModel):
    """Where to go on."""

    self: str
    preview: str
    job: str


class SavedVoiceDocument(BaseModel):
    """A voice that somebody saved."""

    model_config = ConfigDict(title="SavedVoice")

    id: str
    object: Literal["voice"]
    name: str
    language: str | None
    description: str
    labels: dict[str, str]
    status: VoiceStatus = Field(description="Jobs can be given a voice that is `ready`.")
    reasons: list[Finding] = Field(description="Why it is refused.")
    warnings: list[Finding] = Field(description="What was noticed and is no reason to refuse it.")
    seconds: float | None = Field(description="Length of the recording; null until it was measured.")
    speech_seconds: float | None
    clipped_share: float | None = Field(description="Share of the samples that are at full scale, 0–1.")
    speakers: int | None = Field(description="How many people speak; null where that cannot be told.")
    pitch: float | None = Field(description="The median of its fundamental frequency, in Hz.")
    bytes: int
    media_type: str
    sha256: str
    embeddings: list[KnownSpace]
    job: str = Field(description="Id of the job that checks the recording.")
    created_at: datetime
    updated_at: datetime
    links: VoiceLinks


class VoiceList(BaseModel):
    """A page of voices."""

    object: Literal["list"]
    data: list[SavedVoiceDocument]
    next: str | None


class VoiceQuery(BaseModel):
    """The parameters of GET /v1/voices; of those that are lists any value matches."""

    model_config = ConfigDict(extra="forbid")

    status: list[VoiceStatus] = Field(default_factory=list, max_length=8)
    language: list[Annotated[str, StringConstraints(max_length=64)]] = Field(default_factory=list, max_length=16)
    label: list[Annotated[str, StringConstraints(max_length=400)]] = Field(
        default_factory=list, max_length=32, description="`key:value`; all of them must match."
    )
    q: str | None = Field(None, min_length=1, max_length=200, description="Beginning of a name, in any case.")
    limit: int = Field(50, ge=1, le=200, description="Voices on one page.")
    after: str | None = Field(None, max_length=64, description="`next` of the page before.")
    before: str | None = Field(None, max_length=64, description="Id of a voice: the page in front of it, newer ones.")
