"""What happens to a job next: after a step ended, after a slot was lost, when a message arrives. Pure decisions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines.errors import Cause
from pipelines.jobs import JobStatus, Phase

#: How often each cause may happen to one step before its job fails (rule 7).
BUDGETS: Mapping[Cause, int] = {"lost": 3, "transient": 8, "resource": 8, "timeout": 2, "permanent": 1}

#: First delay in seconds of the back-off by cause, and the longest; a lost step goes on at once.
_BASE_DELAY: Mapping[Cause, float] = {"lost": 0.0, "transient": 1.0, "resource": 5.0, "timeout": 0.0, "permanent": 0.0}
_LONGEST_DELAY = 300.0


class Verdict(StrEnum):
    """What a message gets when it asks for a step (rule 1)."""

    CLAIM = "claim"
    #: The same slot's earlier child died with the lease: that attempt is lost, this one begins.
    TAKE_OVER = "take_over"
    DONE = "done"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Standing:
    """A job's row, as far as a claim depends on it."""

    status: JobStatus
    phase: Phase
    step_index: int
    publication: int
    slot: str | None
    lease_owner: str | None
    #: Its deadline has passed.
    overdue: bool = False


def judge(standing: Standing, *, index: int, publication: int, slot: str, owner: str) -> Verdict:
    """Whether a message of `publication` for step `index` may claim it for `owner`, in the order that rule 1 gives."""
    if publication != standing.publication:
        return Verdict.IGNORE
    if index < standing.step_index or standing.status is JobStatus.SUCCEEDED:
        return Verdict.DONE
    may_run = standing.status in {JobStatus.QUEUED, JobStatus.RUNNING} and not standing.overdue
    if index != standing.step_index or not may_run:
        return Verdict.IGNORE
    if standing.phase is Phase.PUBLISHED:
        return Verdict.CLAIM
    if standing.phase is Phase.CLAIMED and standing.slot == slot and standing.lease_owner != owner:
        return Verdict.TAKE_OVER
    return Verdict.IGNORE


@dataclass(frozen=True)
class Retry:
    """Try the step again after `delay` seconds; `charged` is the new count by cause."""

    delay: float
    charged: Mapping[str, int]


@dataclass(frozen=True)
class GiveUp:
    """The budget of the cause is spent: the step and its job fail."""

    charged: Mapping[str, int]


def after_failure(cause: Cause, charged: Mapping[str, int]) -> Retry | GiveUp:
    """Retry or give up, from the cause and what the step was charged before. Delays: exponential, full jitter."""
    count = charged.get(cause, 0) + 1
    updated = {**charged, cause: count}
    if count >= BUDGETS[cause]:
        return GiveUp(updated)
    ceiling = min(_LONGEST_DELAY, _BASE_DELAY[cause] * 2 ** (count - 1))
    return Retry(random.uniform(0.0, ceiling), updated)  # noqa: S311 - jitter needs no cryptographic randomness


def job_progress(index: int, steps: int, fraction: float) -> float:
    """Progress of a job whose step `index` of `steps` is done to `fraction`, 0–1, each step counting the same."""
    return min(1.0, (index + max(0.0, min(1.0, fraction))) / steps)
