"""Holds a run's evidence against the promises: everything that is wrong, as sentences that name the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from chaos.evidence import Evidence
from pipelines.jobs import JobStatus, Phase, StepStatus

LOST, STUCK, DUPLICATED, WEBHOOK, HISTORY, CLIENT = "lost", "stuck", "duplicated", "webhook", "history", "client"
_END_TYPES = {f"job.{status}": status for status in JobStatus if status.is_terminal}


@dataclass(frozen=True)
class Violation:
    """A broken promise: what sort, which job (empty if none alone), and what was seen."""

    sort: str
    job_id: str
    text: str

    def __str__(self) -> str:
        return f"{self.sort}: {self.job_id or 'all'}: {self.text}"


def check(seen: Evidence) -> list[Violation]:
    """Every violation, by promise."""
    return [violation for rule in _RULES for violation in rule(seen)]


def _accepted(seen: Evidence) -> Iterator[Violation]:
    """What a client was told is accepted is there, once; what asked twice got one id; nothing was refused."""
    made = Counter(job.labels.get("chaos", "") for job in seen.jobs.values())
    for ask in seen.asked:
        ids = set(ask.ids)
        if ask.id is not None and ask.id not in seen.jobs:
            yield Violation(LOST, ask.id, "accepted, and not in the rows")
        if len(ids) > 1 or made[ask.key] > 1:
            yield Violation(
                DUPLICATED, ask.id or "", f"key {ask.key} made {made[ask.key]} jobs, answered {sorted(ids)}"
            )
        if gone := [answer for answer in ask.cancel_answers if answer in {404, 410}]:
            yield Violation(CLIENT, ask.id or "", f"accepted, and cancelling it was answered with {gone}")
        for refusal in ask.refusals:
            yield Violation(CLIENT, ask.id or "", f"key {ask.key} was refused: {refusal}")
        if not ask.ids and not ask.refusals:
            yield Violation(CLIENT, "", f"key {ask.key} was never answered, {ask.retries} times asked again")


def _ended(seen: Evidence) -> Iterator[Violation]:
    """Each job ended, as it should: nothing here fails by itself, and only what was cancelled is cancelled."""
    asks = seen.ask_of()
    for job in seen.jobs.values():
        if job.phase != Phase.ENDED or not JobStatus(job.status).is_terminal:
            yield Violation(
                STUCK, job.id, f"{job.status}, {job.phase} at step {job.step_index}, run_at {job.run_at:.1f}"
            )
            continue
        if job.lease_owner is not None or job.lease_until is not None or job.slot is not None:
            yield Violation(STUCK, job.id, f"ended, and still held by {job.lease_owner}")
        ask = asks.get(job.id)
        answers = ask.cancel_answers if ask else []
        if job.status in {JobStatus.FAILED, JobStatus.EXPIRED}:
            yield Violation(LOST, job.id, f"{job.status} though nothing was wrong with it: {job.error}")
        elif job.status == JobStatus.CANCELLED and not answers:
            yield Violation(LOST, job.id, "cancelled, and nobody asked for it")
        elif job.status == JobStatus.SUCCEEDED and set(answers) & {200, 202}:
            yield Violation(HISTORY, job.id, f"succeeded after cancelling was answered with {answers}")


def _histories(seen: Evidence) -> Iterator[Violation]:
    """`seq` has no gap, there is one terminal event, the last and the right one; every position is given once."""
    for job in seen.jobs.values():
        events = seen.events.get(job.id, [])
        numbers = [event.seq for event in events]
        if numbers != list(range(1, len(events) + 1)) or job.seq != len(events):
            yield Violation(HISTORY, job.id, f"its events are numbered {numbers}, its row says {job.seq}")
        ends = [_END_TYPES[event.type] for event in events if event.type in _END_TYPES]
        if len(ends) > 1:
            yield Violation(DUPLICATED, job.id, f"ended {len(ends)} times: {ends}")
        if job.phase == Phase.ENDED and (ends[-1:] != [job.status] or events[-1].type not in _END_TYPES):
            yield Violation(HISTORY, job.id, f"is {job.status}, and its history ends with {events[-1].type}")
    positions = sorted(event.position or 0 for events in seen.events.values() for event in events)
    if positions != list(range(1, len(positions) + 1)):
        wrong = sorted((Counter(range(1, len(positions) + 1)) - Counter(positions)).elements())[:10]
        yield Violation(HISTORY, "", f"of {len(positions)} positions these are not there: {wrong}")


def _steps(seen: Evidence) -> Iterator[Violation]:
    """A step is won once, each claim ends once, and a job that succeeded has done all its steps."""
    for job in seen.jobs.values():
        attempts, events = seen.attempts.get(job.id, []), seen.events.get(job.id, [])
        won = Counter(attempt.step_index for attempt in attempts if attempt.outcome == "succeeded")
        told = Counter(event.data["step"] for event in events if event.type == "step.succeeded")
        if max(won.values(), default=0) > 1 or max(told.values(), default=0) > 1 or won != told:
            yield Violation(DUPLICATED, job.id, f"steps won {dict(won)}, told {dict(told)}")
        claimed = Counter(event.data["step"] for event in events if event.type == "step.started")
        ended = Counter(attempt.step_index for attempt in attempts)
        if job.phase == Phase.ENDED and claimed != ended:
            yield Violation(HISTORY, job.id, f"steps claimed {dict(claimed)}, claims ended {dict(ended)}")
        fences = sorted(attempt.fence for attempt in attempts)
        if job.phase == Phase.ENDED and fences != list(range(1, job.fence + 1)):
            yield Violation(DUPLICATED, job.id, f"of {job.fence} claims these ended: {fences}")
        steps = seen.steps.get(job.id, [])
        done = [step.number for step in steps if step.status == StepStatus.SUCCEEDED]
        if job.status == JobStatus.SUCCEEDED and (done != [step.number for step in steps] or set(done) != set(won)):
            yield Violation(HISTORY, job.id, f"succeeded with steps {done} of {len(steps)} done, {sorted(won)} won")


def _results(seen: Evidence) -> Iterator[Violation]:
    """One visible result of each step, written by the claim that won, whole, and the bytes that it should be."""
    asks = seen.ask_of()
    same: dict[str, str] = {}
    for job in seen.jobs.values():
        kept = seen.artifacts.get(job.id, [])
        for place, count in Counter((row.step_index, row.role) for row in kept).items():
            if count > 1:
                yield Violation(DUPLICATED, job.id, f"{count} artifacts {place}")
        fences = {row.step_index: row.fence for row in seen.attempts.get(job.id, []) if row.outcome == "succeeded"}
        for row in kept:
            if not _written_by_winner(row, kept, fences):
                yield Violation(DUPLICATED, job.id, f"{row.key} is not what claim {fences.get(row.step_index)} wrote")
            if seen.stored[row.key] != row.sha256:
                yield Violation(LOST, job.id, f"{row.key} should be {row.sha256}, is {seen.stored[row.key]}")
        if job.status != JobStatus.SUCCEEDED or (ask := asks.get(job.id)) is None:
            continue
        last = [row for row in kept if row.step_index == job.steps - 1]
        wanted = ask.expected or same.setdefault("vad", last[0].sha256 if last else "") if _known(ask.sort) else None
        if len(last) != 1 or (wanted is not None and last[0].sha256 != wanted):
            yield Violation(LOST, job.id, f"its result is {[row.sha256 for row in last]} instead of {wanted}")


def _known(sort: str) -> bool:
    """Whether the bytes can be said beforehand, or must be the same each time; encoders may write what they like."""
    return sort != "encoded"


def _written_by_winner(row: Row[Any], kept: list[Row[Any]], fences: dict[int, int]) -> bool:
    """Inputs have no claim; a hop hands on what an earlier step wrote; all else lies in its claim's own folder."""
    if row.step_index < 0 or any(other.key == row.key and other.step_index < row.step_index for other in kept):
        return True
    folder = f"/steps/{row.step_index}/{fences.get(row.step_index)}/"
    return folder in f"/{row.key}"


def _clients(seen: Evidence) -> Iterator[Violation]:
    """Polling and the stream of events told every end, once, and as the rows have it."""
    for ask in seen.asked:
        job = seen.jobs.get(ask.id or "")
        if job is None or job.phase != Phase.ENDED:
            continue
        if ask.polled != [job.status]:
            yield Violation(CLIENT, job.id, f"is {job.status}, polling saw {ask.polled}")
        if seen.told.get(job.id) != [f"job.{job.status}"]:
            yield Violation(CLIENT, job.id, f"is {job.status}, the stream told {seen.told.get(job.id)}")
    for gap in seen.gaps:
        yield Violation(CLIENT, "", f"the stream of all events jumped: {gap}")


def _webhooks(seen: Evidence) -> Iterator[Violation]:
    """Every event that a job asked to be told of came, under one id, signed; nothing else came."""
    wanted: set[tuple[str, str]] = set()
    for job in seen.jobs.values():
        rows = {row.type: row for row in seen.deliveries.get(job.id, [])}
        for event in seen.events.get(job.id, []):
            if event.type not in (job.webhook or {}).get("events", []):
                continue
            wanted.add((job.id, event.type))
            heard, row = seen.receiver.heard.get((job.id, event.type)), rows.get(event.type)
            ids = sorted(heard.ids) if heard else []
            if heard is None or not heard.accepted or row is None or ids != [row.id]:
                state = (row.id, row.status, row.attempts, row.last_status, row.last_error) if row else None
                yield Violation(WEBHOOK, job.id, f"{event.type} came as {ids}; its delivery is {state}")
            elif row.status != "delivered":
                yield Violation(
                    WEBHOOK, job.id, f"{event.type} was accepted, and its delivery {row.id} is {row.status}"
                )
        if len(rows) != len(seen.deliveries.get(job.id, [])):
            yield Violation(WEBHOOK, job.id, "two deliveries of one event")
    for job_id, event_type in seen.receiver.heard.keys() - wanted:
        yield Violation(WEBHOOK, job_id, f"{event_type} was told, and nobody asked for it")
    for invalid in seen.receiver.invalid:
        yield Violation(WEBHOOK, "", f"a signature did not verify: {invalid}")


_RULES: tuple[Callable[[Evidence], Iterator[Violation]], ...] = (
    _accepted,
    _ended,
    _histories,
    _steps,
    _results,
    _clients,
    _webhooks,
)
