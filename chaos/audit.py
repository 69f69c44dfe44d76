"""Looks at every row, result and message of a trial's jobs, and says what is not as it should be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select

from chaos.bench import Accepted, Bench
from pipelines.errors import StepError
from pipelines.jobs import JobStatus, Phase
from storage.queries import JobRows
from storage.tables_webhooks import webhook_deliveries


@dataclass
class Findings:
    """Counts of jobs, and a sentence for each thing found."""

    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    wrong: list[str] = field(default_factory=list)


class Auditor:
    """Knows what an undisturbed run of each recipe gives."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._control: dict[str, str] = {}

    def run_control(self) -> None:
        """One job of each recipe, before anything is armed."""
        bench = self._bench
        for job in (bench.tone(stages=2), bench.recording()):
            bench.until(partial(_ended, bench, job), f"the control job {job.id}")
            self._control[job.recipe] = _row(bench, job).results[0].sha256
        # Else the first blow could fall on the telling of jobs that belong to no trial.
        bench.until(lambda: not self.untold(bench.accepted), "the control jobs to be told")

    def look(self, jobs: Sequence[Accepted]) -> Findings:
        """Everything but webhooks, which may be under way."""
        found = Findings()
        for job in jobs:
            self._look_at(job, found)
        return found

    def _look_at(self, job: Accepted, found: Findings) -> None:
        made = self._bench.of_key(job.key)
        if made != [job.id]:
            found.duplicated += len(made) > 1
            found.wrong.append(f"{job.id}: its key made {made}")
        rows = self._bench.stack.reader.get(job.id)
        if rows is None:
            found.lost += 1
            found.wrong.append(f"{job.id}: accepted, and no longer there")
            return
        if rows.job.phase != Phase.ENDED or rows.job.lease_owner is not None:
            found.stuck += 1
            found.wrong.append(f"{job.id}: {rows.job.status}, {rows.job.phase}, held by {rows.job.lease_owner}")
            return
        if rows.job.status != job.status:
            found.lost += 1
            found.wrong.append(f"{job.id}: {rows.job.status} instead of {job.status}, {rows.job.error}")
        self._look_at_history(job, found)
        if rows.job.status == JobStatus.SUCCEEDED and job.kept:
            self._look_at_results(job, rows, found)

    def _look_at_history(self, job: Accepted, found: Findings) -> None:
        reader = self._bench.stack.reader
        events = reader.events(job.id, 0)
        if [event.seq for event in events] != list(range(1, len(events) + 1)):
            found.wrong.append(f"{job.id}: its events are numbered {[event.seq for event in events]}")
        ends = [event.type for event in events if event.type in {f"job.{status}" for status in _TERMINAL}]
        attempts = reader.attempts(job.id)
        won = Counter(attempt.step_index for attempt in attempts if attempt.outcome == "succeeded")
        claims = [attempt.fence for attempt in attempts]
        told = Counter(event.data["step"] for event in events if event.type == "step.succeeded")
        if len(ends) != 1 or ends != [f"job.{job.status}"]:
            found.wrong.append(f"{job.id}: ended as {ends}")
        if len(set(claims)) != len(claims):
            found.duplicated += 1
            found.wrong.append(f"{job.id}: a claim ended twice, {claims}")
        if len(ends) > 1 or max(won.values(), default=0) > 1 or won != told:
            found.duplicated += 1
            found.wrong.append(f"{job.id}: ended as {ends}, steps won {dict(won)}, told {dict(told)}")

    def _look_at_results(self, job: Accepted, rows: JobRows, found: Findings) -> None:
        if len(rows.results) != 1:
            found.duplicated += 1
            found.wrong.append(f"{job.id}: {len(rows.results)} results")
        for result in rows.results:
            if result.sha256 != self._control.get(job.recipe, result.sha256):
                found.wrong.append(f"{job.id}: another result than an undisturbed run of {job.recipe}")
            try:
                self._bench.stack.artifacts.read(result.key, result.sha256)
            except StepError as error:
                found.lost += 1
                found.wrong.append(f"{job.id}: its result cannot be read, {error.code}")

    def untold(self, jobs: Sequence[Accepted]) -> list[str]:
        """What is wrong with the webhooks of jobs that have ended: each is told once or more, under its row's id."""
        listed = webhook_deliveries.c
        query = select(listed.job_id, listed.type, listed.id, listed.status)
        with self._bench.stack.database.read() as connection:
            found = connection.execute(query.where(listed.job_id.in_([job.id for job in jobs]))).all()
        rows: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for row in found:
            rows[row.job_id, row.type].append((row.id, row.status))
        return [wrong for job in jobs for wrong in self._untold(job, rows[job.id, f"job.{job.status}"])]

    def _untold(self, job: Accepted, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
        told = self._bench.receiver.heard.get((job.id, f"job.{job.status}"))
        ids = sorted(told.ids) if told else []
        if told is None or not told.accepted or [(webhook_id, "delivered") for webhook_id in ids] != [*rows]:
            yield f"{job.id}: its webhook came under the ids {ids}, its deliveries are {[*rows]}"


_TERMINAL = [status for status in JobStatus if status.is_terminal]


def _ended(bench: Bench, job: Accepted) -> bool:
    return bool(_row(bench, job).job.phase == Phase.ENDED)


def _row(bench: Bench, job: Accepted) -> JobRows:
    rows = bench.stack.reader.get(job.id)
    if rows is None:
        raise LookupError(job.id)
    return rows
