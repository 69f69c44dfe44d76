"""What must become of a job, said a second time and without a database: one method for each thing that may happen.

Written from the rules of the queue (docs/reliability.md), not from the code: budgets and orders stand here as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from storage.claims import SlotChild

BUDGETS = {"lost": 3, "transient": 8, "resource": 8, "timeout": 2, "permanent": 1}
LEASE, RUN_LIMIT, DEADLINE = 12.0, 70.0, 510.0
TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True)
class Attempt:
    """One claim that has ended."""

    step: int
    fence: int
    worker: str
    outcome: str
    cause: str | None


@dataclass
class ModelJob:
    """A job as it must stand."""

    id: str
    queues: tuple[str, ...]
    asked: frozenset[str] = frozenset()
    status: str = "queued"
    phase: str = "waiting"
    index: int = 0
    publication: int = 0
    fence: int = 0
    holder: SlotChild | None = None
    progress: float = 0.0
    #: Why it is being stopped.
    stopping: str | None = None
    charged: dict[str, int] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    #: The events that a webhook must carry, with their numbers.
    told: list[tuple[str, int]] = field(default_factory=list)
    #: The key of each step's result, under the claim that counted.
    written: dict[int, str] = field(default_factory=dict)
    #: Step, number and fencing number of each chunk.
    chunks: list[tuple[int, int, int]] = field(default_factory=list)
    #: Seconds that the lease and the run-time limit still have, as the rows say.
    lease_left: float = 0.0
    run_left: float = 0.0
    deadline_left: float | None = None
    #: It was deleted: nothing is there that could be met.
    gone: bool = False

    def __post_init__(self) -> None:
        self.steps = ["succeeded"] * self.index + ["pending"] * (len(self.queues) - self.index)
        self.starts = [0] * len(self.queues)
        self.progress = self.index / len(self.queues)
        self._happens("job.queued")

    @property
    def overdue(self) -> bool:
        return self.deadline_left is not None and self.deadline_left <= 0

    @property
    def stale(self) -> bool:
        """Its lease has run out, or is longer than any: the clock went back and nobody renewed it since."""
        return not 0 <= self.lease_left <= LEASE

    @property
    def route(self) -> str:
        return ">".join(self.queues[self.index :])

    def publish(self) -> bool:
        if self.phase != "waiting":
            return False
        self.phase, self.publication = "published", self.publication + 1
        return True

    def republish(self) -> bool:
        if self.phase != "published":
            return False
        self.publication += 1
        return True

    def unpublish(self, publication: int) -> None:
        if self.phase == "published" and publication == self.publication:
            self.phase = "waiting"

    def message(self, index: int, publication: int, child: SlotChild) -> int | bool:
        """The new fencing number, or whether the step is done already (rule 1)."""
        if self.gone or index >= len(self.queues) or publication != self.publication:
            return False
        if index < self.index or self.status == "succeeded":
            return True
        if index != self.index or self.status not in {"queued", "running"} or self.overdue:
            return False
        if self.phase == "published":
            return self._begin(child)
        took_over = self.holder is not None and self.holder.slot == child.slot and self.holder.owner != child.owner
        return self._begin(child) if took_over and self._release("lost", "lost") == "retrying" else False

    def _begin(self, child: SlotChild) -> int:
        self.phase, self.holder, self.fence = "claimed", child, self.fence + 1
        self.lease_left = LEASE
        self.run_left = RUN_LIMIT if self.deadline_left is None else min(RUN_LIMIT, self.deadline_left)
        self.starts[self.index] += 1
        self.steps[self.index] = "running"
        if self.status == "queued":
            self.status = "running"
            self._happens("job.started")
        self._happens("step.started")
        return self.fence

    def heartbeat(self, fence: int, fraction: float) -> str:
        if not self._holds(fence):
            return "lost"
        self.lease_left = LEASE
        if self.status == "cancelling":
            return "cancel"
        done = (self.index + fraction) / len(self.queues)
        if done - self.progress >= 0.01:
            self.progress = round(done, 4)
            self._happens("step.progress")
        return "timeout" if self.run_left < 0 else "go_on"

    def show(self, fence: int) -> str:
        """One more chunk of its step, behind those of all attempts before."""
        if not self._holds(fence):
            return "lost"
        if self.status == "cancelling":
            return "cancel"
        self.chunks.append((self.index, sum(step == self.index for step, *_ in self.chunks), fence))
        self._happens("step.chunk")
        return "go_on"

    def complete(self, fence: int, key: str) -> str:
        if not self._holds(fence):
            return "late"
        if self._is_to_stop:
            return self._end_stopped("cancelled", None)
        self._ended("succeeded", None)
        self.steps[self.index], self.written[self.index] = "succeeded", key
        self._happens("step.succeeded")
        self.progress = (self.index + 1) / len(self.queues)
        if self.index + 1 == len(self.queues):
            self._end("succeeded")
        else:
            self.index, self.phase, self.holder, self.charged = self.index + 1, "published", None, {}
        return "succeeded"

    def fail(self, fence: int, cause: str, outcome: str = "failed") -> str:
        return self._release(cause, outcome) if self._holds(fence) else "late"

    def stop(self, fence: int) -> str:
        if not self._holds(fence) or not self._is_to_stop:
            return "late"
        return self._end_stopped("cancelled", None)

    def hand_back(self, fence: int) -> str:
        """Charged to nobody."""
        if not self._holds(fence):
            return "late"
        return self._end_stopped("handed_back", None) if self._is_to_stop else self._put_back("handed_back", None)

    def expire(self) -> bool:
        """The deadline is looked at; whether the job is stopped for it now."""
        if not self.overdue or self.status == "cancelling" or self.status in TERMINAL:
            return False
        self.cancel("deadline")
        return True

    def cancel(self, cause: str = "request") -> str:
        if self.gone:
            return "job_not_found"
        if self.status in {"cancelled", "cancelling"}:
            return self.status
        if self.status in TERMINAL:
            return "already_finished"
        self.stopping = cause
        if self.phase == "claimed":
            self.status = "cancelling"
            self._happens("job.cancelling")
            return "cancelling"
        self._cancel_steps()
        return self._end("cancelled" if cause == "request" else "expired")

    def retry(self, new_id: str) -> ModelJob | str:
        """A new job that takes over the finished steps, or the code of the refusal."""
        if self.gone or self.status not in TERMINAL:
            return "job_not_found" if self.gone else "not_finished"
        if self.status == "succeeded":
            return "already_finished"
        start = next(number for number, status in enumerate(self.steps) if status != "succeeded")
        kept = {number: self.written[number] for number in range(start)}
        return ModelJob(new_id, self.queues, self.asked, index=start, written=kept)

    def delete(self) -> str:
        if self.gone or self.status not in TERMINAL:
            return "job_not_found" if self.gone else "not_finished"
        self.gone = True
        return "deleted"

    def _holds(self, fence: int) -> bool:
        return self.phase == "claimed" and fence == self.fence

    @property
    def _is_to_stop(self) -> bool:
        return self.status == "cancelling" or self.overdue

    def _put_back(self, outcome: str, cause: str | None) -> str:
        self._ended(outcome, cause)
        self.steps[self.index], self.phase, self.holder = "pending", "waiting", None
        self._happens("step.retrying")
        return "retrying"

    def _release(self, cause: str, outcome: str) -> str:
        if self._is_to_stop:
            return self._end_stopped(outcome, cause)
        self.charged[cause] = self.charged.get(cause, 0) + 1
        if self.charged[cause] < BUDGETS[cause]:
            return self._put_back(outcome, cause)
        self._ended(outcome, cause)
        self.steps[self.index] = "failed"
        self.steps[self.index + 1 :] = ["skipped"] * (len(self.steps) - self.index - 1)
        self._happens("step.failed")
        return self._end("failed")

    def _end_stopped(self, outcome: str, cause: str | None) -> str:
        self._ended(outcome, cause)
        self._cancel_steps()
        self._happens("step.cancelled")
        # Who asked first counts; without a wish it is the deadline that has passed.
        return self._end("cancelled" if self.stopping == "request" else "expired")

    def _cancel_steps(self) -> None:
        self.steps[self.index :] = ["cancelled"] * (len(self.steps) - self.index)

    def _end(self, status: str) -> str:
        self.status, self.phase, self.holder = status, "ended", None
        self._happens(f"job.{status}")
        return status

    def _ended(self, outcome: str, cause: str | None) -> None:
        assert self.holder is not None
        self.attempts.append(Attempt(self.index, self.fence, self.holder.slot, outcome, cause))

    def _happens(self, event: str) -> None:
        self.history.append(event)
        if event in self.asked:
            self.told.append((event, len(self.history)))
