"""What a client may ask of webhook endpoints: one shape per request, read strictly, each refusal naming its field."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import InvalidRequest
from pipelines.events import ENDPOINT_EVENTS
from pipelines.requests import explain
from pipelines.signing import MAX_SECRET, MIN_SECRET, PREFIX, secret_key

#: Longest time for which an old secret may go on to count, in seconds.
MAX_OVERLAP = 7 * 86_400


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds a character that cannot be stored")
    return text


_Url = Annotated[str, Field(max_length=2048, description="https, to a public address.")]
_Events = Annotated[
    tuple[str, ...], Field(max_length=64, description="Types to be told of; none means every `job.` event.")
]
_Description = Annotated[str, Field(max_length=1000), AfterValidator(_storable)]
_Secret = Annotated[
    str | None,
    Field(max_length=256, description=f"`{PREFIX}` and {MIN_SECRET} to {MAX_SECRET} bytes in base64; else made here."),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EndpointRequest(_Strict):
    """The body of `POST /v1/webhooks`."""

    url: _Url
    events: _Events = ()
    description: _Description = ""
    secret: _Secret = None


class EndpointChange(_Strict):
    """The body of `PATCH /v1/webhooks/{id}`; what it leaves out stays."""

    url: _Url | None = None
    events: _Events | None = None
    description: _Description | None = None
    enabled: bool | None = None


class SecretRotation(_Strict):
    """The body of `POST /v1/webhooks/{id}/rotate-secret`, which may be left out."""

    secret: _Secret = None
    overlap_seconds: float = Field(
        86_400, ge=0, le=MAX_OVERLAP, description="How long messages are signed with the secret before, too."
    )


class Redelivery(_Strict):
    """The body of `POST /v1/webhooks/{id}/redeliver`."""

    since: AwareDatetime = Field(description="RFC 3339: deliveries made since then.")
    include_delivered: bool = Field(False, description="Also what was delivered, not only what has failed.")


Asked = TypeVar("Asked", bound=BaseModel)


def parse(shape: type[Asked], body: dict[str, object]) -> Asked:
    """The body as `shape`, or an InvalidRequest that names every wrong field."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        explain(error)


def check_events(events: tuple[str, ...]) -> None:
    """InvalidRequest for what no endpoint is told of."""
    for number, event in enumerate(events):
        if event not in ENDPOINT_EVENTS:
            message = f"webhook endpoints are told of: {', '.join(ENDPOINT_EVENTS)}"
            raise InvalidRequest.of(f"events.{number}", message, code="unknown_event")


def check_secret(secret: str | None) -> None:
    """InvalidRequest for what is no secret; never repeats it."""
    if secret is None:
        return
    try:
        secret_key(secret)
    except ValueError as error:
        message = f"must be {PREFIX} and {MIN_SECRET} to {MAX_SECRET} bytes in base64"
        raise InvalidRequest.of("secret", message, code="invalid_secret") from error
