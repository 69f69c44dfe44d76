"""Checking that a webhook is from the server and of now (Standard Webhooks 1.0.0)."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import TypedDict

from harmony.client.documents import Document
from harmony.client.problems import WebhookRefused
from pipelines.signing import sign

#: Seconds that a message may be old, or early by the receiver's clock.
TOLERANCE = 300.0
#: Of a moment in seconds; more are no moment.
_DIGITS = 12
_NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


class WebhookMessage(TypedDict):
    """What a webhook says: `data` is the job in short, with links."""

    type: str
    timestamp: str
    data: Document


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE,
) -> WebhookMessage:
    """The message, if it is signed with the secret (or one of several, while they rotate); else WebhookRefused.

    `body` are the bytes as they came, before anything has parsed them; header names may have any case. The same
    `webhook-id` again is the same message: delivery is at least once. ValueError for what is no secret.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in _NAMES if name not in given]
    if missing:
        raise WebhookRefused(f"the header {missing[0]} is missing")
    message_id, stamp, signatures = (given[name] for name in _NAMES)
    moment = _checked(stamp, tolerance)
    known = [secret] if isinstance(secret, str) else list(secret)
    if "." in message_id or not _signed(known, message_id, moment, body, signatures):
        raise WebhookRefused("no signature is right for this secret")
    message: WebhookMessage = json.loads(body)
    return message


def _checked(stamp: str, tolerance: float) -> int:
    """The moment of signing, in seconds since 1970."""
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _DIGITS):
        raise WebhookRefused("the header webhook-timestamp is no number of seconds")
    if abs(time.time() - int(stamp)) > tolerance:
        raise WebhookRefused("the message was signed too long ago, or this clock is wrong")
    return int(stamp)


def _signed(known: Sequence[str], message_id: str, moment: int, body: bytes, signatures: str) -> bool:
    """Whether one of the signatures is of one of the secrets; takes as long whichever it is."""
    found = False
    for secret in known:
        expected = sign(secret, message_id, moment, body).encode()
        for signature in signatures.split():
            found |= hmac.compare_digest(expected, signature.encode())
    return found
