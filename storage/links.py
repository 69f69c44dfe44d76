"""Signed links of our own, for deployments whose artifacts the API serves itself.

A signature is HMAC-SHA256 over the resource (path and query, as the caller wrote it) and its expiry. The secret is made
once in the data directory and shared by every process of the machine.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

SECRET_BYTES = 32


@dataclass(frozen=True)
class LinkSigner:
    """Signs and verifies links; the secret never shows in a log."""

    secret: bytes = field(repr=False)

    def sign(self, resource: str, expires: int) -> str:
        """The signature, safe in a query, of a resource that is open until `expires` (seconds since 1970)."""
        message = f"{expires}\n{resource}".encode()
        return urlsafe_b64encode(hmac.digest(self.secret, message, hashlib.sha256)).rstrip(b"=").decode()

    def verify(self, resource: str, expires: int, signature: str, now: float) -> bool:
        """Whether `sign` made this signature, in constant time, and it has not run out."""
        genuine = hmac.compare_digest(self.sign(resource, expires).encode(), signature.encode("utf-8", "replace"))
        return genuine and now < expires

    def link(self, resource: str, expires: int) -> str:
        """The resource with its expiry and signature in the query."""
        joint = "&" if "?" in resource else "?"
        return f"{resource}{joint}expires={expires}&signature={self.sign(resource, expires)}"


def link_signer(data_dir: Path) -> LinkSigner:
    """The signer of this data directory."""
    return LinkSigner(kept_secret(data_dir / "link-secret"))


def kept_secret(path: Path) -> bytes:
    """Reads a secret file (mode 600), or makes it; of several processes that start at once all get the same."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the file exists by now, a rename would replace what another process already signs with.
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"{path} is not a secret of {SECRET_BYTES} bytes; remove it to have a new one made")
    return secret
