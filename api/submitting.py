"""From a request body to an accepted job: checked, planned, its webhook and inputs looked at, written in one go."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from api.services import Services
from pipelines.errors import InvalidRequest
from pipelines.events import WEBHOOK_EVENTS
from pipelines.jobs import Priority, Purpose
from pipelines.planning import Planned, plan
from pipelines.requests import JobRequest, WebhookRequest, parse_request
from storage.submitting import Idempotency, NewArtifact, Submission, Submitted

#: Bytes that a webhook's own secret may have (Standard Webhooks).
_SECRET_BYTES = (24, 64)
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that every such secret has


@dataclass(frozen=True)
class Prepared:
    """A request that can be accepted as far as its own words go."""

    request: JobRequest
    planned: Planned
    webhook: dict[str, Any] | None
    #: The request in one spelling, without its audio's bytes.
    canonical: bytes


def prepare(services: Services, body: dict[str, Any]) -> Prepared:
    """Checks and plans; bytes of audio travel beside the request, which then says `data: ""`. Raises InvalidRequest."""
    canonical = _canonical(body)
    request = parse_request(body)
    planned = plan(request, services.catalog, services.limits)
    webhook = None if request.webhook is None else _webhook(services, request.webhook)
    return Prepared(request, planned, webhook, canonical)


def accept(
    services: Services, prepared: Prepared, job_id: str, audio: NewArtifact | None, key: str | None
) -> Submitted:
    """Writes the job in one transaction; its audio is stored already."""
    request, planned = prepared.request, prepared.planned
    source = request.input.audio
    if source is not None and source.artifact is not None:
        audio = _earlier(services, source.artifact)
    return services.jobs.submit(
        Submission(
            id=job_id,
            kind=request.kind,
            model=planned.model.name,
            voice=planned.voice,
            plan=planned.plan,
            priority=Priority[request.priority.upper()],
            request={"kind": request.kind, "input": _shown_input(request, audio), "options": request.options},
            labels=request.labels,
            webhook=prepared.webhook,
            submitter=request.labels.get("submitter", ""),
            inputs=() if audio is None else (audio,),
            idempotency=None if key is None else Idempotency(key, _fingerprint(prepared.canonical, audio)),
        )
    )


def _shown_input(request: JobRequest, audio: NewArtifact | None) -> dict[str, Any]:
    source = request.input.audio
    if source is None:
        return {"text": request.input.text}
    if source.artifact is not None:
        return {"audio": {"artifact": source.artifact}}
    return {"audio": {} if audio is None else {"bytes": audio.bytes, "sha256": audio.sha256}}


def _earlier(services: Services, artifact_id: str) -> NewArtifact:
    """The same bytes as an artifact of the new job."""
    row = services.reader.artifact(artifact_id)
    if row is None or row.purpose == Purpose.INTERMEDIATE:
        message = "there is no input or result with this id"
        raise InvalidRequest.of("input.audio.artifact", message, code="unknown_artifact")
    return NewArtifact("audio", row.key, row.media_type, row.bytes, row.sha256, row.seconds, row.sample_rate)


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


def _canonical(body: dict[str, Any]) -> bytes:
    """One spelling for every way to write the same request; refuses what no database can hold."""
    try:
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        encoded = text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest("The body holds half of a surrogate pair.", code="invalid_text") from error
    if r"\u0000" in text and _holds_nul(body):
        raise InvalidRequest("The body holds a NUL character.", code="invalid_text")
    return encoded


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def _fingerprint(canonical: bytes, audio: NewArtifact | None) -> str:
    digest = hashlib.sha256(canonical)
    digest.update(b"\x00" + (audio.sha256.encode() if audio is not None else b""))
    return digest.hexdigest()
