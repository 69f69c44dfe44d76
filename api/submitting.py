"""From a request body to an accepted job: checked, planned, its webhook and inputs looked at, written in one go."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from api.canonical import canonical_body
from api.errors import SubmitterRefused
from api.room import Newcomer
from api.services import Services
from api.shown import shown_input
from pipelines.errors import InvalidRequest, Unavailable
from pipelines.events import WEBHOOK_EVENTS
from pipelines.failpoints import Place, reach
from pipelines.jobs import Priority, Purpose
from pipelines.nearest import nearest_voice
from pipelines.planning import Planned, plan
from pipelines.requests import RECORDINGS, JobRequest, WebhookRequest, parse_request
from pipelines.speakers import saved_names
from pipelines.voices import Known, Recording
from storage.submitting import Idempotency, NewArtifact, Submission, Submitted

#: Bytes that a webhook's own secret may have (Standard Webhooks).
_SECRET_BYTES = (24, 64)
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that every such secret has


@dataclass(frozen=True)
class Prepared:
    """A request that can be accepted as far as its own words go."""

    request: JobRequest
    #: Why there is no plan (any more), where the same request may have been accepted before.
    planned: Planned | InvalidRequest
    webhook: dict[str, Any] | None
    #: The request in one spelling, without its audio's bytes.
    canonical: bytes


def prepare(services: Services, body: dict[str, Any], key: str | None) -> Prepared:
    """Checks and plans; bytes of audio travel beside the request, which then says `data: ""`. Raises InvalidRequest."""
    canonical = canonical_body(body)
    request = parse_request(body)
    webhook = None if request.webhook is None else _webhook(services, request.webhook)
    try:
        return Prepared(request, _planned(services, request), webhook, canonical)
    except InvalidRequest as refusal:
        # A voice or a model may be gone that was there for the same request; `accept` knows once its audio is here.
        if key is None or not services.reader.knows_key(_submitter(request), key):
            raise
        return Prepared(request, refusal, webhook, canonical)


def _planned(services: Services, request: JobRequest) -> Planned:
    names = saved_names(request)
    known = Known(services.voices.saved(names), nearest_voice) if names else Known()
    return plan(request, services.catalog, services.limits, known)


def accept(
    services: Services,
    prepared: Prepared,
    job_id: str,
    recordings: Mapping[str, NewArtifact],
    key: str | None,
    *,
    stream: str | None = None,
) -> Submitted:
    """Writes the job in one transaction; the recordings that it brought are stored already, here by role.

    `stream` is the format in which somebody wants the sound while it is made.
    """
    request, planned = prepared.request, prepared.planned
    used = None if key is None else Idempotency(key, _fingerprint(prepared.canonical, recordings))
    earlier = replayed(services, used)
    if earlier is not None:
        return earlier
    if isinstance(planned, InvalidRequest):
        raise planned
    borrowed = _borrowed(request)
    found = {
        **recordings,
        **{role: _earlier(services, role, place, named) for role, (place, named) in borrowed.items()},
        **{role: _of_voice(role, recording) for role, recording in (planned.recordings or {}).items()},
    }
    # In one order, whatever came first.
    inputs = {role: found[role] for role in RECORDINGS if role in found}
    if inputs:
        reach(Place.INPUT_STORED)
    units = _units(request, inputs)
    learned = services.presence.snapshot().learned
    submission = Submission(
        id=job_id,
        kind=request.kind,
        model=planned.model.name,
        voice=planned.voice,
        plan=planned.plan,
        priority=Priority[request.priority.upper()],
        request={"kind": request.kind, "input": shown_input(request.input, inputs), "options": request.options}
        | ({} if request.post_processing is None else {"post_processing": request.post_processing.asked}),
        labels=request.labels,
        webhook=prepared.webhook,
        submitter=_submitter(request),
        inputs=tuple(inputs.values()),
        borrowed={named: place for place, named in borrowed.values()},
        holds_voices=() if planned.saved_voice is None else (planned.saved_voice,),
        idempotency=used,
        deadline_at=None if request.deadline is None else request.deadline.timestamp(),
        expires_in=request.expires_in or services.storage.result_seconds or None,
        units=units,
        cost=learned.seconds(request.kind, planned.model.name, units),
        stream=stream,
    )
    newcomer = Newcomer(submission.submitter, submission.cost, key)
    return services.rooms.let_in(newcomer, lambda room: services.jobs.submit(submission, room))


def replayed(services: Services, used: Idempotency | None) -> Submitted | None:
    """The job that this very request made before: the answer, whatever has changed since, before anything is looked at.

    The transaction looks again: two may come at once, and a key that was used for something else is refused there.
    """
    made = None if used is None else services.reader.made_by(used)
    return None if made is None else Submitted(made, replayed=True)


def check_room(services: Services, prepared: Prepared, key: str | None) -> None:
    """Refuses early what could not be accepted: no worker, or no room."""
    request, planned, submitter = prepared.request, prepared.planned, _submitter(prepared.request)
    if isinstance(planned, InvalidRequest):
        return
    try:
        services.presence.admit(planned.plan, wait_for_worker=request.wait_for_worker)
        services.rooms.check(submitter, brings_audio=bool(request.input.recordings))
    except (Unavailable, SubmitterRefused):
        # Whether it is the same request is known once its audio is here.
        if key is None or not services.reader.knows_key(submitter, key):
            raise


def _submitter(request: JobRequest) -> str:
    return request.labels.get("submitter", "")


def _units(request: JobRequest, inputs: Mapping[str, NewArtifact]) -> float:
    """How much there is to do: characters of the text, else bytes of the recording that is worked on."""
    return float(inputs["audio"].bytes if request.input.text is None else len(request.input.text))


def _borrowed(request: JobRequest) -> dict[str, tuple[str, str]]:
    """Role → the field that names an earlier artifact, and its id."""
    return {
        role: (f"{RECORDINGS[role]}.artifact", source.artifact)
        for role, source in request.input.recordings.items()
        if source.artifact is not None
    }


def _earlier(services: Services, role: str, place: str, artifact_id: str) -> NewArtifact:
    """The same bytes as an artifact of the new job."""
    row = services.reader.artifact(artifact_id)
    if row is None or row.purpose == Purpose.INTERMEDIATE:
        message = "there is no input or result with this id"
        raise InvalidRequest.of(place, message, code="unknown_artifact")
    return NewArtifact(role, row.key, row.media_type, row.bytes, row.sha256, row.seconds, row.sample_rate)


def _of_voice(role: str, recording: Recording) -> NewArtifact:
    """The recording of a saved voice as an artifact of the job."""
    return NewArtifact(role, **asdict(recording))


def _webhook(services: Services, webhook: WebhookRequest) -> dict[str, Any]:
    services.egress.check_url(webhook.url, name="webhook.url")
    for number, event in enumerate(webhook.events):
        if event not in WEBHOOK_EVENTS:
            message = f"webhooks tell of: {', '.join(WEBHOOK_EVENTS)}"
            raise InvalidRequest.of(f"webhook.events.{number}", message, code="unknown_event")
    if webhook.secret is not None:
        _check_secret(webhook.secret)
    return {"url": webhook.url, "events": list(webhook.events), "secret": webhook.secret}


def _check_secret(secret: str) -> None:
    least, most = _SECRET_BYTES
    try:
        decoded = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not secret.startswith(_SECRET_PREFIX) or not least <= len(decoded) <= most:
        message = f"must be {_SECRET_PREFIX} and {least} to {most} bytes in base64"
        raise InvalidRequest.of("webhook.secret", message, code="invalid_secret")


def _fingerprint(canonical: bytes, recordings: Mapping[str, NewArtifact]) -> str:
    """Of the request and all recordings that it brought; an earlier artifact is named in the request itself."""
    digest = hashlib.sha256(canonical)
    # The audio first and without its name, as it was when it was the only one: keys live on over an upgrade.
    digest.update(b"\x00" + (recordings["audio"].sha256.encode() if "audio" in recordings else b""))
    for role in sorted(recordings.keys() - {"audio"}):
        digest.update(f"\x00{role}:{recordings[role].sha256}".encode())
    return digest.hexdigest()
