"""What the API sends, as types: JSON objects whose members are those of the OpenAPI description.

They are plain dictionaries: what a later server adds is there too, and nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

#: Any other JSON object as the API sends it.
Document = dict[str, Any]

Kind = Literal["speech", "transcription", "translation", "embedding", "vad", "voice_conversion"]
Status = Literal["queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired"]
Priority = Literal["deferrable", "low", "normal", "high"]
AudioFormat = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]
TextFormat = Literal["txt", "srt", "vtt", "json", "npy"]

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})


class FieldError(TypedDict):
    """One field that is wrong: its dotted path in the request, and what is wrong with it."""

    field: str
    message: str


class Problem(TypedDict):
    """Every error (RFC 9457). Branch on `code`; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: NotRequired[list[FieldError]]
    request_id: NotRequired[str]
    cause: NotRequired[str]


class Artifact(TypedDict):
    """Bytes that a job took or made; `url` is open for a while."""

    id: str
    role: str
    media_type: str
    bytes: int
    sha256: str
    seconds: float | None
    sample_rate: int | None
    url: str


class Word(TypedDict):
    """A word with its times in seconds."""

    word: str
    start: float
    end: float
    probability: NotRequired[float]


class Segment(TypedDict):
    """A stretch of speech with its times in seconds; a transcript's has text, and words where they were asked for."""

    start: float
    end: float
    id: NotRequired[int]
    text: NotRequired[str]
    words: NotRequired[list[Word]]


class Embedding(TypedDict):
    """A speaker as a vector; only vectors of one family can be compared."""

    family: str
    dimensions: int
    vector: list[float]


class Result(TypedDict):
    """What a job made. Which members there are beside `artifacts` depends on its kind."""

    artifacts: list[Artifact]
    text: NotRequired[str]
    language: NotRequired[str]
    duration: NotRequired[float]
    segments: NotRequired[list[Segment]]
    speech_seconds: NotRequired[float]
    embedding: NotRequired[Embedding]
    spoken_text: NotRequired[str]


class Step(TypedDict):
    """One unit of work of a job."""

    id: str
    name: str
    model: str | None
    queue: str
    status: str
    attempts: int
    worker: str | None
    queued_at: str | None
    started_at: str | None
    finished_at: str | None
    error: Problem | None


class Job(TypedDict):
    """A job as it stands. Times are RFC 3339."""

    id: str
    kind: Kind
    model: str
    queue: str
    status: Status
    progress: float
    priority: Priority
    labels: dict[str, str]
    request: dict[str, Any]
    created_at: str
    started_at: str | None
    finished_at: str | None
    deadline: str | None
    expires_at: str | None
    retry_of: str | None
    queue_position: int | str | None
    attempts: int
    steps: list[Step]
    result: Result | None
    error: Problem | None
    links: dict[str, str]
    inputs: NotRequired[list[Artifact]]
    streams: NotRequired[bool]


class JobList(TypedDict):
    """A page of jobs; `next` is the value of `after` for the page behind it."""

    object: Literal["list"]
    data: list[Job]
    next: str | None


class Model(TypedDict):
    """A model that jobs can name."""

    id: str
    family: str
    title: str
    capabilities: list[Kind]
    languages: list[str]
    voices: list[dict[str, Any]]
    options: dict[str, dict[str, Any]]
    licence: str
    device: str
    queue: str
    sample_rate: int
    memory_mb: int
    weights: dict[str, Any]
    loaded_on: list[str]


class ModelList(TypedDict):
    """Every model."""

    object: Literal["list"]
    data: list[Model]


class Voice(TypedDict):
    """A voice that somebody saved; jobs can be given it once its status is `ready`."""

    id: str
    name: str
    language: str | None
    description: str
    labels: dict[str, str]
    status: Literal["checking", "ready", "refused"]
    reasons: list[dict[str, str]]
    warnings: list[dict[str, str]]
    seconds: float | None
    job: str


class VoiceList(TypedDict):
    """A page of voices."""

    object: Literal["list"]
    data: list[Voice]
    next: str | None


class WebhookEndpoint(TypedDict, total=False):
    """Where to tell what becomes of a job."""

    url: str
    events: Sequence[str]
    secret: str


class JobFields(TypedDict, total=False):
    """What every kind of job may be given; see `POST /v1/jobs` in the API's description."""

    model: str
    options: Mapping[str, Any]
    labels: Mapping[str, str]
    priority: Priority
    webhook: WebhookEndpoint
    deadline: str
    expires_in: float
    wait_for_worker: bool
    idempotency_key: str


class SpeechFields(JobFields, total=False):
    """Of speech: `voice` is one of the model's or the id of a saved one."""

    voice: str
    language: str
    format: AudioFormat
    speed: float
    post_processing: Mapping[str, Any]


class ListeningFields(JobFields, total=False):
    """Of transcription and translation."""

    language: str


class ConversionFields(JobFields, total=False):
    """Of voice conversion."""

    format: AudioFormat
    post_processing: Mapping[str, Any]


class VoiceFields(TypedDict, total=False):
    """Of a voice to be saved."""

    language: str
    description: str
    labels: Mapping[str, str]
