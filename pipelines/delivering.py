"""When a webhook message is tried again, and for how long a receiver in trouble is left alone: decisions, no rows."""

from __future__ import annotations

import random
from enum import StrEnum
from http import HTTPStatus

#: Seconds after the first, second, … failure (Standard Webhooks); the tenth is the last.
RETRY_SECONDS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)

#: The longest that a receiver may put a retry off by Retry-After, in seconds.
LONGEST_RETRY_AFTER = 86400.0

#: After so many failures in a row a target is left alone, in seconds; each further failure doubles them.
OPEN_AFTER = 5
_OPEN_SECONDS = 30.0
LONGEST_OPEN = 600.0

#: A job's own message that a failing receiver has kept waiting for so long is given up: longer than the whole ladder.
GIVE_UP_SECONDS = 4.5 * 86400.0

#: A target whose last answer took longer shares a part of the senders with others of its kind.
SLOW_SECONDS = 2.0

_HAS_MORE_TIME = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Outcome(StrEnum):
    """What an answer means for its message."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"


def outcome(status: int | None, tries: int) -> Outcome:
    """By the answer's HTTP status (None: no answer) and how often it was tried."""
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.DELIVERED
    if status == HTTPStatus.GONE or tries > len(RETRY_SECONDS):
        return Outcome.FAILED
    return Outcome.RETRY


def retry_seconds(tries: int, status: int | None, retry_after: float | None) -> float:
    """Seconds until the next attempt after `tries` failed ones, with jitter; later if a busy receiver asks for it."""
    ladder = RETRY_SECONDS[tries - 1] * random.uniform(1.0, 1.2)  # noqa: S311 - jitter, not a secret
    return max(ladder, asked_pause(status, retry_after))


def asked_pause(status: int | None, retry_after: float | None) -> float:
    """What Retry-After asks for, where it means something, within bounds; else 0."""
    if retry_after is None or status not in _HAS_MORE_TIME:
        return 0.0
    return min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)


def is_alive(status: int | None) -> bool:
    """Whether the answer shows a receiver at work: one that refuses a message (4xx) is not overloaded, nor away."""
    return status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS


def open_seconds(failures: int) -> float:
    """How long nothing is sent after `failures` in a row; 0 while that is no reason yet."""
    if failures < OPEN_AFTER:
        return 0.0
    # The exponent is bounded so that no number of failures overflows.
    return min(LONGEST_OPEN, _OPEN_SECONDS * 2.0 ** min(failures - OPEN_AFTER, 10))
