"""What the kill matrix tries: each component at each of its places, with the work that leads it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import psutil

from chaos.bench import Accepted, Bench
from pipelines.failpoints import AFTER, BEFORE, Action, Commit, Place
from workers.steps.showing import GATHER_SECONDS

#: Slots of these queues run steps.
STEP_QUEUES = ("cpu", "io")


@dataclass(frozen=True)
class Trial:
    """`lead` arms the place (by the function it gets) and does what leads there; it may submit jobs."""

    component: str
    #: Whose folder the place is armed in: see Bench.folder.
    folder: str
    spot: str
    lead: Callable[[Bench, Callable[[], None]], None]
    action: Action = Action.KILL
    #: Whether a step is running or waiting whose recovery can be timed.
    timed: bool = True
    #: Whether who is frozen wakes while another has its step, rather than when all has ended.
    wakes_early: bool = False


def trials(kind: str) -> list[Trial]:
    """Every trial on a stack with this kind of database."""
    return [*_api(), *_children(), *_streaming(), *_parents(), *_dispatcher(), *_webhooks(), *_frozen(kind)]


# ------------------------------------------------------------------------------------------------- the components


def _api() -> Iterator[Trial]:
    yield Trial("api", "api", Place.INPUT_STORED, _recordings)
    for spot in _around(Commit.SUBMIT):
        yield Trial("api", "api", spot, _chains)
    for spot in _around(Commit.CANCEL):
        yield Trial("api", "api", spot, _cancelled, timed=False)
    for spot in _around(Commit.DELETE):
        yield Trial("api", "api", spot, _deleted, timed=False)


def _children() -> Iterator[Trial]:
    for queue in STEP_QUEUES:
        child = f"{queue} child"
        first = queue == "cpu"
        for spot in (
            *_around(Commit.CLAIM),
            Place.CHUNK,
            Place.OUTPUT_STORED,
            *_around(Commit.COMPLETE),
            Place.RETURNED,
            Place.CONTINUED,
        ):
            yield Trial(child, queue, spot, _chains if first else _recordings)
        for spot in _around(Commit.RENEW):
            yield Trial(child, queue, spot, partial(_long, stages=1 if first else 2))
        for spot in _around(Commit.FAIL):
            yield Trial(child, queue, spot, _failing if first else partial(_recordings, broken=True))
        for spot in _around(Commit.STOP):
            yield Trial(child, queue, spot, partial(_cancelled, step=1 if first else 2), timed=False)


def _streaming() -> Iterator[Trial]:
    """Somebody listens while it is made. Only steps that speak are listened to."""
    for spot in _around(Commit.CHUNKS):
        yield Trial("speaking child", "cpu", spot, _spoken)


def _parents() -> Iterator[Trial]:
    for queue in STEP_QUEUES:
        parent = f"{queue} parent"
        for spot in _around(Commit.BEAT):
            yield Trial(parent, queue, spot, _long)
        for spot in (Place.OVERSTAY, *_around(Commit.LOSE)):
            yield Trial(parent, queue, spot, partial(_overstaying, queue=queue))
        for spot in _around(Commit.HAND_BACK):
            yield Trial(parent, queue, spot, partial(_handed_back, queue=queue))


def _dispatcher() -> Iterator[Trial]:
    for spot in (*_around(Commit.KEEP_LEAD), *_around(Commit.PUBLISH), *_around(Commit.NUMBER), Place.SENT_ALL):
        yield Trial("dispatcher", "dispatcher", spot, _chains)
    yield Trial("dispatcher", "dispatcher", Place.SENT_ONE, _several_at_once)
    for spot in _around(Commit.LEAD):
        yield Trial("dispatcher", "dispatcher", spot, _leaderless)
    for spot in _around(Commit.REPUBLISH):
        yield Trial("dispatcher", "dispatcher", spot, _forgotten)
    for spot in _around(Commit.LOSE):
        yield Trial("dispatcher", "dispatcher", spot, _abandoned)
    for spot in _around(Commit.EXPIRE):
        yield Trial("dispatcher", "dispatcher", spot, _overdue, timed=False)
    for spot in _around(Commit.REMOVE_RESULTS):
        yield Trial("dispatcher", "dispatcher", spot, _old, timed=False)
    yield Trial("dispatcher", "dispatcher", Place.BYTES_REMOVED, _deleted, timed=False)


def _webhooks() -> Iterator[Trial]:
    # The last one's claims run out by themselves; the others need not take as long.
    for spot in (
        *_around(Commit.TAKE_WEBHOOKS),
        Place.WEBHOOK_SENDING,
        *_around(Commit.RECORD_WEBHOOK),
        Place.WEBHOOK_SENT,
    ):
        yield Trial("webhook child", "webhook", spot, _told, timed=False)


def _frozen(kind: str) -> Iterator[Trial]:
    """Frozen until others have taken over, then woken. Not inside a transaction on SQLite: that locks the file."""
    spots = [f"{Commit.CLAIM}{AFTER}", Place.CHUNK, f"{Commit.COMPLETE}{AFTER}", Place.RETURNED]
    if kind != "sqlite":
        spots.append(f"{Commit.COMPLETE}{BEFORE}")
    for queue in STEP_QUEUES:
        child = f"{queue} child"
        for spot in spots:
            yield Trial(child, queue, spot, _chains if queue == "cpu" else _recordings, Action.FREEZE)
        # Its result comes while another has the step: only the fencing number tells the two apart.
        lead = partial(_unshown, stages=1 if queue == "cpu" else 2)
        yield Trial(child, queue, Place.OUTPUT_STORED, lead, Action.FREEZE, wakes_early=True)
    yield Trial("dispatcher", "dispatcher", f"{Commit.PUBLISH}{AFTER}", _chains, Action.FREEZE)
    yield Trial("dispatcher", "dispatcher", Place.SENT_ALL, _chains, Action.FREEZE)


def _around(commit: Commit) -> tuple[str, str]:
    return f"{commit}{BEFORE}", f"{commit}{AFTER}"


# ------------------------------------------------------------------------------------------------ what leads there


def _chains(bench: Bench, arm: Callable[[], None]) -> None:
    """Three jobs that walk both queues."""
    arm()
    for _ in range(3):
        bench.tone(stages=3, delay_ms=50)


def _told(bench: Bench, arm: Callable[[], None]) -> None:
    """Jobs whose end is told, after whatever an earlier sender still held."""
    bench.let_webhook_claims_pass()
    _chains(bench, arm)


def _recordings(bench: Bench, arm: Callable[[], None], *, broken: bool = False) -> None:
    """Recordings that come with the request and are decoded on `io`."""
    arm()
    for _ in range(2):
        bench.recording(broken=broken)


def _long(bench: Bench, arm: Callable[[], None], *, stages: int = 2) -> None:
    """Steps that outlast a heartbeat."""
    arm()
    bench.tone(stages=stages, delay_ms=2700)


def _unshown(bench: Bench, arm: Callable[[], None], *, stages: int) -> None:
    """Steps that are seen to run, and of which nothing is shown while they do: whoever repeats one takes as long."""
    arm()
    bench.tone(stages=stages, delay_ms=int(0.6 * GATHER_SECONDS * 1000))


def _spoken(bench: Bench, arm: Callable[[], None]) -> None:
    """A job that somebody begins to listen to while it is made; its slot hears of that by its next heartbeat."""
    job = bench.tone(delay_ms=4000)
    arm()
    bench.listen(job)


def _failing(bench: Bench, arm: Callable[[], None]) -> None:
    arm()
    bench.tone(fail="permanent", status="failed")


def _cancelled(bench: Bench, arm: Callable[[], None], *, step: int = 1) -> None:
    """A job that is cancelled while its step number `step` runs."""
    job = bench.tone(stages=2, delay_ms=60_000 if step == 1 else 4000, status="cancelled")
    bench.happens(job, "step.started", step)
    arm()
    bench.cancel(job)


def _overstaying(bench: Bench, arm: Callable[[], None], *, queue: str) -> None:
    """A child that hangs, frozen in the middle of its step, and whose time is up."""
    bench.arm(queue, Place.CHUNK, Action.FREEZE)
    job = bench.tone(stages=2, delay_ms=300)
    bench.frozen.append(bench.hit(queue, Place.CHUNK).pid)
    arm()
    bench.let_limit_pass(job)


def _handed_back(bench: Bench, arm: Callable[[], None], *, queue: str) -> None:
    """A slot that is told to end while its child hangs."""
    bench.arm(queue, Place.CHUNK, Action.FREEZE)
    bench.tone(stages=2, delay_ms=300)
    frozen = bench.hit(queue, Place.CHUNK).pid
    bench.frozen.append(frozen)
    arm()
    parent = psutil.Process(frozen).parent()
    assert parent is not None  # noqa: S101 - a child that is stopped has its parent
    parent.terminate()


def _deleted(bench: Bench, arm: Callable[[], None]) -> None:
    """A finished job that its client deletes."""
    job = bench.tone(stages=2)
    bench.happens(job, "job.succeeded")
    arm()
    bench.delete(job)


def _old(bench: Bench, arm: Callable[[], None]) -> None:
    """A finished job whose results need not be kept any longer."""
    job = bench.recording()
    bench.happens(job, "job.succeeded")
    arm()
    bench.remove_results(job)


def _overdue(bench: Bench, arm: Callable[[], None]) -> None:
    """A job whose deadline passes behind busy slots: of one that runs, its slot may see it first."""
    _keep_busy(bench, 12_000)
    arm()
    bench.tone(deadline=6.0, status="expired")


def _several_at_once(bench: Bench, arm: Callable[[], None]) -> None:
    """Jobs that come while the leader is held up for a moment, so that its next turn sends them all."""
    leader = _leader(bench)
    bench.stack.freeze(leader)
    _chains(bench, arm)
    bench.stack.thaw(leader)


def _leaderless(bench: Bench, arm: Callable[[], None]) -> None:
    """The leader is killed, so that the other takes the lead."""
    leader = _leader(bench)
    arm()
    bench.stack.kill(leader)
    bench.tone(stages=2)


def _forgotten(bench: Bench, arm: Callable[[], None]) -> None:
    """Messages that wait behind busy slots, and that the broker forgets."""
    _keep_busy(bench, 8000)
    waiting = bench.tone(stages=2)
    bench.until(lambda: _published(bench, waiting), "a publication")
    arm()
    bench.stack.broker.flushall()


def _keep_busy(bench: Bench, delay_ms: int) -> None:
    """All slots of the first queue, each with a step that takes so long."""
    busy: list[Accepted] = [bench.tone(delay_ms=delay_ms) for _ in range(bench.stack.slots["cpu"])]
    for job in busy:
        bench.happens(job, "step.started")


def _abandoned(bench: Bench, arm: Callable[[], None]) -> None:
    """A child that hangs without renewing its lease."""
    bench.arm("cpu", Place.CHUNK, Action.FREEZE)
    job = bench.tone(stages=2, delay_ms=50)
    bench.frozen.append(bench.hit("cpu", Place.CHUNK).pid)
    arm()
    bench.let_lease_pass(job)


def _leader(bench: Bench) -> str:
    name = bench.until(bench.stack.leader, "a leader")
    assert name is not None  # noqa: S101 - until() gives only what is true
    return name


def _published(bench: Bench, job: Accepted) -> bool:
    found = bench.stack.reader.get(job.id)
    return found is not None and found.job.publication > 0
