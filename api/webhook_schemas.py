"""The shapes of answers about webhooks, for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

DeliveryStatus = Literal["pending", "delivered", "failed", "held"]


class EndpointLinks(BaseModel):
    """Where to go on."""

    self: str
    deliveries: str


class Endpoint(BaseModel):
    """An address that is told of events."""

    id: str
    url: str
    description: str
    events: list[str] = Field(description="Types it is told of; none means every `job.` event.")
    enabled: bool
    disabled_cause: Literal["request", "gone", "failing"] | None = Field(
        description="`gone`: it answered 410. `failing`: every attempt of several days failed."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="Since when no attempt has succeeded.")
    paused_until: datetime | None = Field(description="It failed several times in a row and is left alone until then.")
    older_secrets_until: datetime | None = Field(description="Until when a secret before the newest counts.")
    created_at: datetime
    updated_at: datetime
    links: EndpointLinks


class EndpointWithSecret(Endpoint):
    """The answer that shows the secret, which no other does."""

    secret: str | None = Field(
        description="null: a repeated request (`Idempotency-Replayed: true`) whose secret has been replaced since."
    )


class DeliveryLinks(BaseModel):
    """Where to look again, and how to send it again."""

    self: str
    redeliver: str


class Delivery(BaseModel):
    """A message on its way; its id is the `webhook-id` of every attempt."""

    id: str
    endpoint: str | None = Field(description="Id of the endpoint; null: the job's own `webhook` asked for it.")
    endpoint_id: str | None = Field(description="The same as `endpoint`.")
    job_id: str | None
    type: str
    sequence: int
    url: str
    status: DeliveryStatus = Field(description="`held`: its endpoint is not enabled; it goes on when that is.")
    attempts: int
    last_status: int | None
    last_error: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    links: DeliveryLinks


class AttemptRequest(BaseModel):
    """What was sent; the body is the delivery's."""

    url: str
    headers: dict[str, str]


class AttemptResponse(BaseModel):
    """What came back; of the body the first kilobyte."""

    status: int
    headers: dict[str, str]
    body: str


class Attempt(BaseModel):
    """One attempt. Those whose sender was lost are counted and not here."""

    number: int
    at: datetime
    milliseconds: int
    request: AttemptRequest
    response: AttemptResponse | None
    error: str | None = Field(description="Why there is no response.")


class DeliveryLog(Delivery):
    """A delivery with everything that was sent and answered."""

    body: str
    log: list[Attempt]


class EndpointList(BaseModel):
    """A page of endpoints."""

    object: Literal["list"]
    data: list[Endpoint]
    next: str | None


class DeliveryList(BaseModel):
    """A page of deliveries."""

    object: Literal["list"]
    data: list[Delivery]
    next: str | None


class Replay(BaseModel):
    """An order to send deliveries again, which is worked off from now on."""

    id: str
    matching: int | Literal["10000+"]
