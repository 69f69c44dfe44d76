"""Secrets and signatures of Standard Webhooks 1.0.0."""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
from base64 import b64decode, b64encode
from collections.abc import Sequence

PREFIX = "whsec_"
MIN_SECRET, MAX_SECRET, NEW_SECRET = 24, 64, 32


def new_secret() -> str:
    """A fresh `whsec_…` secret of 32 random bytes."""
    return PREFIX + b64encode(randomness.token_bytes(NEW_SECRET)).decode()


def secret_key(secret: str) -> bytes:
    """The key in a `whsec_…` secret; ValueError unless it is base64 of 24–64 bytes. Never repeats the secret."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret begins with {PREFIX}")
    encoded = secret.removeprefix(PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError("a webhook secret is base64 after its prefix") from None
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        raise ValueError(f"a webhook secret holds {MIN_SECRET} to {MAX_SECRET} bytes")
    return key


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of one secret."""
    if "." in webhook_id:
        raise ValueError("a webhook id holds no full stop: it would be ambiguous in what is signed")
    content = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(secret_key(secret), content, hashlib.sha256)).decode()


def signed_headers(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of an attempt made at `timestamp` (seconds since 1970), signed with each of `secrets`.

    While secrets rotate there are several, the newest first; a receiver accepts the message if one signature is right.
    """
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, webhook_id, timestamp, body) for secret in secrets),
    }
