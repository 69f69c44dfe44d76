"""The shapes of answers, for the OpenAPI description; routes build plain JSON and do not pass through these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.catalog import Capability
from pipelines.events import EventType
from pipelines.jobs import JobStatus, StepStatus


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Its dotted path in the request.")
    message: str


class Problem(BaseModel):
    """Every error (RFC 9457). Branch on `code`; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable.")
    errors: list[FieldError] | None = None
    request_id: str | None = Field(None, description="Also in the header X-Request-ID and in the log.")
    cause: Literal["permanent", "transient", "resource", "lost", "timeout"] | None = Field(
        None, description="Of failed jobs and steps."
    )


class Artifact(BaseModel):
    """Bytes that a job took or made."""

    id: str
    role: str
    media_type: str
    bytes: int
    sha256: str
    seconds: float | None = Field(description="Length of a recording.")
    sample_rate: int | None = Field(description="Of a recording, in Hz.")
    url: str = Field(description="A link to the bytes, open for a while to whoever has it.")


class Step(BaseModel):
    """One unit of work of a job."""

    id: str
    name: str
    model: str | None
    queue: str
    status: StepStatus
    attempts: int
    worker: str | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    error: Problem | None


class Word(BaseModel):
    """A word with its times in seconds."""

    word: str
    start: float
    end: float
    probability: float | None = None


class Segment(BaseModel):
    """A stretch of speech with its times in seconds; a transcript's has text and words."""

    id: int | None = None
    start: float
    end: float
    text: str | None = None
    words: list[Word] | None = None


class Embedding(BaseModel):
    """A speaker as a vector; only vectors of one family can be compared."""

    family: str
    dimensions: int
    vector: list[float]


class Result(BaseModel):
    """What a job made. Which members there are depends on its kind."""

    model_config = ConfigDict(extra="allow")

    artifacts: list[Artifact]
    text: str | None = None
    language: str | None = None
    duration: float | None = None
    segments: list[Segment] | None = None
    speech_seconds: float | None = None
    embedding: Embedding | None = None


class JobLinks(BaseModel):
    """Where to go on."""

    self: str
    events: str
    result: str
    cancel: str


class Job(BaseModel):
    """A job as it stands."""

    id: str
    kind: Capability
    model: str
    status: JobStatus
    progress: float = Field(ge=0, le=1)
    priority: Literal["low", "normal", "high"]
    labels: dict[str, str]
    request: dict[str, Any] = Field(description="What was asked: kind, input without bytes, options.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    queue_position: int | Literal["1000+"] | None = Field(description="Of a job that waits to be dispatched.")
    estimate: float | None
    attempts: int
    steps: list[Step]
    result: Result | None
    error: Problem | None
    links: JobLinks


class Event(BaseModel):
    """One line of a job's history."""

    job_id: str
    seq: int = Field(description="Without gaps in its job.")
    position: int | None = Field(description="Over all jobs; given shortly after the event.")
    type: EventType
    at: datetime
    data: dict[str, Any]


class Model(BaseModel):
    """A model that jobs can name."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    family: str
    title: str
    description: str
    capabilities: list[Capability]
    languages: list[str]
    voices: list[dict[str, Any]]
    options: dict[str, dict[str, Any]] = Field(description="capability → option → type, bounds, default, description")
    licence: str
    device: str
    queue: str
    sample_rate: int
    memory_mb: int
    weights_bytes: int


class JobList(BaseModel):
    """A page of jobs."""

    object: Literal["list"]
    data: list[Job]
    next: str | None


class EventList(BaseModel):
    """A page of events; `next` is the value of `after` for the page behind it."""

    object: Literal["list"]
    data: list[Event]
    next: int | None


class ModelList(BaseModel):
    """Every model."""

    object: Literal["list"]
    data: list[Model]
    next: None


class Readiness(BaseModel):
    """What a job needs, and whether it is there: `ok`, or what is wrong."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, str]


class CapabilityHealth(BaseModel):
    """Whether a worker for it is alive."""

    available: bool
    models: dict[str, bool]


class Health(BaseModel):
    """What works now."""

    status: Literal["ok", "degraded"]
    capabilities: dict[Capability, CapabilityHealth]


class Version(BaseModel):
    """What runs here."""

    name: str
    version: str
    python: str
    artifacts: Literal["local", "s3"]
    limits: dict[Annotated[str, Field(description="what")], int]
