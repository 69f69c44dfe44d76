"""The kill matrix: every trial, one after another, on a running stack; a cell for each.

A trial arms a place, submits work that leads there, waits for the blow, sees that everything comes back, and looks at
every row, result and webhook of its jobs.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

import psutil
from sqlalchemy import func, select

from chaos.audit import Auditor, Findings
from chaos.bench import Accepted, Bench, bench, component_of
from chaos.cells import Cell
from chaos.stacks import Kind, Stack, one_machine, production, scratch
from chaos.trials import Trial, trials
from pipelines.failpoints import Action, Fired, Place
from pipelines.jobs import Phase
from storage.claims import Held
from storage.tables import is_claimed, jobs

#: A job that has not ended by then is stuck.
END_SECONDS = 60.0
_GONE = frozenset({None, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})
#: A webhook that was claimed by a sender who died is sent again after its claim has run out.
WEBHOOK_SECONDS = 60.0


def shuffled(kind: Kind, seed: int) -> list[Trial]:
    """Everything there is to try, in the order that the seed says."""
    listed = trials(kind)
    random.Random(f"{seed} {kind} places").shuffle(listed)
    return listed


def run_on(
    kind: Kind,
    chosen: Sequence[Trial] | None = None,
    tell: Callable[[Cell], None] = lambda _: None,
    seconds: float | None = None,
) -> list[Cell]:
    """The same on a deployment of its own."""
    make = one_machine if kind == "sqlite" else production
    with scratch() as folder, make(folder, start=False) as stack:
        return run_matrix(stack, chosen, tell, seconds)


def run_matrix(
    stack: Stack,
    chosen: Sequence[Trial] | None = None,
    tell: Callable[[Cell], None] = lambda _: None,
    seconds: float | None = None,
) -> list[Cell]:
    """Tries `chosen`, by default everything there is for the stack; (re)starts the stack's members itself.

    After `seconds` from when the stack is ready no other is begun: those left are `skipped`. `tell` hears of each cell
    at once; what is found missing of its webhooks at the end is only in the list.
    """
    with bench(stack) as made:
        auditor = Auditor(made)
        auditor.run_control()
        end = None if seconds is None else time.monotonic() + seconds
        tried = []
        for trial in chosen if chosen is not None else trials(stack.kind):
            before = len(made.accepted)
            over = end is not None and time.monotonic() > end
            cell = skipped(stack.kind, trial) if over else _try(made, auditor, trial)
            tell(cell)
            tried.append((cell, made.accepted[before:]))
        with suppress(TimeoutError):
            made.until(lambda: not auditor.untold(made.accepted), "webhooks", WEBHOOK_SECONDS)
        return [_with_webhooks(cell, auditor.untold(accepted)) for cell, accepted in tried]


def skipped(kind: Kind, trial: Trial) -> Cell:
    """The cell of a trial for which there was no time."""
    return Cell(trial.component, trial.spot, trial.action, kind, 0, skipped=True)


def _with_webhooks(cell: Cell, untold: Sequence[str]) -> Cell:
    return replace(cell, untold=len(untold), wrong=(*cell.wrong, *untold)) if untold else cell


def _try(made: Bench, auditor: Auditor, trial: Trial) -> Cell:
    before, taken = len(made.accepted), _taken(made)
    invalid = len(made.receiver.invalid)
    wrong: list[str] = []
    recovery: tuple[float, ...] = ()
    hit, found = False, Findings()
    with _noted(wrong):
        blow = _hit(made, trial)
        wrong.extend(_not_meant(made, trial, blow))
        hit = not wrong
        _let_it_end(made, trial, blow, made.accepted[before:])
        recovery = _recovery(made, blow, made.accepted[before:]) if trial.timed else ()
    with _noted(wrong):
        made.disarm(trial.folder, trial.spot)
        _wake(made, taken)
    # What it left undone is not awaited by the next one.
    made.awaited.clear()
    with _noted(wrong):
        found = auditor.look(made.accepted[before:])
    wrong.extend(f"a signature did not verify: {said}" for said in made.receiver.invalid[invalid:])
    return Cell(
        trial.component,
        trial.spot,
        trial.action,
        made.stack.kind,
        int(hit),
        found.lost,
        found.duplicated,
        found.stuck,
        recovery,
        (*wrong, *found.wrong),
    )


@contextmanager
def _noted(wrong: list[str]) -> Iterator[None]:
    """Whatever goes wrong makes the cell a bad one, and the next is tried."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - reported: a cell with anything wrong fails the run
        wrong.append(f"{type(error).__name__}: {error}")


def _not_meant(made: Bench, trial: Trial, hit: Fired) -> list[str]:
    """What is wrong with who was hit: parent and children of a slot look into the same folder."""
    members = (member for name, member in made.stack.members.items() if component_of(name) == trial.folder)
    is_member = any(hit.pid in member.pids for member in members)
    if is_member != trial.component.endswith(" child"):
        return []
    return [f"it hit the process {hit.pid}, which is no {trial.component}"]


def _hit(made: Bench, trial: Trial) -> Fired:
    """Leads there, and waits until the blow has fallen."""
    trial.lead(made, lambda: made.arm(trial.folder, trial.spot, trial.action))
    hit = made.hit(trial.folder, trial.spot)
    frozen = trial.action is Action.FREEZE
    if frozen:
        made.frozen.append(hit.pid)
    struck = {psutil.STATUS_STOPPED} if frozen else _GONE
    made.until(lambda: _state(hit.pid) in struck, f"the process at {trial.spot}")
    return hit


def _state(pid: int) -> str | None:
    try:
        return psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return None


def _let_it_end(made: Bench, trial: Trial, hit: Fired, accepted: Sequence[Accepted]) -> None:
    """Waits for the end of all its jobs, while who was frozen is."""
    for name, member in made.stack.members.items():
        if not member.running:
            made.stack.start(name)
    if trial.action is Action.FREEZE and trial.spot != Place.CHUNK:
        # The first of them waits for the lease itself; the others need not take as long.
        for job in _held_by(made, hit.pid, accepted):
            made.let_lease_pass(job)
    if trial.wakes_early:
        made.until(lambda: _held_by_others(made, hit.pid, accepted), "another slot to have the step")
        os.kill(hit.pid, signal.SIGCONT)
    made.until(lambda: _left(made, accepted) == 0, "the jobs to end", END_SECONDS)
    awaited, made.awaited = made.awaited, []
    made.until(lambda: all(done() for done in awaited), "what else it brought about")


def _wake(made: Bench, taken: int) -> None:
    """Whoever was frozen goes on, too late, and must be done with it before the next place is armed.

    `taken`: messages that nobody had acknowledged before; those of slots that were killed stay so for hours.
    """
    woken, made.frozen = made.frozen, []
    for pid in woken:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    if woken:
        made.until(lambda: {*map(_state, woken)} <= _GONE or _taken(made) <= taken, "those who woke to be done")


def _taken(made: Bench) -> int:
    return made.stack.broker.hlen("unacked")


def _held_by(made: Bench, pid: int, accepted: Sequence[Accepted]) -> list[Accepted]:
    holders = _holders(made)
    return [job for job in accepted if holders.get(job.id) == pid]


def _held_by_others(made: Bench, pid: int, accepted: Sequence[Accepted]) -> bool:
    holders = _holders(made)
    return all(holders.get(job.id, pid) != pid for job in accepted)


def _holders(made: Bench) -> dict[str, int]:
    """The process that holds each claimed step, by job."""
    query = select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner).where(is_claimed)
    with made.stack.database.read() as connection:
        return {row.id: Held(*row).pid for row in connection.execute(query)}


def _left(made: Bench, accepted: Sequence[Accepted]) -> int:
    query = select(func.count()).select_from(jobs).where(jobs.c.id.in_([job.id for job in accepted]))
    with made.stack.database.read() as connection:
        return connection.scalar(query.where(jobs.c.phase != Phase.ENDED)) or 0


def _recovery(made: Bench, hit: Fired, accepted: Sequence[Accepted]) -> tuple[float, ...]:
    """Seconds from the blow until the last of the jobs went on: its next step began, or it ended."""
    waited = []
    for job in accepted:
        moved = [
            event.at - hit.at
            for event in made.stack.reader.events(job.id, 0)
            if event.at > hit.at and event.type in _GOES_ON
        ]
        waited.extend(moved[:1])
    return (max(waited),) if waited else ()


_GOES_ON = frozenset({"step.started", "job.succeeded", "job.failed", "job.cancelled", "job.expired"})
