"""What a slot holds while it runs a step, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.jobs import Action, ArtifactRef

#: How long a claim holds without a heartbeat, in seconds.
LEASE_SECONDS = 12.0

#: Added to the rank of a job that has started, so that continuations go before every new job.
CONTINUATION = -10


@dataclass(frozen=True)
class SlotChild:
    """Who claims: the slot, and the child process in it (pid and start time, so that a reused pid is another)."""

    slot: str
    owner: str


@dataclass(frozen=True)
class Work:
    """What a step is to do, as its rows say."""

    job_id: str
    index: int
    steps: int
    kind: str
    action: Action
    queue: str
    model: str | None
    options: Mapping[str, Any]
    #: The queues from this step on, as `io>cpu`.
    route: str
    inputs: Sequence[ArtifactRef]

    @property
    def is_last(self) -> bool:
        return self.index + 1 == self.steps


@dataclass(frozen=True)
class Claim:
    """A step held by a slot: its result is accepted only under `fence`."""

    work: Work
    child: SlotChild
    fence: int
    claimed_at: float
    #: Run-time limit in seconds, counted from `claimed_at`.
    limit: float


Limit = Callable[[Work], float]


class Signal(StrEnum):
    """What a heartbeat is answered with."""

    GO_ON = "go_on"
    CANCEL = "cancel"
    #: The step's run-time limit has passed.
    TIMEOUT = "timeout"
    #: Somebody else holds the step now; nothing that this claim does counts any more.
    LOST = "lost"
