"""Jobs, steps and plans as values, and the one table of moves that their states may make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class JobStatus(StrEnum):
    """What a client sees of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        return not JOB_MOVES[self]


class StepStatus(StrEnum):
    """What a client sees of a step."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_terminal(self) -> bool:
        return not STEP_MOVES[self]


class Phase(StrEnum):
    """Where a job stands between the rows and the broker; it concerns the job's current step.

    `waiting` for the dispatcher → `published` as a message, unclaimed → `claimed` by a slot → `ended`.
    """

    WAITING = "waiting"
    PUBLISHED = "published"
    CLAIMED = "claimed"
    ENDED = "ended"


class StopCause(StrEnum):
    """Why a job is stopped: whether it ends cancelled or expired."""

    REQUEST = "request"
    DEADLINE = "deadline"


class Priority(IntEnum):
    """Smaller goes first; `deferrable` only when nothing else waits. The values are stored."""

    HIGH = 0
    NORMAL = 1
    LOW = 2
    DEFERRABLE = 3

    @property
    def label(self) -> str:
        return self.name.lower()


#: Where a step's number stands for the job's inputs.
INPUTS = -1

#: Added to the rank of a job that has started: continuations go before new jobs.
CONTINUATION = -10


class Purpose(StrEnum):
    """What an artifact is to its job."""

    INPUT = "input"
    INTERMEDIATE = "intermediate"
    RESULT = "result"


#: Every allowed move of a job. What is not here never happens; an empty set is a terminal state.
JOB_MOVES: Mapping[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.FAILED, JobStatus.EXPIRED}),
    JobStatus.RUNNING: frozenset(
        {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLING, JobStatus.CANCELLED, JobStatus.EXPIRED}
    ),
    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED, JobStatus.EXPIRED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.EXPIRED: frozenset(),
}

#: Every allowed move of a step; `running → pending` when its lease goes stale or it is to be retried.
STEP_MOVES: Mapping[StepStatus, frozenset[StepStatus]] = {
    StepStatus.PENDING: frozenset({StepStatus.RUNNING, StepStatus.CANCELLED, StepStatus.SKIPPED}),
    StepStatus.RUNNING: frozenset({StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.PENDING}),
    StepStatus.SUCCEEDED: frozenset(),
    StepStatus.FAILED: frozenset(),
    StepStatus.CANCELLED: frozenset(),
    StepStatus.SKIPPED: frozenset(),
}


def may_move(before: JobStatus, after: JobStatus) -> bool:
    """Whether a job in `before` may become `after`."""
    return after in JOB_MOVES[before]


class Action(StrEnum):
    """What a step does; the worker has one function for each."""

    DECODE = "decode"
    SYNTHESIZE = "synthesize"
    ENCODE = "encode"
    #: Does to the whole sound what the request's `post_processing` asks for, and writes its format.
    FINISH = "finish"
    TRANSCRIBE = "transcribe"
    EMBED = "embed"
    DETECT = "detect"
    #: Finds the stretches of a reference recording that are fit to know a voice by, or says why there are none.
    SEGMENT = "segment"
    VOCODE = "vocode"
    CONVERT = "convert"
    #: Checks a saved voice by its recording: how it sounds, how many people speak, a piece to listen to.
    ENROLL = "enroll"
    STAGE = "stage"


@dataclass(frozen=True)
class Step:
    """One unit of work on one queue, by one model or by none."""

    name: str
    action: Action
    queue: str
    model: str | None = None
    #: What the action needs to know; plain JSON values.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Whose artifacts it works on: the name of a step, with a role if only one is meant (`embed.embedding`), or an
    #: input (`input.audio`). Without any: all of the step before it, and of the first step all inputs.
    takes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Every step that a job needs, decided before the job is accepted."""

    steps: tuple[Step, ...]

    def route(self, start: int = 0) -> str:
        """The queues still ahead from step `start`, as `io>cpu`: what admission decides by."""
        return ">".join(step.queue for step in self.steps[start:])

    def sources(self, number: int) -> list[tuple[int, str | None]] | None:
        """What step `number` takes, as numbers of earlier steps (INPUTS for the job's own) and the role that is meant.

        None without any, so that most rows say nothing of it; ValueError for what no earlier step can have made.
        """
        if not self.steps[number].takes:
            return None
        earlier = {step.name: index for index, step in enumerate(self.steps[:number])} | {"input": INPUTS}
        found: list[tuple[int, str | None]] = []
        for taken in self.steps[number].takes:
            name, dot, role = taken.partition(".")
            if name not in earlier:
                msg = f"{self.steps[number].name} takes {taken}, which no step before it makes"
                raise ValueError(msg)
            found.append((earlier[name], role if dot else None))
        return found

    @property
    def queues(self) -> frozenset[str]:
        return frozenset(step.queue for step in self.steps)

    @property
    def model_queue(self) -> str:
        """The queue that people name the job by: that of the first step that has a model."""
        return next((step.queue for step in self.steps if step.model is not None), self.steps[0].queue)


@dataclass(frozen=True)
class ArtifactRef:
    """Bytes in storage: where, what, how many, and what they must hash to."""

    id: str
    role: str
    key: str
    media_type: str
    bytes: int
    sha256: str
    #: Of audio: its length and its rate in Hz.
    seconds: float | None = None
    sample_rate: int | None = None
