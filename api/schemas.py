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
    workers: list[str] | None = Field(None, description="With `worker_lost`: the workers that this step cost.")


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


class Try(BaseModel):
    """One attempt at a step."""

    number: int
    worker: str
    started_at: datetime
    finished_at: datetime
    outcome: Literal["succeeded", "failed", "lost", "cancelled", "handed_back"]
    cause: Literal["permanent", "transient", "resource", "lost", "timeout"] | None
    code: str | None
    detail: str | None


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
    tries: list[Try] | None = Field(
        None, description="Its attempts that have ended, with what became of each; of one job, not in lists."
    )


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
    spoken_text: str | None = Field(None, description="Of speech: the text in words, as it was spoken.")
    post_processing: dict[str, Any] | None = Field(
        default=None, description="What was done to the sound: loudness in LUFS and peak in dBTP, before and after."
    )


class JobLinks(BaseModel):
    """Where to go on."""

    self: str
    events: str
    result: str
    audio: str | None = Field(None, description="Where its sound can be heard, also while it is made.")
    cancel: str
    retry: str


class Job(BaseModel):
    """A job as it stands."""

    id: str
    kind: Capability
    model: str
    queue: str = Field(description="That the job's model runs on; the same for the job's whole life.")
    status: JobStatus
    progress: float = Field(ge=0, le=1)
    priority: Literal["deferrable", "low", "normal", "high"]
    labels: dict[str, str]
    request: dict[str, Any] = Field(description="What was asked: kind, input without bytes, options.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline: datetime | None = Field(description="A job that has not ended by then expires.")
    expires_at: datetime | None = Field(description="Of a job that has ended: until when its results are kept.")
    retry_of: str | None = Field(description="The job whose finished steps this one took over.")
    queue_position: int | Literal["1000+"] | None = Field(description="Of a job that waits to be dispatched.")
    estimate: float | None
    attempts: int
    streams: bool = Field(description="Whether its sound can be heard while it is made; else it comes whole.")
    steps: list[Step]
    inputs: list[Artifact] | None = Field(
        None, description="The recordings it took, as far as they are still stored; of one job, not in lists."
    )
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


class Pull(BaseModel):
    """The newest order to fetch a model's weights."""

    status: Literal["queued", "running", "succeeded", "failed"]
    worker: str | None = Field(description="Who fetches, or fetched.")
    bytes: int
    total_bytes: int
    progress: float = Field(ge=0, le=1)
    error: Problem | None
    asked_at: datetime
    finished_at: datetime | None


class Weights(BaseModel):
    """The files that a model needs beside its code."""

    needed: bool
    bytes: int
    present: bool = Field(description="On the host of at least one live worker of its queue, or not needed.")
    hosts: list[str] = Field(description="Where they are.")
    pull: Pull | None


class Cloning(BaseModel):
    """How a model speaks like somebody's recording, and how much of it is needed and taken, in seconds."""

    recipe: Literal["direct", "vocode", "convert"]
    min_reference_seconds: float
    max_reference_seconds: float


class Model(BaseModel):
    """A model that jobs can name."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    alias_of: str | None = Field(description="The model that this is a further name of; null: its own name.")
    family: str
    title: str
    description: str
    capabilities: list[Capability]
    languages: list[str]
    voices: list[dict[str, Any]]
    mixing: bool = Field(description="Whether `voice` may be a mixture: `af_heart(2)+am_adam(1)`.")
    styles: list[str] = Field(description="Ways of speaking that `instructions` can ask for.")
    options: dict[str, dict[str, Any]] = Field(description="capability → option → type, bounds, default, description")
    licence: str
    device: str
    queue: str
    sample_rate: int
    memory_mb: int
    weights_bytes: int
    space: str | None = Field(description="Of its speaker embeddings: only vectors of one space can be compared.")
    cloning: Cloning | None = Field(description="How it speaks like a recording; null: its voices are built in.")
    voice_match: bool = Field(description="Whether `voice_match: nearest` finds its voice most like a saved one.")
    weights: Weights
    loaded_on: list[str] = Field(description="The live workers that hold it in memory.")


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
