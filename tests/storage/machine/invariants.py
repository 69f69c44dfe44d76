"""What holds of a job's rows at any moment, whoever did what before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.storage.machine.model import BUDGETS, TERMINAL
from tests.storage.machine.rows import JobRows

_ENDS = frozenset(f"job.{status}" for status in TERMINAL)
_LEASE = ("slot", "lease_owner", "lease_until", "claimed_at", "run_limit_at")


def broken(rows: JobRows) -> list[str]:
    """Sentences about what does not hold; none if all is well."""
    return [f"{rows.job.id} ({rows.job.status}, {rows.job.phase}): {sentence}" for sentence in _sentences(rows)]


def _sentences(rows: JobRows) -> Iterator[str]:
    yield from _history(rows)
    yield from _phase(rows.job)
    yield from _results(rows)
    yield from _attempts(rows)
    yield from _deliveries(rows)


def _history(rows: JobRows) -> Iterator[str]:
    job, types = rows.job, [event.type for event in rows.events]
    if [event.seq for event in rows.events] != list(range(1, job.seq + 1)):
        yield f"seq is {job.seq}, events have {[event.seq for event in rows.events]}"
    ends = [kind for kind in types if kind in _ENDS]
    if ends != ([f"job.{job.status}"] if job.status in TERMINAL else []):
        yield f"its ends are {ends}"
    if ends and types[-1] != ends[0]:
        yield f"after its end came {types[-1]}"
    if (job.status == "queued") == ("job.started" in types) and job.status not in TERMINAL:
        yield "job.started and the status disagree"
    if types.count("job.started") > 1 or types.count("job.cancelling") > 1:
        yield "it started or was cancelled twice"
    if (job.status == "cancelling") != ("job.cancelling" in types) and job.status not in TERMINAL:
        yield "job.cancelling and the status disagree"
    positions = [event.position for event in rows.events if event.position is not None]
    if positions != sorted(set(positions)):
        yield f"positions {positions} do not follow seq"


def _phase(job: Any) -> Iterator[str]:
    ended = job.status in TERMINAL
    if (job.phase == "ended") != ended or (job.finished_at is not None) != ended:
        yield f"phase {job.phase} and finished_at {job.finished_at}"
    held = [getattr(job, column) is not None for column in _LEASE]
    if any(held) != (job.phase == "claimed") or len(set(held)) != 1:
        yield f"lease columns {held}"
    if job.phase == "claimed" and job.lease_owner.rsplit(":", 2)[0] != job.slot:
        yield f"{job.lease_owner} holds it for {job.slot}"
    if job.phase in {"waiting", "published", "claimed"} and (job.published_at is None) != (job.phase == "waiting"):
        yield f"published_at {job.published_at}"
    if job.status == "cancelling" and job.phase != "claimed":
        yield "it winds down though nobody holds it"
    if (job.error is not None) != (job.status in {"failed", "expired"}):
        yield f"error {job.error}"
    if job.error_code != (job.error and job.error["code"]):
        yield f"error_code {job.error_code}, error {job.error}"


def _results(rows: JobRows) -> Iterator[str]:
    made = Counter(artifact.step_index for artifact in rows.artifacts if artifact.purpose != "input")
    done = {step.number for step in rows.steps if step.status == "succeeded"}
    # Every step here makes one artifact, so a second one is another attempt's.
    if made != Counter(done):
        yield f"results {dict(made)}, done {done}"
    if any(artifact.purpose == "result" for artifact in rows.artifacts) != (rows.job.status == "succeeded"):
        yield "a result and the status disagree"
    if (rows.job.status == "succeeded") != (len(done) == len(rows.steps)):
        yield f"done are {done}"


def _attempts(rows: JobRows) -> Iterator[str]:
    fences = [attempt.fence for attempt in rows.attempts]
    if fences != list(range(1, rows.job.fence + (rows.job.phase != "claimed"))):
        yield f"fence {rows.job.fence}, attempts {fences}"
    ended = Counter(attempt.step_index for attempt in rows.attempts)
    for step in rows.steps:
        running = step.status == "running"
        if running != (rows.job.phase == "claimed" and step.number == rows.job.step_index):
            yield f"step {step.number} is {step.status}"
        if step.attempts != ended[step.number] + running:
            yield f"step {step.number} counts {step.attempts} of {ended[step.number]} attempts"
        yield from _one_result(rows, step)
    causes = Counter((attempt.step_index, attempt.cause) for attempt in rows.attempts if attempt.cause is not None)
    for (step, cause), count in causes.items():
        if count > BUDGETS[cause]:
            yield f"step {step} failed {count} times as {cause}"
        if count == BUDGETS[cause] and rows.job.status not in {"failed", "cancelled", "expired"}:
            yield f"step {step} has spent its budget of {cause}"


def _one_result(rows: JobRows, step: Any) -> Iterator[str]:
    """A step that succeeded did so in one attempt, and what it left is that attempt's."""
    if rows.job.retry_of is not None and step.status == "succeeded" and step.attempts == 0:
        # Taken over from the job that this one tries again.
        return
    good = [one.fence for one in rows.attempts if one.step_index == step.number and one.outcome == "succeeded"]
    if len(good) != (step.status == "succeeded"):
        yield f"step {step.number} is {step.status}, succeeded under {good}"
    if any(artifact.key != key_of(rows.job.id, step.number, good[0]) for artifact in _made(rows, step.number)):
        yield f"the result of step {step.number} is not that of claim {good}"


def key_of(job_id: str, step: int, fence: int) -> str:
    """Where the attempt of a claim puts its result: results tell by their keys who wrote them."""
    return f"jobs/{job_id}/steps/{step}/{fence}/out"


def _made(rows: JobRows, step: int) -> list[Any]:
    return [artifact for artifact in rows.artifacts if artifact.step_index == step and artifact.purpose != "input"]


def _deliveries(rows: JobRows) -> Iterator[str]:
    asked = set(rows.job.webhook["events"]) if rows.job.webhook else set()
    due = [(event.type, event.seq) for event in rows.events if event.type in asked]
    told = [(delivery.type, delivery.seq) for delivery in rows.deliveries if delivery.endpoint_id is None]
    if told != due:
        yield f"told {told} of {due}"
