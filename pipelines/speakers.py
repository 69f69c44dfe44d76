"""Whose voice a request asks for: looked at field by field, and brought to what a workflow needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pipelines.catalog import Capability, Cloning, Model
from pipelines.errors import InvalidRequest
from pipelines.requests import GivenEmbedding, JobRequest, Stretch, VoiceSource
from pipelines.voices import Known, Recording, SavedVoice, Space, Vector, VoiceStatus, is_saved

#: So much speech, in seconds, is the least that a voice can be known by.
LEAST_SPEECH = 1.0


@dataclass(frozen=True)
class Asked:
    """A voice as it was asked for: where in the request, and from which source; exactly one of the three is there."""

    field: str
    #: What the recording is to the job: `reference` or `target`.
    role: str
    saved: str | None = None
    embedding: GivenEmbedding | None = None
    segments: tuple[Stretch, ...] | None = None

    @property
    def name_field(self) -> str:
        """Where a saved voice is named."""
        return self.field if self.field == "options.voice" else f"{self.field}.voice"


@dataclass(frozen=True)
class Speaker:
    """What the plan builds on: the vector, or a recording that is an input of this role and must be listened to."""

    field: str
    role: str
    vector: Vector | None = None
    #: Where in the recording the voice speaks, in seconds; none = to be found out.
    segments: tuple[tuple[float, float], ...] = ()
    min_seconds: float = 0.0
    max_seconds: float = 0.0
    #: Where to keep the vector that will be made, as a step's option.
    remember: Mapping[str, str] | None = None
    #: Of a saved voice: its recording, which becomes an input of the job.
    recording: Recording | None = None
    voice: str | None = None


def asked_of(request: JobRequest) -> Asked | None:
    """The voice that the request asks for besides built-in ones; InvalidRequest where it does so twice or by halves."""
    if request.kind is Capability.VOICE_CONVERSION:
        target = request.input.target
        return None if target is None else _from_source(target, "input.target", "target")
    if request.kind is not Capability.SPEECH:
        return None
    named, reference = request.options.get("voice"), request.input.reference
    if reference is None:
        return Asked("options.voice", "reference", saved=str(named)) if is_saved(named) else None
    if is_saved(named):
        message = "input.reference says whose voice already; leave one of them out"
        raise InvalidRequest.of("options.voice", message, code="invalid_request")
    return _from_source(reference, "input.reference", "reference")


def saved_names(request: JobRequest) -> set[str]:
    """The saved voices that the request names: what is to be looked up before it is planned."""
    sources = (request.input.reference, request.input.target)
    names: set[Any] = {source.voice for source in sources if source is not None} | {request.options.get("voice")}
    return {name for name in names if is_saved(name)}


def _from_source(source: VoiceSource, field: str, role: str) -> Asked:
    given = [name for name in ("voice", "audio", "embedding") if getattr(source, name) is not None]
    if len(given) != 1:
        message = "must hold exactly one of: voice, audio, embedding"
        raise InvalidRequest.of(field, message, code="invalid_request")
    if source.segments and source.audio is None:
        raise InvalidRequest.of(f"{field}.segments", "are parts of an audio", code="invalid_request")
    if source.audio is None:
        return Asked(field, role, source.voice, source.embedding)
    _check_segments(source.segments, f"{field}.segments")
    return Asked(field, role, segments=source.segments)


def _check_segments(segments: tuple[Stretch, ...], field: str) -> None:
    for number, stretch in enumerate(segments):
        if stretch.end <= stretch.start:
            raise InvalidRequest.of(f"{field}.{number}.end", "must be after its start", code="invalid_request")
    for number, (first, second) in enumerate(pairwise(segments), start=1):
        if second.start < first.end:
            message = "must be in order of time and not overlap"
            raise InvalidRequest.of(f"{field}.{number}.start", message, code="invalid_request")
    if segments and sum(stretch.end - stretch.start for stretch in segments) < LEAST_SPEECH:
        message = f"hold less than {LEAST_SPEECH:g} s"
        raise InvalidRequest.of(field, message, code="reference_too_short")


def speaker_for(asked: Asked, model: Model, known: Known) -> Speaker:
    """What is known of the voice for the model that makes and takes its embedding; InvalidRequest where it cannot."""
    bounds = model.cloning or Cloning(recipe="direct")
    least, most = bounds.min_reference_seconds, bounds.max_reference_seconds
    if asked.embedding is not None:
        return Speaker(asked.field, asked.role, _given(asked.embedding, model, f"{asked.field}.embedding"))
    if asked.saved is None:
        segments = tuple((stretch.start, stretch.end) for stretch in asked.segments or ())
        return Speaker(asked.field, asked.role, None, segments, least, most)
    voice = saved_voice(asked, known)
    space = Space.of(model)
    vector = voice.embeddings.get(space)
    if vector is not None:
        return Speaker(asked.field, asked.role, vector, voice=voice.id)
    if voice.recording is None:
        message = f"it has no recording to make an embedding for {model.name} of"
        raise InvalidRequest.of(asked.name_field, message, code="voice_not_ready")
    remember = {"voice": voice.id, "space": space.name, "revision": space.revision}
    return Speaker(asked.field, asked.role, None, voice.segments, least, most, remember, voice.recording, voice.id)


def saved_voice(asked: Asked, known: Known) -> SavedVoice:
    """The saved voice that was asked for, if it is there and can be used."""
    voice = known.voices.get(asked.saved or "")
    if voice is None:
        raise InvalidRequest.of(asked.name_field, "there is no saved voice with this id", code="unknown_voice")
    if voice.status is not VoiceStatus.READY:
        message = {
            VoiceStatus.CHECKING: "its recording is still being checked; try again in a moment",
            VoiceStatus.REFUSED: "its recording was found unfit; the voice says why",
        }[voice.status]
        raise InvalidRequest.of(asked.name_field, message, code="voice_not_ready")
    return voice


def _given(embedding: GivenEmbedding, model: Model, field: str) -> Vector:
    space = Space.of(model).name
    if embedding.family != space:
        message = f"is {embedding.family}; {model.name} takes embeddings of {space}"
        raise InvalidRequest.of(f"{field}.family", message, code="embedding_mismatch")
    count, wanted = len(embedding.vector), model.family.dimensions
    if embedding.dimensions not in {None, count}:
        message = f"is {embedding.dimensions}, and the vector has {count} numbers"
        raise InvalidRequest.of(f"{field}.dimensions", message, code="embedding_mismatch")
    if wanted not in {None, count}:
        message = f"has {count} numbers; embeddings of {space} have {wanted}"
        raise InvalidRequest.of(f"{field}.vector", message, code="embedding_mismatch")
    if not any(embedding.vector):
        raise InvalidRequest.of(f"{field}.vector", "holds nothing but zeros", code="embedding_mismatch")
    return embedding.vector
