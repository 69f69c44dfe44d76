"""When a request is sent again, and after how long: exponential back-off with jitter, or as the server asks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

#: Answers after which the same request may succeed soon.
PASSING = frozenset({429, 502, 503})
#: A connection that broke off, at whatever point.
BROKEN = (httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout)
#: Nothing of the request has reached a server.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Backoff:
    """`retries` more attempts; pauses of about 0.25, 0.5, 1 … seconds, never longer than `longest`.

    A server that asks for a longer pause is not waited for: its answer says when to come back (`retry_after`).
    """

    retries: int = 3
    first: float = 0.25
    longest: float = 10.0

    def pauses(self) -> Iterator[float]:
        """The pause before each further attempt, in seconds; random, so that many clients do not come back at once."""
        return itertools.islice(self.forever(), self.retries)

    def forever(self) -> Iterator[float]:
        """The same without an end, for what was there already and broke off."""
        for number in itertools.count():
            yield min(self.longest, self.first * 2 ** min(number, 10)) * random.uniform(0.5, 1)  # noqa: S311 - no secret

    def patient(self) -> Backoff:
        """For a server that was there a moment ago: about ten seconds more."""
        return Backoff(self.retries + 4, self.first, self.longest)

    def pause(self, planned: float, response: httpx.Response) -> float | None:
        """How long to wait after this answer; None if that would be too long."""
        asked = seconds_to_wait(response.headers.get("retry-after"))
        if asked is None:
            return planned
        return None if asked > self.longest else max(asked, planned)


def seconds_to_wait(value: str | None) -> float | None:
    """A `Retry-After` (RFC 9110, section 10.2.3) in seconds from now; None if there is none that can be read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
