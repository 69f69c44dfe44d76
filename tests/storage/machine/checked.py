"""The world, and beside it the model: whatever is done, the answer and all rows must be what the model says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from pipelines.errors import Cause, InvalidRequest
from pipelines.events import WEBHOOK_EVENTS
from storage import dispatch
from storage.claims import Claim, Held
from storage.webhooks import DueDelivery
from tests.storage.machine.faults import Died, dying
from tests.storage.machine.invariants import broken, key_of
from tests.storage.machine.model import DEADLINE, ModelJob
from tests.storage.machine.rows import JobRows, read
from tests.storage.machine.watching import Watch
from tests.storage.machine.world import WINDOWS, Message, Wish, World

T = TypeVar("T")

#: Within this many seconds no lease runs out by itself; a machine that stood still for longer proves nothing.
_PATIENCE = 4.0


@dataclass
class CheckedWorld(World):
    """Each method does what World's does, and compares. One thread only."""

    watch: Watch | None = None
    #: Kills whoever acts next, see `dying`.
    fuse: int | None = None
    models: dict[str, ModelJob] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    leader: str | None = None
    #: How often each operation met a job in each status.
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    deaths: int = 0
    #: Whether rows are looked at after each operation; answers are compared all the same.
    looking: bool = True
    _positions: dict[tuple[str, int], int] = field(default_factory=dict)
    _deliveries: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._began = monotonic()

    def _act(self, do: Callable[[], T], then: Callable[[T], None]) -> T | None:
        """Does it, unless the actor dies in it: then nothing may have happened. None if it died."""
        fuse, self.fuse = self.fuse, None
        try:
            with dying(self.database, fuse):
                result = do()
        except Died:
            self.deaths += 1
            self._look()
            return None
        then(result)
        self._look()
        return result

    def _look(self) -> None:
        if self.looking:
            self.check()

    def _one(self, name: str, job_id: str, do: Callable[[], T], expected: Callable[[ModelJob], Any]) -> T | None:
        """An operation on one job, whose answer the model foretells."""
        model = self.models[job_id]
        self.met[name, model.status] += 1

        def then(result: T) -> None:
            foretold = expected(model)
            assert result == foretold, f"{name} of {job_id} gave {result!r} instead of {foretold!r}"

        return self._act(do, then)

    def submit(self, wish: Wish) -> str:
        parent, key = super().submit, wish.key

        def then(job_id: str) -> None:
            if job_id not in self.models:
                asked = frozenset(map(str, WEBHOOK_EVENTS)) if wish.hook else frozenset()
                deadline = DEADLINE if wish.deadline else None
                self.models[job_id] = ModelJob(job_id, wish.queues, asked, deadline_left=deadline)
            if key is not None:
                first = self.keys.setdefault(wish.submitter + key.key, (key.fingerprint, job_id))
                assert first == (key.fingerprint, job_id), f"{key} made {job_id} beside {first}"

        try:
            return self._act(lambda: parent(wish), then) or ""
        except InvalidRequest as error:
            self._refused(wish, error)
            return ""

    def _refused(self, wish: Wish, error: InvalidRequest) -> None:
        assert error.code == "idempotency_mismatch"
        assert wish.key is not None
        first = self.keys[wish.submitter + wish.key.key]
        assert first[0] != wish.key.fingerprint, "a known request was refused"
        self._look()

    def cancel(self, job_id: str) -> str:
        return self._one("cancel", job_id, lambda: super(CheckedWorld, self).cancel(job_id), ModelJob.cancel) or ""

    def retry(self, job_id: str) -> str:
        parent, model = super().retry, self.models[job_id]
        self.met["retry", model.status] += 1

        def then(answer: str) -> None:
            foretold = model.retry(answer)
            if isinstance(foretold, ModelJob):
                assert answer in self.ids
                self.models[answer] = foretold
            else:
                assert answer == foretold

        return self._act(lambda: parent(job_id), then) or ""

    def delete(self, job_id: str) -> str:
        parent = super().delete
        answer = self._one("delete", job_id, lambda: parent(job_id), ModelJob.delete) or ""
        if answer == "deleted":
            # Its key goes with it.
            self.keys = {key: first for key, first in self.keys.items() if first[1] != job_id}
        return answer

    def take_lead(self, name: str) -> bool:
        took = super().take_lead(name)
        assert took == (self.leader in {None, name})
        if took:
            self.leader = name
        return took

    def lose_lead(self) -> None:
        super().lose_lead()
        self.leader = None

    def pick(self) -> list[str]:
        picked = super().pick()
        assert len(set(picked)) == len(picked)
        assert all(self.models[job_id].phase == "waiting" for job_id in picked), picked
        flying = Counter(m.queues[m.index] for m in self.models.values() if m.phase in {"published", "claimed"})
        for queue, count in Counter(self.models[job_id].route.split(">")[0] for job_id in picked).items():
            assert flying[queue] + count <= WINDOWS[queue], f"{count} more on {queue}, which has {flying[queue]}"
        return picked

    def _leads(self, name: str) -> bool:
        """Whether `name` may write: its lead may have run out, but nobody took it since."""
        return name in self.leads and self.leads[name].fence == max(lead.fence for lead in self.leads.values())

    def publish(self, name: str, job_ids: Sequence[str], *, again: bool = False) -> list[dispatch.Chain] | None:
        parent, leads = super().publish, self._leads(name)
        move = ModelJob.republish if again else ModelJob.publish
        for job_id in job_ids:
            self.met["republish" if again else "publish", self.models[job_id].status] += 1

        def then(chains: list[dispatch.Chain] | None) -> None:
            moved = sorted(job_id for job_id in set(job_ids) if leads and move(self.models[job_id]))
            assert (chains is not None) == leads
            assert sorted(chain.job_id for chain in chains or ()) == moved
            for chain in chains or ():
                model = self.models[chain.job_id]
                ahead = list(enumerate(model.queues))[model.index :]
                assert [(link.index, link.queue) for link in chain.links] == ahead
                assert chain.publication == model.publication

        return self._act(lambda: parent(name, job_ids, again=again), then)

    def unpublish(self, name: str, chain: dispatch.Chain) -> bool:
        parent, leads = super().unpublish, self._leads(name)
        self.met["unpublish", self.models[chain.job_id].status] += 1

        def then(did: object) -> None:
            assert did is leads
            if leads:
                self.models[chain.job_id].unpublish(chain.publication)

        return bool(self._act(lambda: parent(name, chain), then))

    def number_events(self, name: str) -> int | None:
        parent, leads = super().number_events, self._leads(name)

        def then(count: int | None) -> None:
            assert (count is not None) == leads

        return self._act(lambda: parent(name), then)

    def stale(self) -> list[Held]:
        stale = super().stale()
        held = {one.job_id for one in stale}
        for model in self.models.values():
            if model.phase == "claimed" and (model.stale or monotonic() - self._began < _PATIENCE):
                assert (model.id in held) == model.stale, f"{model.id}: {model.lease_left} s are left"
        return stale

    def lose(self, held: Held, cause: Cause = "lost") -> str:
        parent = super().lose
        foretold = lambda model: model.fail(held.fence, cause, "lost")  # noqa: E731 - one line
        return self._one(f"lose {cause}", held.job_id, lambda: parent(held, cause), foretold) or ""

    def deliver(self, message: Message, slot: str) -> Claim | bool:
        parent, child = super().deliver, self.children[slot]
        model = self.models[message.job_id]
        self.met["message", model.status] += 1

        def then(claim: Claim | bool) -> None:  # noqa: FBT001 - what the message got
            foretold = model.message(message.index, message.publication, child)
            given = claim if isinstance(claim, bool) else claim.fence
            assert given is foretold or (not isinstance(claim, bool) and given == foretold), (
                f"{message} gave {claim!r} instead of {foretold!r}"
            )
            if isinstance(claim, Claim):
                assert (claim.work.index, claim.child, claim.work.route) == (model.index, child, model.route)
                before = [model.written[model.index - 1]] if model.index else []
                assert [ref.key for ref in claim.work.inputs] == before

        return self._act(lambda: parent(message, slot), then) or False

    def heartbeat(self, claim: Claim, fraction: float) -> str:
        parent = super().heartbeat
        foretold = lambda model: model.heartbeat(claim.fence, fraction)  # noqa: E731 - one line
        return self._one("heartbeat", claim.work.job_id, lambda: parent(claim, fraction), foretold) or ""

    def show(self, claim: Claim) -> str:
        parent = super().show
        foretold = lambda model: model.show(claim.fence)  # noqa: E731 - one line
        return self._one("show", claim.work.job_id, lambda: parent(claim), foretold) or ""

    def complete(self, claim: Claim) -> str:
        parent, work = super().complete, claim.work
        foretold = lambda model: model.complete(claim.fence, key_of(work.job_id, work.index, claim.fence))  # noqa: E731 - one line
        return self._one("complete", work.job_id, lambda: parent(claim), foretold) or ""

    def fail(self, claim: Claim, cause: Cause) -> str:
        parent = super().fail
        foretold = lambda model: model.fail(claim.fence, cause)  # noqa: E731 - one line
        return self._one(f"fail {cause}", claim.work.job_id, lambda: parent(claim, cause), foretold) or ""

    def stop(self, claim: Claim) -> str:
        parent = super().stop
        foretold = lambda model: model.stop(claim.fence)  # noqa: E731 - one line
        return self._one("stop", claim.work.job_id, lambda: parent(claim), foretold) or ""

    def hand_back(self, held: Held) -> str:
        parent = super().hand_back
        foretold = lambda model: model.hand_back(held.fence)  # noqa: E731 - one line
        return self._one("hand back", held.job_id, lambda: parent(held), foretold) or ""

    def expire(self) -> int:
        def then(count: int) -> None:
            for model in self.models.values():
                self.met["expire", model.status] += 1
            assert count == sum(model.expire() for model in self.models.values())

        return self._act(super().expire, then) or 0

    def held(self, slot: str) -> list[Held]:
        held = super().held(slot)
        holders = [(m.id, m.fence, m.holder.owner) for m in self.models.values() if m.holder and m.holder.slot == slot]
        assert sorted((one.job_id, one.fence, one.owner) for one in held) == sorted(holders)
        return held

    def claim_deliveries(self) -> list[DueDelivery]:
        return self._act(super().claim_deliveries, lambda _: None) or []

    def record(self, delivery: DueDelivery, status: int | None) -> None:
        parent = super().record
        self._act(lambda: parent(delivery, status), lambda _: None)

    def step_clock(self, seconds: float) -> None:
        super().step_clock(seconds)
        for model in self.models.values():
            model.lease_left -= seconds
            model.run_left -= seconds
            if model.deadline_left is not None:
                model.deadline_left -= seconds
        self._look()

    def check(self) -> None:
        """Every row of every job against the invariants and the model."""
        rows = read(self.database, self.ids)
        here = {job_id: model for job_id, model in self.models.items() if not model.gone}
        assert set(rows) == set(here), "jobs came or went"
        wrong = self.watch.look() if self.watch is not None else []
        if self.miscounted():
            wrong.append("what waits was miscounted")
        for job_id, model in here.items():
            wrong += [*broken(rows[job_id]), *differences(rows[job_id], model)]
        assert not wrong, "\n".join(wrong)
        self._check_positions(rows)
        self._check_deliveries(rows)

    def _check_positions(self, rows: dict[str, JobRows]) -> None:
        """A position is given once, to one event, behind all that were given before."""
        now = {(e.job_id, e.seq): e.position for one in rows.values() for e in one.events if e.position is not None}
        assert len(set(now.values())) == len(now), "a position was given twice"
        assert {number: self._positions.get(number, at) for number, at in now.items()} == now, "a position changed"
        new = [position for number, position in now.items() if number not in self._positions]
        # Also behind those of jobs that were deleted since.
        assert not new or min(new) > max(self._positions.values(), default=0), "a position came late"
        self._positions |= now

    def _check_deliveries(self, rows: dict[str, JobRows]) -> None:
        """A message keeps its id and its words, and does not come back once it has ended."""
        for one in (delivery for job in rows.values() for delivery in job.deliveries):
            facts = (one.job_id, one.seq, one.type, one.url, one.body)
            before = self._deliveries.setdefault(one.id, (*facts, one.status))
            assert before[:-1] == facts, f"the message {one.id} changed"
            assert before[-1] in {"pending", one.status}, f"the message {one.id} came back"
            self._deliveries[one.id] = (*facts, one.status)


def differences(rows: JobRows, model: ModelJob) -> list[str]:
    """What the rows say otherwise than the model."""
    job, holder = rows.job, model.holder
    pairs = {
        "status": (job.status, model.status),
        "phase": (job.phase, model.phase),
        "step_index": (job.step_index, model.index),
        "route": (job.route, model.route),
        "queue": (job.queue, model.queues[model.index]),
        "publication": (job.publication, model.publication),
        "fence": (job.fence, model.fence),
        "slot": (job.slot, holder and holder.slot),
        "lease_owner": (job.lease_owner, holder and holder.owner),
        "charged": (job.charged, model.charged),
        "progress": (round(job.progress, 4), round(model.progress, 4)),
        "steps": ([step.status for step in rows.steps], model.steps),
        "starts": ([step.attempts for step in rows.steps], model.starts),
        "history": ([event.type for event in rows.events], model.history),
        "chunks": ([(one.step_index, one.number, one.fence) for one in rows.chunks], model.chunks),
        "told": ([(one.type, one.seq) for one in rows.deliveries if one.endpoint_id is None], model.told),
        "attempts": (
            [(one.step_index, one.fence, one.worker, one.outcome, one.cause) for one in rows.attempts],
            [(one.step, one.fence, one.worker, one.outcome, one.cause) for one in model.attempts],
        ),
        "written": (
            {one.step_index: one.key for one in rows.artifacts if one.purpose != "input"},
            model.written,
        ),
    }
    return [
        f"{model.id}: {name} is {found!r}, not {foretold!r}"
        for name, (found, foretold) in pairs.items()
        if found != foretold
    ]
