"""What a client may ask for: one shape per kind, read strictly, each refusal naming its field."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from pipelines.catalog import Capability
from pipelines.errors import FieldProblem, InvalidRequest
from pipelines.events import EventType
from pipelines.lifetimes import LONGEST_EXPIRY, SHORTEST_EXPIRY
from pipelines.postprocessing import PostProcessing
from pipelines.times import parse_rfc3339

AUDIO_FORMATS = ("wav", "flac", "mp3", "opus", "aac", "pcm")

#: Fields that the design has and this version does not: refused by name rather than accepted and ignored.
_NOT_YET = {
    "pre_processing": "pre-processing is not available yet",
    **{
        f"input.{place}.{form}": reason
        for place in ("audio", "reference.audio", "target.audio")
        for form, reason in (
            ("url", "audio by URL is not available yet; send it as a file, as data, or as an artifact"),
            ("upload", "presigned uploads are not available yet; send a multipart file"),
        )
    },
}

MAX_LABELS = 32
MAX_LABEL_LENGTH = 256
_LABEL_KEY = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"


Labels = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=_LABEL_KEY)],
        Annotated[str, StringConstraints(max_length=MAX_LABEL_LENGTH)],
    ],
    Field(max_length=MAX_LABELS),
]

PriorityName = Literal["deferrable", "low", "normal", "high"]

#: A moment as RFC 3339 with its zone.
Moment = Annotated[datetime, BeforeValidator(parse_rfc3339)]
Expiry = Annotated[float, Field(ge=SHORTEST_EXPIRY, le=LONGEST_EXPIRY, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSource(_Strict):
    """Exactly one of: base64 `data`, or the id of an earlier `artifact`; bytes sent beside it leave `data` empty."""

    data: str | None = None
    artifact: str | None = None


Seconds = Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)]


class Stretch(_Strict):
    """A part of a recording, in seconds from its beginning."""

    start: Seconds
    end: Seconds


class GivenEmbedding(_Strict):
    """A speaker as an `embedding` job gives it; `family` names the space that the vector lives in."""

    family: str = Field(max_length=64)
    dimensions: int | None = None
    vector: tuple[Annotated[float, Field(strict=True, allow_inf_nan=False)], ...] = Field(
        min_length=1, max_length=8192, fail_fast=True
    )


class VoiceSource(_Strict):
    """Exactly one of: the id of a saved `voice`, a recording as `audio`, or an `embedding`.

    `segments` say where in the recording the voice speaks; otherwise a VAD model finds out.
    """

    voice: str | None = Field(default=None, max_length=64)
    audio: AudioSource | None = None
    embedding: GivenEmbedding | None = None
    segments: tuple[Stretch, ...] = Field(default=(), max_length=1000)


class JobInput(_Strict):
    """`text` for speech, `audio` for the rest.

    Speech takes a `reference` to sound like; voice conversion takes a `target`, in whose voice the audio comes back.
    """

    text: str | None = None
    audio: AudioSource | None = None
    reference: VoiceSource | None = None
    target: VoiceSource | None = None

    @property
    def recordings(self) -> dict[str, AudioSource]:
        """The recordings by role, in the order of RECORDINGS."""
        found = {
            "audio": self.audio,
            "reference": None if self.reference is None else self.reference.audio,
            "target": None if self.target is None else self.target.audio,
        }
        return {role: source for role, source in found.items() if source is not None}


#: Where in a request each recording has its place, by its role; also the names of the files of a form.
RECORDINGS = {"audio": "input.audio", "reference": "input.reference.audio", "target": "input.target.audio"}


class WebhookRequest(_Strict):
    """Where to tell what happened; `secret` (`whsec_…`) is write-only."""

    url: str = Field(max_length=2048)
    events: tuple[EventType, ...] = (
        EventType.JOB_SUCCEEDED,
        EventType.JOB_FAILED,
        EventType.JOB_CANCELLED,
        EventType.JOB_EXPIRED,
    )
    secret: str | None = Field(default=None, max_length=256)


class JobRequest(_Strict):
    """The body of `POST /v1/jobs`."""

    kind: Capability = Field(description="What to do.")
    model: str | None = Field(default=None, max_length=64, description="A name from /v1/models; else the default one.")
    input: JobInput = Field(default_factory=JobInput)
    options: dict[str, Any] = Field(default_factory=dict, description="The model's options, see /v1/models.")
    post_processing: PostProcessing | None = Field(
        default=None, description="What is done to the whole sound in the end; for kinds that make sound."
    )
    priority: PriorityName = "normal"
    labels: Labels = Field(default_factory=dict)
    webhook: WebhookRequest | None = None
    deadline: Moment | None = Field(
        default=None, description="RFC 3339, at most 30 days away: a job that has not ended by then expires."
    )
    expires_in: Expiry | None = Field(
        default=None, description="Seconds for which the results are kept after the end, 60 to one year."
    )
    wait_for_worker: bool = Field(default=False, description="Accept the job though no worker for its queue is alive.")


class RetryRequest(_Strict):
    """The body of `POST /v1/jobs/{id}/retry`, which may be left out; what it does not say stays as it was."""

    priority: PriorityName | None = None
    deadline: Moment | None = None
    expires_in: Expiry | None = None
    wait_for_worker: bool = False


def parse_retry(body: object) -> RetryRequest:
    """The same for a retry."""
    try:
        return RetryRequest.model_validate(body)
    except ValidationError as error:
        explain(error)


def parse_request(body: object) -> JobRequest:
    """The request, or an InvalidRequest that names every wrong field."""
    if not isinstance(body, dict):
        msg = "The body must be a JSON object."
        raise InvalidRequest(msg, code="invalid_body")
    _refuse_what_is_not_here_yet(body)
    try:
        return JobRequest.model_validate(body)
    except ValidationError as error:
        explain(error)


def _refuse_what_is_not_here_yet(body: dict[str, Any]) -> None:
    for path, reason in _NOT_YET.items():
        value: Any = body
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            raise InvalidRequest.of(path, reason, code="field_not_supported")


#: What pydantic calls the mistake → our code.
_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "too_long": "too_long",
    "string_too_long": "too_long",
}


def explain(error: ValidationError) -> NoReturn:
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        # Keys of a mapping end in "[key]" in pydantic's location; the client knows them by their own name.
        path = ".".join(str(part) for part in item["loc"] if part != "[key]")
        message = "is not a field of this request" if item["type"] == "extra_forbidden" else item["msg"]
        problems.append((item["type"], FieldProblem(path, message)))
    first_type, first = problems[0]
    code = _CODES.get(first_type, "invalid_request")
    if first.field == "kind":
        code = "unknown_kind" if first_type == "enum" else code
    detail = f"{first.field}: {first.message}"
    raise InvalidRequest(detail, code=code, fields=tuple(problem for _, problem in problems))


_SPEAKABLE = re.compile(r"\S")


def has_text(text: str) -> bool:
    """Whether there is anything but white space."""
    return _SPEAKABLE.search(text) is not None
