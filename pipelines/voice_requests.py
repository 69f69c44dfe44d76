"""What a client may ask of saved voices: one shape per request, read strictly, each refusal naming its field."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipelines.errors import InvalidRequest
from pipelines.languages import normalise_language
from pipelines.requests import AudioSource, Labels

_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(description="For people; two voices may have the same."),
]
_Description = Annotated[str, Field(max_length=1000)]
_Language = Annotated[str, Field(max_length=64, description="What is spoken in the recording, such as en-US.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VoiceRequest(_Strict):
    """The body of `POST /v1/voices`, or the field `voice` of its form."""

    name: _Name
    language: _Language | None = None
    description: _Description = ""
    labels: Labels = Field(default_factory=dict)
    audio: AudioSource | None = Field(default=None, description="The recording; in a form it is the file `audio`.")
    wait_for_worker: bool = Field(default=False, description="Accept the voice though no worker can check it now.")


class VoiceChange(_Strict):
    """The body of `PATCH /v1/voices/{id}`; what it leaves out stays. The recording cannot be changed."""

    name: _Name | None = None
    language: _Language | None = Field(default=None, description="null: none.")
    description: _Description | None = None
    labels: Labels | None = None


def language_of(given: str | None) -> str | None:
    """The language as a BCP-47 tag; InvalidRequest for what is none."""
    if given is None:
        return None
    tag = normalise_language(given)
    if tag is None:
        raise InvalidRequest.of("language", "is not a language tag such as en-US", code="unsupported_language")
    return tag
