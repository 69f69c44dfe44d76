"""What a slot holds while it runs a step, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from pipelines.jobs import Action, ArtifactRef

#: How long a claim holds without a heartbeat, in seconds.
LEASE_SECONDS = 12.0


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
class Held:
    """A claim as others see it: the job, its fencing number, and the child that holds it."""

    job_id: str
    fence: int
    owner: str

    @property
    def slot(self) -> str:
        return self.owner.rsplit(":", 2)[0]

    @property
    def pid(self) -> int:
        return int(self.owner.rsplit(":", 2)[1])

    @property
    def since(self) -> float:
        """When the child was started, by its machine's monotonic clock: the other one may be set."""
        return float(self.owner.rsplit(":", 2)[2])


@dataclass(frozen=True)
class Claim:
    """A step held by a slot: its result is accepted only under `fence`."""

    work: Work
    child: SlotChild
    fence: int
    claimed_at: float
    #: Run-time limit in seconds, counted from `claimed_at`.
    limit: float
    #: Which attempt of its step it is, and in which format somebody listens (`jobs.stream`).
    attempt: int = 1
    stream: str | None = None
    #: What steps before this one want the job's document to say.
    said: Mapping[str, Any] | None = None

    @property
    def held(self) -> Held:
        return Held(self.work.job_id, self.fence, self.child.owner)


Limit = Callable[[Work], float]


class Signal(StrEnum):
    """What a heartbeat is answered with."""

    GO_ON = "go_on"
    CANCEL = "cancel"
    #: The step's run-time limit has passed.
    TIMEOUT = "timeout"
    #: Somebody else holds the step now; nothing that this claim does counts any more.
    LOST = "lost"


class Told(NamedTuple):
    """What a claim is told when it is heard of: whether to go on, and in which format somebody listens by now."""

    signal: Signal
    stream: str | None = None
