"""One run: a deployment under load and blows for a while, then at rest, then held against the promises."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from chaos.checker import Violation, check
from chaos.evidence import Evidence, gather
from chaos.ladder import let_time_pass
from chaos.load import SSE_HEARTBEAT, Load
from chaos.nemesis import Nemesis
from chaos.receiver import DEFAULT_SECRET, Receiver
from chaos.recovery import Recovery, recoveries
from chaos.schedule import schedule
from chaos.stacks import Kind, Stack, one_machine, production
from chaos.work import asks
from pipelines.errors import HarmonyError
from pipelines.jobs import Phase
from storage.tables import events, jobs
from storage.tables_webhooks import is_pending, webhook_deliveries

_REST_SECONDS = 60.0
_LOOK_SECONDS = 0.5
_DISK_MB = 64


@dataclass
class Outcome:
    """What a run came to."""

    kind: Kind
    seconds: float
    seen: Evidence
    violations: list[Violation]
    recovery: list[Recovery]
    #: What the harness itself could not do; such a run proves nothing.
    errors: list[str]
    #: Cells that could not be tried, and why.
    untried: dict[str, str]
    rest_seconds: float
    lives: dict[str, int]
    logs: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.violations and not self.errors


def run(
    kind: Kind, folder: Path, seed: int, seconds: float, *, rate: float, tell: Callable[[str], None], only: str = ""
) -> Outcome:
    """Starts the deployment in `folder`, runs it under blows for `seconds`, and looks at what is left."""
    with Receiver(seed) as receiver, _deployment(kind, folder, receiver) as stack:
        tell(f"{kind}: ready, {seconds:g} s begin")
        load = Load(stack.address, asks(seed, kind, receiver), rate)
        disk = stack.disk is not None and stack.disk.why_not is None
        nemesis = Nemesis(stack, schedule(seed, seconds, kind, disk=disk, only=only), seconds, seed, tell)
        began = time.monotonic()
        try:
            load.start()
            nemesis.run()
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            load.stop()
            receiver.behave()
            calm = time.monotonic()
            tell(f"{kind}: {len(load.asked)} jobs asked, {len(nemesis.blows)} blows; waiting for rest")
            too_late = _wait_for_rest(stack, load)
            rest = time.monotonic() - calm
        finally:
            nemesis.stop()
            load.close()
        tell(
            f"{kind}: at rest after {rest:.0f} s" if rest < _REST_SECONDS else f"{kind}: not at rest after {rest:.0f} s"
        )
        seen = gather(stack, load, receiver, nemesis.blows)
        violations = [*too_late, *check(seen)]
        tell(f"{kind}: {len(violations)} violations, {len(nemesis.errors)} errors of the harness")
        return Outcome(
            kind,
            seconds,
            seen,
            violations,
            recoveries(seen),
            nemesis.errors,
            _untried(stack),
            rest,
            {name: member.lives for name, member in stack.members.items()},
            {name: member.log() for name, member in stack.members.items()},
        )


@contextmanager
def _deployment(kind: Kind, folder: Path, receiver: Receiver) -> Iterator[Stack]:
    env = {
        "HARMONY_EGRESS_ALLOW": receiver.address,
        "HARMONY_WEBHOOK_SECRET": DEFAULT_SECRET,
        "HARMONY_SSE_HEARTBEAT_SECONDS": str(SSE_HEARTBEAT),
    }
    if kind == "sqlite":
        with one_machine(folder, env=env, disk_mb=_DISK_MB) as stack:
            yield stack
    else:
        with production(folder, env=env, appendonly=False) as stack:
            yield stack


def _untried(stack: Stack) -> dict[str, str]:
    if stack.disk is not None and stack.disk.why_not is not None:
        return {"artifact disk / fill": stack.disk.why_not}
    return {}


def _wait_for_rest(stack: Stack, load: Load) -> list[Violation]:
    """Until nothing is under way any more, or nothing has moved for so long that what is left is stuck.

    Gives the webhooks that would have waited for longer than their ladder allows.
    """
    last, left = time.monotonic() + _REST_SECONDS, (-1, -1)
    too_late: list[Violation] = []
    while time.monotonic() < last:
        with suppress(HarmonyError):
            too_late += let_time_pass(stack.database)
            now = (_under_way(stack), load.unsettled())
            if now == (0, 0):
                break
            if now != left:
                last, left = time.monotonic() + _REST_SECONDS, now
        time.sleep(_LOOK_SECONDS)
    return too_late


def _under_way(stack: Stack) -> int:
    """Jobs that have not ended, messages not delivered, events without a position."""
    under_way = (
        select(func.count()).select_from(jobs).where(jobs.c.phase != Phase.ENDED),
        select(func.count()).select_from(webhook_deliveries).where(is_pending),
        select(func.count()).select_from(events).where(events.c.position.is_(None)),
    )
    with stack.database.read() as connection:
        return sum(connection.scalar(query) or 0 for query in under_way)
