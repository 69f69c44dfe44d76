"""The machine: Hypothesis draws who does what next; the checked world compares after each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pipelines.errors import Cause
from pipelines.jobs import Priority
from storage.claims import Claim
from storage.database import Database
from storage.submitting import Idempotency
from tests.storage.machine.checked import CheckedWorld
from tests.storage.machine.faults import AT_COMMIT
from tests.storage.machine.settling import settle
from tests.storage.machine.watching import Watch
from tests.storage.machine.world import DISPATCHERS, SLOTS, Wish

T = TypeVar("T")

#: Enough to get into each other's way.
_MOST_JOBS, _MOST_DUE = 4, 8
_PLANS = (("cpu",), ("io", "cpu"), ("cpu", "io", "cpu"))
_CAUSES: tuple[Cause, ...] = ("permanent", "transient", "resource", "timeout", "lost")

#: Which of what there is: taken modulo how many there are, counted from the newest, so that 0 is the last one.
which = st.integers(0, 11)
dispatcher = st.sampled_from(DISPATCHERS)
slot = st.sampled_from(SLOTS)
wish = st.builds(
    Wish,
    queues=st.sampled_from(_PLANS),
    hook=st.booleans(),
    deadline=st.booleans(),
    priority=st.sampled_from(Priority),
    submitter=st.sampled_from(("", "ann")),
    key=st.one_of(
        st.none(), st.builds(Idempotency, st.sampled_from(("key-1", "key-2")), st.sampled_from(("one", "two")))
    ),
)


@st.composite
def _several(draw: st.DrawFn) -> list[int]:
    return draw(st.lists(which, min_size=1, max_size=3))


def newest(things: list[T], number: int) -> T:
    """The `number`-th from the end, around and around."""
    return things[-1 - number % len(things)]


class Machine(RuleBasedStateMachine):
    """One example: some jobs, and everybody who may touch them."""

    database: ClassVar[Database]
    watch: ClassVar[Watch]
    #: Over all examples: operations by the status they met, and how many died in the middle of one.
    met: ClassVar[Counter[tuple[str, str]]]
    deaths: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = CheckedWorld(self.database, watch=self.watch)
        self._unhurt = False

    @initialize(wishes=st.lists(st.tuples(wish, st.integers(0, 3)), min_size=1, max_size=3), to=slot)
    def begins(self, wishes: list[tuple[Wish, int]], to: str) -> None:
        """Some jobs are there already, some of them published, running or at their second step."""
        self.world.forget_everything()
        assert self.world.take_lead(DISPATCHERS[0])
        for asked, far in wishes:
            job_id = self.world.submit(replace(asked, key=None))
            if far > 0:
                self.world.publish(DISPATCHERS[0], [job_id])
            claim = self.world.deliver(self.world.messages.pop(), to) if far > 1 else False
            if isinstance(claim, Claim) and far > 2:
                self.world.complete(claim)
        self._unhurt = True

    # -- the API

    @precondition(lambda self: len(self.world.ids) < _MOST_JOBS)
    @rule(asked=wish)
    def submit(self, asked: Wish) -> None:
        self.world.submit(asked)

    @precondition(lambda self: self.world.ids and len(self.world.ids) < _MOST_JOBS)
    @rule(job=which)
    def retry(self, job: int) -> None:
        self.world.retry(newest(self.world.ids, job))

    @precondition(lambda self: self.world.ids)
    @rule(job=which)
    def delete(self, job: int) -> None:
        self.world.delete(newest(self.world.ids, job))

    @precondition(lambda self: self.world.ids)
    @rule(job=which)
    def cancel(self, job: int) -> None:
        self.world.cancel(newest(self.world.ids, job))

    # -- dispatchers

    @rule(by=dispatcher, takes=st.booleans())
    def lead(self, by: str, takes: bool) -> None:  # noqa: FBT001 - drawn
        """Somebody wants the lead, which the other may have let run out."""
        if takes:
            self.world.lose_lead()
        self.world.take_lead(by)

    @rule()
    def dispatch(self) -> None:
        """As a dispatcher does it: what is picked is published, if it still leads."""
        for name in self.world.leads:
            self.world.publish(name, self.world.pick())

    @precondition(lambda self: self.world.ids)
    @rule(by=dispatcher, jobs=_several(), again=st.booleans())
    def publish_late(self, by: str, jobs: list[int], again: bool) -> None:  # noqa: FBT001 - drawn
        """Jobs that were picked, or found due, before somebody else did something with them."""
        if by in self.world.leads:
            self.world.publish(by, [newest(self.world.ids, job) for job in jobs], again=again)

    @precondition(lambda self: self.world.chains)
    @rule(by=dispatcher, chain=which)
    def unpublish(self, by: str, chain: int) -> None:
        if by in self.world.leads:
            self.world.unpublish(by, newest(self.world.chains, chain))

    @rule(by=dispatcher)
    def sweep(self, by: str) -> None:
        """What a dispatcher does each second."""
        self.world.expire()
        for held in self.world.stale():
            self.world.lose(held)
        if by in self.world.leads:
            self.world.number_events(by)

    # -- the broker and the slots

    @precondition(lambda self: self.world.messages)
    @rule(message=which, to=slot, again=st.booleans())
    def deliver(self, message: int, to: str, again: bool) -> None:  # noqa: FBT001 - drawn
        """Now or late, in any order, perhaps once more later."""
        chosen = newest(self.world.messages, message)
        if not again:
            self.world.messages.remove(chosen)
        self.world.deliver(chosen, to)

    @precondition(lambda self: self.world.messages)
    @rule(message=which)
    def lose_message(self, message: int) -> None:
        self.world.messages.remove(newest(self.world.messages, message))

    @rule(of=slot, then=st.sampled_from(("dies", "restarts", "stops", "watches")))
    def parent(self, of: str, then: str) -> None:
        """The slot's child dies alone; or more happens.

        `restarts`: the next parent lets go of what its earlier life held. `stops`: told to stop, it hands back what it
        will not end in time. `watches`: it ends what runs past its limit, or should have stopped.
        """
        if then != "watches":
            self.world.replace_child(of)
        if then == "restarts":
            for held in self.world.held(of):
                self.world.lose(held)
        elif then == "stops":
            for held in self.world.held(of):
                self.world.hand_back(held)
        elif then == "watches":
            for held in self.world.overstays(of):
                self.world.lose(held, "timeout")

    @precondition(lambda self: self.world.claims)
    @rule(claim=which, quarters=st.integers(0, 4))
    def heartbeat(self, claim: int, quarters: int) -> None:
        self.world.heartbeat(self._claim(claim), quarters / 4)

    @precondition(lambda self: self.world.claims)
    @rule(claim=which)
    def show(self, claim: int) -> None:
        self.world.show(self._claim(claim))

    @precondition(lambda self: self.world.claims)
    @rule(claim=which)
    def complete(self, claim: int) -> None:
        self.world.complete(self._claim(claim))

    @precondition(lambda self: self.world.claims)
    @rule(claim=which, cause=st.sampled_from(_CAUSES))
    def fail(self, claim: int, cause: Cause) -> None:
        self.world.fail(self._claim(claim), cause)

    @precondition(lambda self: self.world.claims)
    @rule(claim=which)
    def stop(self, claim: int) -> None:
        self.world.stop(self._claim(claim))

    def _claim(self, number: int) -> Claim:
        """One that counts, or one of a former holder."""
        return newest(self.world.claims, number)

    @precondition(lambda self: self.world.messages)
    @rule(causes=st.lists(st.sampled_from(_CAUSES), min_size=2, max_size=9), to=slot)
    def keeps_failing(self, causes: list[Cause], to: str) -> None:
        """One step is tried again and again, so that budgets are spent."""
        self.world.fuse = None
        for cause in causes:
            if not self.world.messages:
                return
            claim = self.world.deliver(self.world.messages.pop(), to)
            if not isinstance(claim, Claim):
                return
            self.world.fail(claim, cause)
            for name in self.world.leads:
                self.world.publish(name, [claim.work.job_id])

    # -- webhooks

    @precondition(lambda self: len(self.world.due) < _MOST_DUE)
    @rule()
    def claim_deliveries(self) -> None:
        self.world.claim_deliveries()

    @precondition(lambda self: self.world.due)
    @rule(delivery=which, status=st.sampled_from((204, 500, 410, None)))
    def record(self, delivery: int, status: int | None) -> None:
        self.world.record(newest(self.world.due, delivery), status)

    # -- everything

    @rule(seconds=st.sampled_from((20.0, 1000.0, -20.0, -1000.0)))
    def clock_steps(self, seconds: float) -> None:
        self.world.step_clock(seconds)

    @rule(after=st.one_of(st.just(AT_COMMIT), st.integers(0, 7)))
    def somebody_will_die(self, after: int) -> None:
        """Whoever acts next dies in its transaction."""
        self.world.fuse = after

    def teardown(self) -> None:
        """Whatever has happened, every job still ends."""
        type(self).met.update(self.world.met)
        type(self).deaths["died"] += self.world.deaths
        if self._unhurt:
            self.world.fuse = None
            settle(self.world)
            self.world.check()
            left = {model.id: model.status for model in self.world.models.values() if model.phase != "ended"}
            assert not left, f"never ended: {left}"
