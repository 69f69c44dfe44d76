"""What a client may ask for: one shape per kind, read strictly, each refusal naming its field."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pipelines.catalog import Capability
from pipelines.errors import FieldProblem, InvalidRequest
from pipelines.events import EventType

AUDIO_FORMATS = ("wav", "flac", "mp3", "opus", "aac", "pcm")

#: Fields that the design has and this version does not: refused by name rather than accepted and ignored.
_NOT_YET = {
    "deadline": "deadlines are not available yet",
    "expires_in": "expiry per job is not available yet",
    "post_processing": "post-processing is not available yet",
    "pre_processing": "pre-processing is not available yet",
    "input.audio.url": "audio by URL is not available yet; send it as a file, as data, or as an artifact",
    "input.audio.upload": "presigned uploads are not available yet; send a multipart file",
}

MAX_LABELS = 32
MAX_LABEL_LENGTH = 256
_LABEL_KEY = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AudioSource(_Strict):
    """Exactly one of: base64 `data`, or the id of an earlier `artifact`; bytes sent beside it leave `data` empty."""

    data: str | None = None
    artifact: str | None = None


class JobInput(_Strict):
    """`text` for speech, `audio` for the rest."""

    text: str | None = None
    audio: AudioSource | None = None


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
    priority: Literal["low", "normal", "high"] = "normal"
    labels: dict[
        Annotated[str, StringConstraints(pattern=_LABEL_KEY)],
        Annotated[str, StringConstraints(max_length=MAX_LABEL_LENGTH)],
    ] = Field(default_factory=dict, max_length=MAX_LABELS)
    webhook: WebhookRequest | None = None
    wait_for_worker: bool = Field(default=False, description="Accept the job though no worker for its queue is alive.")


def parse_request(body: object) -> JobRequest:
    """The request, or an InvalidRequest that names every wrong field."""
    if not isinstance(body, dict):
        msg = "The body must be a JSON object."
        raise InvalidRequest(msg, code="invalid_body")
    _refuse_what_is_not_here_yet(body)
    try:
        return JobRequest.model_validate(body)
    except ValidationError as error:
        _explain(error)


def _refuse_what_is_not_here_yet(body: dict[str, Any]) -> None:
    for path, reason in _NOT_YET.items():
        value: Any = body
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            raise InvalidRequest.of(path, reason, code="field_not_supported")
    if body.get("priority") == "deferrable":
        raise InvalidRequest.of("priority", "deferrable is not available yet", code="field_not_supported")


#: What pydantic calls the mistake → our code.
_CODES = {
    "extra_forbidden": "unknown_field",
    "missing": "missing_field",
    "too_long": "too_long",
    "string_too_long": "too_long",
}


def _explain(error: ValidationError) -> NoReturn:
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
