"""A migrated database, and the moves of a job's life said shortly: what every test here is written in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Row, select, update

from pipelines.ids import new_id
from pipelines.jobs import Action, Plan, Priority, Step
from pipelines.problems import cause_problem
from storage import dispatch, leadership
from storage.claims import Claim, SlotChild
from storage.database import Database, db_now
from storage.jobs import JobStore
from storage.leadership import Lead
from storage.queries import JobReader
from storage.submitting import Idempotency, NewArtifact, Submission
from storage.tables import jobs

T = TypeVar("T")

CHILD = SlotChild("cpu-1", "cpu-1:11:1.0")
NEXT_CHILD = SlotChild("cpu-1", "cpu-1:12:2.0")
OTHER = SlotChild("cpu-2", "cpu-2:21:1.0")

LIMIT = 60.0


def plan_of(*queues: str) -> Plan:
    """One step for each queue; the first makes sound, the others pass it on."""
    return Plan(
        tuple(
            Step(
                f"step-{number}",
                Action.STAGE if number else Action.SYNTHESIZE,
                queue,
                None if queue == "io" else "tone",
            )
            for number, queue in enumerate(queues)
        )
    )


def output(name: str = "out") -> NewArtifact:
    """An artifact with a key of its own."""
    return NewArtifact("audio", f"keys/{name}", "audio/wav", 44, "00" * 32, 1.0, 8000)


@dataclass
class House:
    """The database and everything that works on it."""

    database: Database
    store: JobStore = field(init=False)
    reader: JobReader = field(init=False)
    lead: Lead = field(init=False)

    def __post_init__(self) -> None:
        self.store, self.reader = JobStore(self.database), JobReader(self.database)
        lead = leadership.take_lead(self.database, "house")
        assert lead is not None
        self.lead = lead

    def submission(
        self,
        *queues: str,
        priority: Priority = Priority.NORMAL,
        webhook: Mapping[str, Any] | None = None,
        key: Idempotency | None = None,
        inputs: Sequence[NewArtifact] = (),
        plan: Plan | None = None,
        **more: Any,
    ) -> Submission:
        """A job that was not submitted yet."""
        job_id = new_id("job")
        named = {"kind": "speech", "model": "tone", "voice": None, "request": {"kind": "speech"}, **more}
        return Submission(
            job_id,
            plan=plan or plan_of(*(queues or ("cpu",))),
            priority=priority,
            webhook=webhook,
            idempotency=key,
            inputs=inputs,
            **named,
        )

    def submit(self, *queues: str, **more: Any) -> str:
        """A waiting job's id."""
        return self.store.submit(self.submission(*queues, **more)).id

    def publish(self, *job_ids: str) -> list[dispatch.Chain]:
        """Their chains, as the dispatcher would send them."""
        with leadership.leading(self.database, self.lead) as connection:
            return dispatch.publish(connection, job_ids)

    def message(self, job_id: str, index: int, publication: int, child: SlotChild = CHILD) -> Claim | bool:
        """What a message gets."""
        return self.store.claim_step(job_id, index, publication=publication, child=child, limit=lambda _: LIMIT)

    def claim(self, job_id: str, index: int = 0, child: SlotChild = CHILD) -> Claim:
        """The claim of a published job's step."""
        claimed = self.message(job_id, index, self.row(job_id).publication, child)
        assert isinstance(claimed, Claim)
        return claimed

    def running(self, *queues: str, child: SlotChild = CHILD, **more: Any) -> Claim:
        """The claim of a new job's first step."""
        job_id = self.submit(*queues, **more)
        self.publish(job_id)
        return self.claim(job_id, child=child)

    def row(self, job_id: str) -> Row[Any]:
        """The job's row."""
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def steps(self, job_id: str) -> list[str]:
        """The statuses of its steps."""
        rows = self.reader.get(job_id)
        assert rows is not None
        return [step.status for step in rows.steps]

    def results(self, job_id: str) -> list[str]:
        """The keys of what it made for the client."""
        rows = self.reader.get(job_id)
        assert rows is not None
        return [artifact.key for artifact in rows.results]

    def history(self, job_id: str) -> list[str]:
        """The types of its events; their numbers must have no gap."""
        events = self.reader.events(job_id, 0)
        assert [event.seq for event in events] == list(range(1, self.row(job_id).seq + 1))
        return [event.type for event in events]

    def age_lease(self, job_id: str, seconds: float = 13.0) -> None:
        """As if the slot had not been heard of for longer than its lease."""
        with self.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(lease_until=db_now() + 12.0 - seconds))

    def set(self, job_id: str, **values: Any) -> None:
        """Writes the row directly, where a test would have to wait for time to pass."""
        with self.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))

    def everything(self, job_id: str) -> tuple[Any, ...]:
        """All rows of the job, to compare before and after what must change nothing."""
        rows = self.reader.get(job_id)
        assert rows is not None
        return (
            rows.job,
            tuple(rows.steps),
            tuple(rows.results),
            tuple(self.reader.events(job_id, 0)),
            tuple(self.reader.attempts(job_id)),
            tuple(self.reader.deliveries(job_id)),
        )


def error_of(cause: str, code: str = "because") -> dict[str, Any]:
    """A step's problem."""
    return cause_problem(cause, code=code, detail="It went wrong.")


def at_once(*calls: Callable[[], T]) -> list[T | Exception]:
    """What each call returns or raises, when all begin at the same moment in threads of their own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Exception:
        barrier.wait(timeout=10)
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
