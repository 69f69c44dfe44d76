"""The counters of what waits are exact, whatever moves, at once and in any order."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from pipelines.errors import Conflict
from storage import backlog, dispatch, leadership
from storage.backlog import Room, SubmitterFull
from storage.claims import Claim, Held
from storage.deadlines import expire_overdue
from storage.submitting import Idempotency, Submitted
from storage.tables import is_waiting, jobs, submitters
from tests.storage.house import CHILD, NEXT_CHILD, House, at_once, error_of, output

NAMES = ("", "anna", "ben", "Ärzte & Söhne")


def counted(house: House) -> dict[str, tuple[int, float]]:
    """What the counters say, without those at zero."""
    with house.database.read() as connection:
        rows = connection.execute(select(submitters)).all()
    assert all(row.waiting > 0 or row.seconds == 0.0 for row in rows)
    return {row.name: (row.waiting, row.seconds) for row in rows if row.waiting}


def true(house: House) -> dict[str, tuple[int, float]]:
    """What the jobs' rows say."""
    query = select(jobs.c.submitter, func.count(), func.sum(jobs.c.cost)).where(is_waiting).group_by(jobs.c.submitter)
    with house.database.read() as connection:
        return {name: (count, seconds) for name, count, seconds in connection.execute(query)}


def put_back(house: House, *job_ids: str) -> None:
    """Publishes the jobs, and takes that back as if the broker had gone."""
    chains = house.publish(*job_ids)
    with leadership.leading(house.database, house.lead) as connection:
        dispatch.unpublish(connection, chains)


class Walk:
    """Random moves of jobs: what each move is possible for is looked up, so that most of them happen."""

    def __init__(self, house: House, source: random.Random) -> None:
        self.house = house
        self.random = source
        self.claims: list[Claim] = []
        self.moves: dict[str, Callable[[], object]] = {
            "submit": self.submit,
            "publish": self.publish,
            "put_back": lambda: put_back(self.house, *self.some("waiting", 3)),
            "claim": self.claim,
            "take_over": self.take_over,
            "complete": lambda: self.with_claim(lambda claim: self.house.store.complete_step(claim, [output()])),
            "fail": self.fail,
            "lose": self.lose,
            "hand_back": self.hand_back,
            "expire": self.expire,
            "cancel": self.cancel,
            "stop": lambda: self.with_claim(self.house.store.stop_step),
        }

    def some(self, phase: str, most: int = 1) -> list[str]:
        with self.house.database.read() as connection:
            ids = list(connection.scalars(select(jobs.c.id).where(jobs.c.phase == phase)))
        return self.random.sample(ids, min(len(ids), most))

    def submit(self) -> None:
        queues = self.random.choice([("cpu",), ("io", "cpu"), ("cpu", "io")])
        cost = self.random.choice([0.1, 1 / 3, 7.77, 3600.0])
        key = Idempotency(f"key-{self.random.randrange(5)}", "same") if self.random.random() < 0.3 else None
        self.house.submit(*queues, submitter=self.random.choice(NAMES), cost=cost, key=key)

    def publish(self) -> None:
        self.house.publish(*self.some("waiting", 4))

    def claim(self) -> None:
        for job_id in self.some("published", 2):
            row = self.house.row(job_id)
            claimed = self.house.message(job_id, row.step_index, row.publication, CHILD)
            if isinstance(claimed, Claim):
                self.claims.append(claimed)

    def take_over(self) -> None:
        for job_id in self.some("claimed"):
            row = self.house.row(job_id)
            claimed = self.house.message(job_id, row.step_index, row.publication, NEXT_CHILD)
            if isinstance(claimed, Claim):
                self.claims.append(claimed)

    def with_claim(self, move: Callable[[Claim], object]) -> None:
        if self.claims:
            move(self.claims.pop(self.random.randrange(len(self.claims))))

    def fail(self) -> None:
        cause = self.random.choice(["transient", "permanent", "timeout", "resource"])
        self.with_claim(lambda claim: self.house.store.fail_step(claim, cause, error=error_of(cause)))  # type: ignore[arg-type]  # one of the causes

    def lose(self) -> None:
        self.with_claim(
            lambda claim: self.house.store.lose_claim(
                Held(claim.work.job_id, claim.fence, claim.child.owner), "lost", "It went away."
            )
        )

    def hand_back(self) -> None:
        self.with_claim(
            lambda claim: self.house.store.hand_back(
                Held(claim.work.job_id, claim.fence, claim.child.owner), lambda: None
            )
        )

    def expire(self) -> None:
        for job_id in self.some(self.random.choice(["waiting", "published", "claimed"])):
            self.house.set(job_id, deadline_at=1.0)
        expire_overdue(self.house.database)

    def cancel(self) -> None:
        for job_id in self.some(self.random.choice(["waiting", "published", "claimed", "ended"])):
            try:
                self.house.store.cancel(job_id)
            except Conflict:
                continue

    def step(self, move: str | None = None) -> None:
        self.moves[move or self.random.choice([*self.moves, "submit", "publish", "claim"])]()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    moves=st.lists(
        st.sampled_from(
            [
                *("submit", "publish", "put_back", "claim", "take_over", "complete"),
                *("fail", "lose", "hand_back", "expire", "cancel", "stop"),
            ]
        ),
        min_size=10,
        max_size=50,
    ),
)
def test_counters_agree_after_every_move(house: House, seed: int, moves: list[str]) -> None:
    walk = Walk(house, random.Random(seed))
    walk.submit()
    for move in moves:
        walk.step(move)
        assert counted(house) == true(house), move


def test_counters_agree_when_many_move_at_once(house: House) -> None:
    def wander(number: int) -> None:
        walk = Walk(house, random.Random(number))
        for _ in range(40):
            walk.step()

    results = at_once(*[partial(wander, number) for number in range(6)])
    assert results == [None] * 6
    house.submit()
    assert counted(house) == true(house)
    for job_id in Walk(house, random.Random(1)).some("waiting", 10_000):
        house.store.cancel(job_id)
    assert counted(house) == {}


def test_opposite_orders_do_not_deadlock(house: House) -> None:
    def put_back_each(rounds: list[list[str]]) -> None:
        for job_ids in rounds:
            put_back(house, *job_ids)

    ids = {name: [house.submit(submitter=name) for _ in range(60)] for name in NAMES}
    forward = [ids[name] for name in NAMES]
    results = at_once(
        partial(put_back_each, [[group[number] for group in forward] for number in range(30)]),
        partial(put_back_each, [[group[number] for group in reversed(forward)] for number in range(30, 60)]),
    )
    assert results == [None, None]
    assert counted(house) == dict.fromkeys(NAMES, (60, 60.0))


def test_a_submitter_gets_exactly_its_room(house: House) -> None:
    def submit() -> Submitted:
        return house.store.submit(house.submission(submitter="anna"), Room(25, 1e9))

    results = at_once(*[lambda: [_outcome(submit) for _ in range(10)] for _ in range(8)])
    outcomes = [outcome for result in results if isinstance(result, list) for outcome in result]
    assert sum(isinstance(outcome, Submitted) for outcome in outcomes) == 25
    refused = [outcome for outcome in outcomes if isinstance(outcome, SubmitterFull)]
    assert len(refused) == 55
    assert {error.waiting.jobs for error in refused} == {25}
    assert counted(house) == true(house) == {"anna": (25, 25.0)}
    # Others are not concerned, and room that is made is given.
    house.store.submit(house.submission(submitter="ben"), Room(25, 1e9))
    house.publish(*Walk(house, random.Random(1)).some("waiting", 26)[:3])
    assert isinstance(submit(), Submitted)


def test_a_refused_job_leaves_nothing(house: House) -> None:
    house.submit(submitter="anna")
    refused = house.submission(submitter="anna", key=Idempotency("key", "same"))
    with pytest.raises(SubmitterFull, match=r"1 jobs of this submitter wait already; the limit is 1\."):
        house.store.submit(refused, Room(1, 1e9))
    assert house.reader.get(refused.id) is None
    # Neither is its key remembered.
    assert not house.store.submit(house.submission(submitter="ben", key=Idempotency("key", "same"))).replayed


def test_work_counts_and_not_only_jobs(house: House) -> None:
    room = Room(1000, 100.0)
    # One job alone may be longer than the limit: it would never be accepted otherwise.
    house.store.submit(house.submission(submitter="long", cost=500.0), room)
    with pytest.raises(SubmitterFull, match="500 s of work"):
        house.store.submit(house.submission(submitter="long", cost=0.01), room)
    house.store.submit(house.submission(submitter="short", cost=60.0), room)
    with pytest.raises(SubmitterFull):
        house.store.submit(house.submission(submitter="short", cost=60.0), room)
    house.store.submit(house.submission(submitter="short", cost=40.0), room)


def test_a_replay_passes_though_there_is_no_room(house: House) -> None:
    key = Idempotency("key", "same")
    first = house.store.submit(house.submission(submitter="anna", key=key), Room(1, 1e9))
    again = house.store.submit(house.submission(submitter="anna", key=key), Room(1, 1e9))
    assert again == Submitted(first.id, replayed=True)
    assert counted(house) == {"anna": (1, 1.0)}


def test_what_others_did_not_count_is_set_right(house: House) -> None:
    job_id = house.submit(submitter="old", cost=2.5)
    house.submit(submitter="new")
    gone = house.submit(submitter="gone")
    house.publish(gone)
    with house.database.write() as connection:
        # As code of the revision before does: it moves jobs and counts nothing.
        connection.execute(delete(submitters).where(submitters.c.name == "old"))
        connection.execute(update(submitters).where(submitters.c.name == "new").values(waiting=7, seconds=99.0))
        assert backlog.has_drifted(connection)
    with leadership.leading(house.database, house.lead) as connection:
        assert backlog.recount(connection) == 2
        backlog.forget_idle(connection)
    assert counted(house) == true(house) == {"old": (1, 2.5), "new": (1, 1.0)}
    with house.database.read() as connection:
        assert not backlog.has_drifted(connection)
        assert set(connection.scalars(select(submitters.c.name))) == {"old", "new"}
        assert backlog.waiting_of_all(connection) == backlog.Waiting(2, 3.5, 2)
        assert backlog.waiting_of(connection, "old") == backlog.Waiting(1, 2.5, 1)
        assert backlog.waiting_of(connection, "nobody") == backlog.Waiting(0, 0.0, 0)
    house.store.cancel(job_id)
    assert counted(house) == {"new": (1, 1.0)}


def test_a_recount_beside_moves_hurts_nothing(house: House) -> None:
    done = threading.Event()

    def recount() -> int:
        wrong = 0
        while not done.is_set():
            with leadership.leading(house.database, house.lead) as connection:
                wrong += backlog.recount(connection)
                backlog.forget_idle(connection)
        return wrong

    def move() -> None:
        try:
            for _ in range(30):
                job_id = house.submit(submitter="anna", cost=0.3)
                house.submit(submitter="ben", cost=0.7)
                put_back(house, job_id)
                house.store.cancel(job_id)
        finally:
            done.set()

    assert at_once(recount, move) == [0, None]
    assert counted(house) == true(house)


@pytest.mark.alone
def test_one_busy_submitter_is_hardly_slower_than_many(house: House) -> None:
    """Not a benchmark: it would notice a lock that is held for the whole of each transaction."""

    def seconds(name: Callable[[int], str]) -> float:
        def submit(number: int) -> list[str]:
            return [house.submit(submitter=name(number)) for _ in range(15)]

        begin = time.perf_counter()
        results = at_once(*[partial(submit, number) for number in range(12)])
        assert all(isinstance(result, list) for result in results), results
        return time.perf_counter() - begin

    seconds(str)
    measured = defaultdict[str, list[float]](list)
    for _ in range(3):
        measured["many"].append(seconds(str))
        measured["one"].append(seconds(lambda _: "one"))
    print({kind: [round(180 / took) for took in times] for kind, times in measured.items()})  # noqa: T201 - jobs per second, for whoever asks
    assert min(measured["one"]) < 2.0 * min(measured["many"]) + 0.2


def _outcome(call: Callable[[], Submitted]) -> Submitted | SubmitterFull:
    try:
        return call()
    except SubmitterFull as error:
        return error
