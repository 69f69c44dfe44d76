"""Request headers with a grammar of their own: Prefer, Idempotency-Key, entity tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import InvalidRequest

#: Longest wait of a request, in seconds; longer wishes are cut to it.
MAX_WAIT = 60

_MAX_KEY = 255
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True)
class Preference:
    """What `Prefer` asks of a submit (RFC 7240): to answer once the job is done, or at the latest after `wait`."""

    #: Seconds; None = answer at once.
    wait: int | None
    #: `respond-async` was asked for: what a job's own route does anyway, and a door does not.
    respond_async: bool = False

    @property
    def applied(self) -> str:
        """The value of Preference-Applied."""
        return f"wait={self.wait}"


def parse_prefer(values: list[str]) -> Preference:
    """Reads every `Prefer` header; InvalidRequest for a bad `wait`."""
    wait: int | None = None
    respond_async = False
    for item in (part.strip() for value in values for part in value.split(",")):
        # Parameters behind a semicolon refine a preference; none of ours has any.
        token = item.partition(";")[0].strip()
        respond_async = respond_async or token.lower() == "respond-async"
        if token.partition("=")[0].strip().lower() != "wait":
            continue
        match = _WAIT.fullmatch(token)
        if match is None:
            raise InvalidRequest.of("Prefer", "wait must be a whole number of seconds", code="invalid_header")
        wait = min(int(match[1]), MAX_WAIT) if wait is None else wait
    return Preference(wait, respond_async)


def parse_idempotency_key(value: str | None) -> str | None:
    """The key, written bare or as a quoted string; InvalidRequest if it is empty, too long or not printable ASCII."""
    if value is None:
        return None
    key = value.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= _MAX_KEY or not key.isascii() or not key.isprintable():
        message = f"must be 1 to {_MAX_KEY} printable ASCII characters"
        raise InvalidRequest.of("Idempotency-Key", message, code="invalid_idempotency_key")
    return key


def refuse_idempotency_key(headers: Mapping[str, str]) -> None:
    """InvalidRequest where a key is sent to what would do its work twice all the same."""
    if "idempotency-key" in headers:
        message = "is not heeded here: look whether the first request has done its work before you send it again"
        raise InvalidRequest.of("Idempotency-Key", message, code="field_not_supported")


def names_tag(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` holds this entity tag (weak comparison, RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or tag in _TAG.findall(header)
