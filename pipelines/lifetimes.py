"""How long a job may take and how long its results are kept: what a client may ask for."""

from __future__ import annotations

from pipelines.errors import InvalidRequest

#: A deadline further away is a mistake in a unit or a year.
LONGEST_DEADLINE = 30 * 86_400.0

#: Results are kept for at least as long as it takes to fetch them, at most for a year; seconds.
SHORTEST_EXPIRY = 60.0
LONGEST_EXPIRY = 365 * 86_400.0


def check_deadline(deadline: float | None, now: float) -> None:
    """InvalidRequest for a deadline (seconds since the epoch) that has passed, or lies further off than is allowed."""
    if deadline is None:
        return
    if deadline <= now:
        raise InvalidRequest.of("deadline", f"passed {now - deadline:.0f} s ago", code="deadline_passed")
    if deadline > now + LONGEST_DEADLINE:
        days = LONGEST_DEADLINE / 86_400
        raise InvalidRequest.of("deadline", f"is more than {days:.0f} days away", code="deadline_too_far")
