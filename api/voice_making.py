"""From a request body to an accepted voice: checked, planned, written together with the job that checks it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from api.canonical import canonical_body
from api.errors import SubmitterRefused
from api.room import Newcomer
from api.services import Services
from pipelines.catalog import Capability
from pipelines.errors import Unavailable
from pipelines.failpoints import Place, reach
from pipelines.ids import new_id
from pipelines.jobs import Priority
from pipelines.voice_requests import VoiceRequest, language_of
from pipelines.webhooks import parse
from pipelines.workflows.enrolment import Enrolment, enrolment
from storage.submitting import Idempotency, NewArtifact, Submission
from storage.voices import MadeVoice, NewVoice


@dataclass(frozen=True)
class PreparedVoice:
    """A request that can be accepted as far as its own words go."""

    id: str
    request: VoiceRequest
    language: str | None
    enrolment: Enrolment
    #: The request in one spelling, without its audio's bytes.
    canonical: bytes

    @property
    def submitter(self) -> str:
        return self.request.labels.get("submitter", "")


def prepare_voice(services: Services, voice_id: str, body: dict[str, Any]) -> PreparedVoice:
    """Checks and plans; bytes of audio travel beside the request, which then says `data: ""`. Raises InvalidRequest."""
    canonical = canonical_body(body)
    request = parse(VoiceRequest, body)
    plan = enrolment(services.catalog, voice_id)
    return PreparedVoice(voice_id, request, language_of(request.language), plan, canonical)


def check_room(services: Services, prepared: PreparedVoice, key: str | None) -> None:
    """Refuses early what could not be accepted: no worker, or no room."""
    try:
        services.presence.admit(prepared.enrolment.plan, wait_for_worker=prepared.request.wait_for_worker)
        services.rooms.check(prepared.submitter, brings_audio=True)
    except (Unavailable, SubmitterRefused):
        # Whether it is the same request is known once its audio is here.
        if key is None or not services.voices.knows_key(prepared.submitter, key):
            raise


def accept_voice(services: Services, prepared: PreparedVoice, recording: NewArtifact, key: str | None) -> MadeVoice:
    """Writes the voice and its job in one transaction; the recording is stored already."""
    used = None if key is None else Idempotency(key, _fingerprint(prepared.canonical, recording))
    earlier = None if used is None else services.voices.made_by(prepared.submitter, used)
    if earlier is not None:
        return MadeVoice(earlier, replayed=True)
    reach(Place.INPUT_STORED)
    request = prepared.request
    new = NewVoice(prepared.id, request.name, recording, prepared.language, request.description, request.labels, used)
    check = _check(services, prepared, recording)
    newcomer = Newcomer(check.submitter, check.cost, None)
    return services.rooms.let_in(newcomer, lambda room: services.voices.create(new, check, room))


def _check(services: Services, prepared: PreparedVoice, recording: NewArtifact) -> Submission:
    model, units = prepared.enrolment.model, float(recording.bytes)
    learned = services.presence.snapshot().learned
    submitter = prepared.submitter
    return Submission(
        id=new_id("job"),
        kind=Capability.EMBEDDING,
        model=model.name,
        voice=prepared.id,
        plan=prepared.enrolment.plan,
        priority=Priority.NORMAL,
        request={"kind": Capability.EMBEDDING, "input": {"voice": prepared.id}, "options": {}},
        labels={"submitter": submitter} if submitter else {},
        submitter=submitter,
        inputs=(recording,),
        holds_voices=(prepared.id,),
        expires_in=services.storage.result_seconds or None,
        units=units,
        cost=learned.seconds(Capability.EMBEDDING, model.name, units),
    )


def _fingerprint(canonical: bytes, recording: NewArtifact) -> str:
    return hashlib.sha256(canonical + b"\x00" + recording.sha256.encode()).hexdigest()
