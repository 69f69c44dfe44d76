"""What the Harmony routes answer with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class EarlierAnswer(BaseModel):
    """What every answer begins with."""

    id: str = Field(description="The job's id: what became of it is at /v1/jobs/{id}.")
    model: str = Field(description="As it was asked for.")
    created: int = Field(description="When the job was accepted, in seconds since 1970.")


class EarlierData(EarlierAnswer):
    """Sound, or a speaker's embedding."""

    data: str = Field(description="Base64.")


class EarlierTranscript(EarlierAnswer):
    """What was said."""

    text: str
    language: str | None = Field(description="With get_language.")
    timestamps: list[dict[str, Any]] | None = Field(
        description="With get_timestamps: segments {id, start, end, text, words}, in seconds."
    )


class EarlierActivity(EarlierAnswer):
    """Whether somebody speaks."""

    speech_activity: bool
    timestamps: list[dict[str, Any]] | None = Field(description="With get_timestamps: {start, end}, in order.")


class EarlierVoice(BaseModel):
    """A voice as requests name it, and its styles."""

    voice: str
    styles: list[str]


class EarlierLanguage(BaseModel):
    """A language as requests name it, and who speaks it."""

    language: str
    voices: list[EarlierVoice]


class EarlierModel(BaseModel):
    """A model, or a toolchain: several steps by the name that earlier releases had for them."""

    id: str
    object: Literal["model", "toolchain"]
    created: int
    owned_by: str
    root: str = Field(description="The model of config.yml that does it.")
    parent: None
    languages: list[EarlierLanguage]


class EarlierModelList(BaseModel):
    """What a route's `model` may be."""

    object: Literal["list"]
    data: list[EarlierModel]
