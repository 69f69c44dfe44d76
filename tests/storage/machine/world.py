"""The actors around one database: dispatchers, slots with children, the API, a webhook sender, a careless broker.

Each method is one thing that one of them does; nothing here expects anything (see checked.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update

from pipelines.errors import Cause, HarmonyError
from pipelines.events import WEBHOOK_EVENTS
from pipelines.ids import new_id
from pipelines.jobs import Action, Plan, Priority, Step
from pipelines.problems import cause_problem
from storage import dispatch, leadership
from storage.admission import Admission
from storage.backlog import has_drifted
from storage.chunks import NewChunk
from storage.claims import Claim, Held, SlotChild
from storage.database import Database, db_now
from storage.deadlines import expire_overdue
from storage.jobs import JobStore
from storage.leadership import Lead, NotLeading
from storage.retrying import Retry
from storage.slots import SlotStore
from storage.submitting import Idempotency, NewArtifact, Submission
from storage.tables import garbage, jobs, submitters
from storage.tables_webhooks import webhook_deliveries, webhook_targets
from storage.tables_workers import dispatcher
from storage.webhooks import DeliveryResult, DueDelivery, WebhookStore
from tests.storage.machine.invariants import key_of
from tests.storage.machine.model import DEADLINE, RUN_LIMIT

DISPATCHERS = ("lead-1", "lead-2")
SLOTS = ("cpu-1", "cpu-2", "io-1")
WINDOWS = {"cpu": 4, "io": 3}
#: Longer than any test takes, so that the lead is lost only where a test wants it.
_LONG = 3600.0
#: The columns of a job that hold a time: what a clock that steps sets wrong.
_TIMES = (
    "run_at",
    "ready_at",
    "published_at",
    "lease_until",
    "claimed_at",
    "run_limit_at",
    "cancel_requested_at",
    "deadline_at",
)


_WEBHOOK_TIMES = {
    webhook_deliveries: ("next_at", "claimed_until"),
    webhook_targets: ("open_until", "updated_at"),
}
_HOOK = {"url": "https://example.org/hook", "events": list(WEBHOOK_EVENTS), "secret": None}


@dataclass(frozen=True)
class Message:
    """A step's nudge, as the broker holds it."""

    job_id: str
    index: int
    publication: int


@dataclass(frozen=True)
class Wish:
    """What a client asks for."""

    queues: tuple[str, ...]
    hook: bool = False
    deadline: bool = False
    priority: Priority = Priority.NORMAL
    submitter: str = ""
    key: Idempotency | None = None


@dataclass
class World:
    """Everything that the actors hold in memory, and the stores they share."""

    database: Database
    ids: list[str] = field(default_factory=list)
    chains: list[dispatch.Chain] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    #: Every claim that was ever given, so that former holders can come late.
    claims: list[Claim] = field(default_factory=list)
    #: The publication whose message made each claim, by job and fencing number.
    made_by: dict[tuple[str, int], int] = field(default_factory=dict)
    children: dict[str, SlotChild] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    due: list[DueDelivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store, self.slots, self.hooks = (
            JobStore(self.database),
            SlotStore(self.database),
            WebhookStore(self.database),
        )
        self.admission = Admission({}, ageing=300.0)
        self._born = 0
        for slot in SLOTS:
            self.replace_child(slot)

    # -- the API

    def submit(self, wish: Wish) -> str:
        """The id of the job, new or replayed."""
        submitted = self.store.submit(submission(wish))
        if not submitted.replayed:
            self.ids.append(submitted.id)
        return submitted.id

    def cancel(self, job_id: str) -> str:
        """`cancelled`, `cancelling`, or the code of the refusal."""
        try:
            return self.store.cancel(job_id)
        except HarmonyError as error:
            return error.code

    def retry(self, job_id: str) -> str:
        """The id of the new job, or the code of the refusal."""
        try:
            again = self.store.retry(Retry(id=new_id("job"), of=job_id)).id
        except HarmonyError as error:
            return error.code
        self.ids.append(again)
        return again

    def delete(self, job_id: str) -> str:
        """`deleted`, or the code of the refusal."""
        try:
            self.store.delete(job_id)
        except HarmonyError as error:
            return error.code
        self.ids.remove(job_id)
        return "deleted"

    # -- dispatchers

    def take_lead(self, name: str) -> bool:
        lead = leadership.take_lead(self.database, name)
        if lead is not None:
            self.leads[name] = lead
            with self.database.write(durable=False) as connection:
                connection.execute(
                    update(dispatcher).where(dispatcher.c.fence == lead.fence).values(until=db_now() + _LONG)
                )
        return lead is not None

    def lose_lead(self) -> None:
        """The leader froze for longer than its lease; it does not know."""
        with self.database.write(durable=False) as connection:
            connection.execute(update(dispatcher).values(until=db_now() - 1.0))

    def pick(self) -> list[str]:
        with self.database.read() as connection:
            return self.admission.pick(connection, WINDOWS, {"cpu": 2, "io": 1})

    def publish(self, name: str, job_ids: Sequence[str], *, again: bool = False) -> list[dispatch.Chain] | None:
        """The chains, whose first messages are in the broker now; None if `name` does not lead."""
        try:
            with leadership.leading(self.database, self.leads[name]) as connection:
                chains = (dispatch.republish if again else dispatch.publish)(connection, job_ids)
        except NotLeading:
            return None
        self.chains.extend(chains)
        self.messages.extend(Message(chain.job_id, chain.links[0].index, chain.publication) for chain in chains)
        return chains

    def unpublish(self, name: str, chain: dispatch.Chain) -> bool:
        """The chain could not be sent, as far as the dispatcher knows; whether `name` leads."""
        try:
            with leadership.leading(self.database, self.leads[name]) as connection:
                dispatch.unpublish(connection, [chain])
        except NotLeading:
            return False
        return True

    def number_events(self, name: str) -> int | None:
        try:
            with leadership.leading(self.database, self.leads[name]) as connection:
                return dispatch.number_events(connection)
        except NotLeading:
            return None

    def stale(self) -> list[Held]:
        with self.database.read() as connection:
            return dispatch.stale_claims(connection)

    def lose(self, held: Held, cause: Cause = "lost") -> str:
        """What the sweep does with a stale claim, and a parent with one that overstays."""
        return self.store.lose_claim(held, cause, "It is gone.")

    def expire(self) -> int:
        """Stops what is past its deadline; how many."""
        return expire_overdue(self.database)

    # -- slots

    def replace_child(self, slot: str) -> SlotChild:
        """The slot's child died; the next one has another pid."""
        self._born += 1
        self.children[slot] = SlotChild(slot, f"{slot}:{1000 + self._born}:{self._born}.0")
        return self.children[slot]

    def deliver(self, message: Message, slot: str) -> Claim | bool:
        """What a message gets; the chain moves on behind a step that is done (rule 1)."""
        claim = self.store.claim_step(
            message.job_id,
            message.index,
            publication=message.publication,
            child=self.children[slot],
            limit=lambda _: RUN_LIMIT,
        )
        if isinstance(claim, Claim):
            self.made_by[message.job_id, claim.fence] = message.publication
            self.claims.append(claim)
        elif claim:
            self.move_on(message)
        return claim

    def move_on(self, done: Message) -> None:
        """Celery sends the next message of the chain."""
        self.messages.append(Message(done.job_id, done.index + 1, done.publication))

    def heartbeat(self, claim: Claim, fraction: float) -> str:
        return self.store.heartbeat(claim, fraction).signal

    def show(self, claim: Claim) -> str:
        """One more chunk; a late attempt counts as if it had looked just now how many there are."""
        return self.store.add_chunks(claim, [NewChunk(len(self.store.own_chunks(claim)))]).signal

    def complete(self, claim: Claim) -> str:
        """With one artifact that tells by its key who made it; the chain moves on if it counts."""
        work = claim.work
        key = key_of(work.job_id, work.index, claim.fence)
        made = NewArtifact("audio", key, "audio/wav", 44, "00" * 32, 1.0, 8000)
        ended = self.store.complete_step(claim, [made])
        if ended == "succeeded":
            self.move_on(Message(work.job_id, work.index, self.made_by[work.job_id, claim.fence]))
        return ended

    def fail(self, claim: Claim, cause: Cause) -> str:
        error = cause_problem(cause, code="because", detail="It went wrong.")
        return self.store.fail_step(claim, cause, error=error)

    def stop(self, claim: Claim) -> str:
        return self.store.stop_step(claim)

    def hand_back(self, held: Held) -> str:
        """The slot is told to stop and will not end this in time."""
        return self.store.hand_back(held, lambda: None)

    def held(self, slot: str) -> list[Held]:
        return self.slots.held(slot)

    def overstays(self, slot: str) -> list[Held]:
        return [*self.slots.overstays(slot, 4.0)]

    # -- webhooks

    def claim_deliveries(self) -> list[DueDelivery]:
        claimed = self.hooks.claim()
        self.due.extend(claimed)
        return claimed

    def record(self, delivery: DueDelivery, status: int | None) -> None:
        self.hooks.record(delivery, DeliveryResult(status, None if status else "timeout"))

    # -- time

    def step_clock(self, seconds: float) -> None:
        """The database's clock goes forward by `seconds`, or back: all that rows say lies that much further behind."""
        with self.database.write(durable=False) as connection:
            connection.execute(update(jobs).values({name: jobs.c[name] - seconds for name in _TIMES}))
            for table, names in _WEBHOOK_TIMES.items():
                connection.execute(update(table).values({name: table.c[name] - seconds for name in names}))

    # -- between examples

    def forget_everything(self) -> None:
        """Empties the tables, so that one database serves hundreds of examples."""
        with self.database.write(durable=False) as connection:
            for table in (webhook_deliveries, webhook_targets, jobs, dispatcher, submitters, garbage):
                connection.execute(delete(table))

    def miscounted(self) -> bool:
        """Whether what is counted as waiting is not what waits."""
        with self.database.read() as connection:
            return has_drifted(connection)

    def pending_deliveries(self) -> list[str]:
        with self.database.read() as connection:
            pending = select(webhook_deliveries.c.id).where(webhook_deliveries.c.status == "pending")
            return list(connection.scalars(pending))


def submission(wish: Wish) -> Submission:
    """A job with one step for each queue."""
    steps = tuple(
        Step(f"step-{number}", Action.STAGE, queue, None if queue == "io" else "tone")
        for number, queue in enumerate(wish.queues)
    )
    return Submission(
        new_id("job"),
        kind="speech",
        model="tone",
        voice=None,
        plan=Plan(steps),
        priority=wish.priority,
        request={"kind": "speech"},
        webhook=_HOOK if wish.hook else None,
        submitter=wish.submitter,
        idempotency=wish.key,
        deadline_at=time.time() + DEADLINE if wish.deadline else None,
    )
