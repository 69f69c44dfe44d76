"""Whose voice a job is to speak in, as far as it is known before the job is planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipelines.catalog import Model

#: What the ids of saved voices begin with; no built-in voice may be named so.
SAVED_PREFIX = "voice_"

Vector = tuple[float, ...]


class VoiceStatus(StrEnum):
    """Whether a saved voice can be used: its recording is being checked, was found good, or was refused."""

    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


@dataclass(frozen=True)
class Recording:
    """Stored bytes of sound: where, what, how many, what they must hash to, and how long they are."""

    key: str
    media_type: str
    bytes: int
    sha256: str
    seconds: float | None = None
    sample_rate: int | None = None


@dataclass(frozen=True)
class Space:
    """What makes two embeddings comparable: the space, and the revision of the weights that made them."""

    name: str
    revision: str

    @classmethod
    def of(cls, model: Model) -> Space:
        """That of a model's embeddings."""
        return cls(model.space or model.family.name, model.weights_revision)


@dataclass(frozen=True)
class SavedVoice:
    """A voice that somebody saved: its recording, and what was found out about it so far."""

    id: str
    status: VoiceStatus
    recording: Recording | None
    #: Vectors that were made of this recording before.
    embeddings: Mapping[Space, Vector] = field(default_factory=dict)
    #: Stretches of the recording that are fit to know the voice by, in seconds; none = not looked for yet.
    segments: tuple[tuple[float, float], ...] = ()
    #: The median of its fundamental frequency, in Hz.
    pitch: float | None = None


@dataclass(frozen=True)
class Nearest:
    """A model's built-in voice that sounds most like a saved one; `similarity` is a cosine."""

    voice: str
    similarity: float


@dataclass(frozen=True)
class Known:
    """What was looked up for a request: the saved voices it names, and how to find a built-in one like them."""

    voices: Mapping[str, SavedVoice] = field(default_factory=dict)
    #: The nearest voice of the model, of that language if one is named; None = none can be compared with it (yet).
    nearest: Callable[[SavedVoice, Model, str | None], Nearest | None] = lambda _voice, _model, _language: None


def is_saved(name: object) -> bool:
    """Whether a value is written like the id of a saved voice."""
    return isinstance(name, str) and name.startswith(SAVED_PREFIX)
