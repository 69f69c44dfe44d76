"""Carries out a schedule: kills, freezes, restarts, fills, meddles; notes what each blow hit and when it was over."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
from sqlalchemy import Row, select

from chaos.messages import Meddler
from chaos.schedule import FREEZE, RESTART, STORM, Planned
from chaos.stacks import DISPATCHERS, Stack
from pipelines.errors import HarmonyError
from pipelines.jobs import Phase
from storage.tables import events, is_in_flight, jobs
from tests.services.process import Service

#: A step that was lost this often is spared: once more, and the service would rightly take it for a poison one.
_LOST_ENOUGH = 2
_BACK_SECONDS = 60.0
_STORM_SECONDS = 180.0
_MESSAGES = 6
_PATIENCE = 1.0
_WORK_SECONDS = 15.0
_LOOK_SECONDS = 0.05
#: Members whose names begin so run steps.
_WORKING = ("cpu-", "io-")

Step = tuple[str, int]


@dataclass
class Blow:
    """One thing done. Times are seconds since the epoch; `ready_at` is when its component was itself again."""

    planned: Planned
    at: float = 0.0
    ready_at: float = 0.0
    #: The steps that were claimed or (of a broker or a message) on their way, and so have to run again.
    hit: list[Step] = field(default_factory=list)
    #: Why nothing was done; empty if it was.
    spared: str = ""
    touched: int = 0
    #: Processes that got SIGKILL; what ends with them because it is tied to them is not counted.
    killed: int = 0

    @property
    def component(self) -> str:
        return self.planned.sort.component

    @property
    def what(self) -> str:
        return self.planned.sort.what

    def __str__(self) -> str:
        outcome = self.spared or f"hit {len(self.hit)}, ready after {self.ready_at - self.at:.1f} s"
        return f"{self.planned}: {outcome}"


class Nemesis:
    """Runs the schedule against a stack, each blow in a thread of its own."""

    def __init__(
        self, stack: Stack, schedule: Sequence[Planned], seconds: float, seed: int, tell: Callable[[str], None]
    ) -> None:
        self.blows: list[Blow] = []
        #: Errors of the harness itself: a run that has any proves nothing.
        self.errors: list[str] = []
        self._stack, self._schedule, self._seconds, self._seed, self._tell = stack, schedule, seconds, seed, tell
        self._stop = threading.Event()
        self._services = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._last = 0.0

    def run(self) -> None:
        """Returns when the schedule is done and everything runs again."""
        began = time.monotonic()
        late = 0.0
        for planned in self._schedule:
            if self._stop.wait(max(0.0, began + late + planned.at - time.monotonic())):
                break
            if not planned.blind:
                late += self._wait_for_work()
            if time.monotonic() - began > self._seconds:
                self.blows.append(Blow(planned, time.time(), time.time(), spared="the time was over"))
                continue
            thread = threading.Thread(target=self._strike, args=(planned,), name=planned.sort.name, daemon=True)
            thread.start()
            self._threads.append(thread)
            if planned.sort is STORM:
                # Whatever comes next finds everything running again, however slow the machine is: all moves back.
                thread.join()
                late = max(late, time.monotonic() - began - planned.until)
        self._join()
        self.restore()

    def _wait_for_work(self) -> float:
        """Until a step was claimed after the last blow; the seconds that took. On a slow machine work keeps up so."""
        began, since = time.monotonic(), self._last
        newest = select(events.c.at).where(events.c.type == "step.started").order_by(events.c.id.desc()).limit(1)

        def worked() -> bool:
            with suppress(HarmonyError), self._stack.database.read() as connection:
                return (connection.scalar(newest) or 0.0) > since
            return False

        self._until(worked, _WORK_SECONDS)
        return time.monotonic() - began

    def restore(self) -> None:
        """Wakes, starts and frees everything."""
        if self._stack.disk is not None:
            self._stack.disk.free()
        for name, service in self._stack.services.items():
            if service.running:
                _signal_all(service, signal.SIGCONT)
            else:
                self._tell(f"{name} is started again")
                service.start()
        for name, member in self._stack.members.items():
            member.signal(signal.SIGCONT, whole=True)
            if not member.wanted:
                self._stack.start(name)

    def stop(self) -> None:
        """Begins no more blows, cuts those under way short, and waits for them: none may start a server later on."""
        self._stop.set()
        self._join()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    # ---------------------------------------------------------------------------------------------------- blows

    def _strike(self, planned: Planned) -> None:
        blow = Blow(planned)
        self._last = time.time()
        try:
            self._do(blow)
        except Exception as error:  # noqa: BLE001 - reported: an error of the harness fails the run
            self.errors.append(f"{planned}: {type(error).__name__}: {error}")
            self._tell(f"FAILED {self.errors[-1]}")
        blow.at = blow.at or time.time()
        blow.ready_at = blow.ready_at or time.time()
        if blow.spared:
            blow.hit, blow.touched = [], 0
        self.blows.append(blow)
        self._tell(str(blow))

    def _do(self, blow: Blow) -> None:
        target, what = blow.planned.target, blow.what
        if blow.planned.sort is STORM:
            self._storm(blow)
        elif target == "messages":
            self._meddle(blow)
        elif target == "disk":
            self._fill(blow)
        elif target in self._stack.services:
            self._strike_service(blow, self._stack.services[target])
        elif (name := self._member(target)) is None:
            blow.spared = "nobody leads now"
        elif what == FREEZE:
            self._freeze(blow, name)
        elif what == RESTART:
            self._restart(blow, name)
        else:
            self._kill(blow, name)

    def _member(self, target: str) -> str | None:
        """The member's name; who leads is known only now."""
        leader = None
        if target not in {"leader", "standby"}:
            return target
        with suppress(HarmonyError):
            leader = self._stack.leader()
        if target == "leader" or leader is None:
            return leader
        return next(name for name in DISPATCHERS if name != leader)

    def _begin(self, blow: Blow, *slots: str) -> bool:
        """Notes what the slots hold; False if one of their steps is to be spared."""
        held = self._held(*slots)
        end = time.monotonic() + _PATIENCE
        # A slot that stands idle has little to lose: give it a moment to take something.
        while (
            not held and slots[0].startswith(_WORKING) and time.monotonic() < end and not self._stop.wait(_LOOK_SECONDS)
        ):
            held = self._held(*slots)
        if any(row.charged.get("lost", 0) >= _LOST_ENOUGH for row in held):
            blow.spared = "a step was lost twice already"
            return False
        blow.hit = [(row.id, row.step_index) for row in held]
        blow.at = time.time()
        return True

    def _held(self, *slots: str) -> list[Row[Any]]:
        return [row for row in self._in_flight() if row.slot in slots and row.phase == Phase.CLAIMED]

    def _in_flight(self) -> Sequence[Row[Any]]:
        columns = (jobs.c.id, jobs.c.step_index, jobs.c.slot, jobs.c.phase, jobs.c.charged, jobs.c.publication)
        try:
            with self._stack.database.read() as connection:
                return list[Row[Any]](connection.execute(select(*columns).where(is_in_flight)))
        except HarmonyError:
            # The database is away: what is hit now is found by its attempts.
            return []

    def _kill(self, blow: Blow, name: str) -> None:
        member = self._stack.members[name]
        if not self._begin(blow, name):
            return
        leader = name in DISPATCHERS and blow.planned.target == "leader"
        before = self._leader_pid() if leader else None
        pid = member.pid
        there = self._stack.kill_child(name) if "child" in blow.component else self._stack.kill(name)
        blow.killed += there
        if not there or pid is None:
            blow.spared = "it was not running"
        elif leader:
            self._back(blow, lambda: self._leader_pid() not in {None, before})
        elif name == "api":
            self._back(blow, lambda: member.pid not in {None, pid} and self._api_answers())
        if blow.hit:
            blow.ready_at = blow.at

    def _freeze(self, blow: Blow, name: str) -> None:
        member = self._stack.members[name]
        child = member.child() if "child" in blow.component else None
        leader = name in DISPATCHERS
        before = self._leader_pid() if leader else None
        if not self._begin(blow, name):
            return
        if child is not None:
            self._freeze_one(child)
        elif "child" in blow.component or not self._stack.freeze(name):
            blow.spared = "it was not running"
            return
        blow.at = time.time()
        end = time.monotonic() + blow.planned.hold
        if leader:
            self._until(lambda: self._leader_pid() not in {None, before}, blow.planned.hold)
        blow.ready_at = time.time()
        if blow.hit:
            # It wakes while another has its step, where writing late would do most harm.
            self._until(lambda: self._another_has(blow, name), max(0.0, end - time.monotonic()))
        else:
            self._stop.wait(max(0.0, end - time.monotonic()))
        if child is None:
            self._stack.thaw(name)
        else:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)
        if name == "api":
            blow.ready_at = time.time()

    def _another_has(self, blow: Blow, name: str) -> bool:
        jobs_hit = {job_id for job_id, _ in blow.hit}
        return any(row.id in jobs_hit and row.phase == Phase.CLAIMED and row.slot != name for row in self._in_flight())

    def _freeze_one(self, pid: int) -> None:
        with suppress(ProcessLookupError), self._stack.writes_held():
            os.kill(pid, signal.SIGSTOP)

    def _restart(self, blow: Blow, name: str) -> None:
        """SIGTERM; the keeper starts it again when it has ended."""
        member, pid = self._stack.members[name], self._stack.members[name].pid
        if not self._begin(blow, name):
            return
        if not member.signal(signal.SIGTERM) or pid is None:
            blow.spared = "it was not running"
            return
        self._back(blow, lambda: member.pid not in {None, pid})

    def _strike_service(self, blow: Blow, service: Service) -> None:
        with self._services:
            if not service.running:
                blow.spared = "it was not running"
                return
            under_way = self._in_flight()
            blow.touched = len(under_way)
            if blow.planned.target == "broker":
                blow.hit = [(row.id, row.step_index) for row in under_way if row.phase == Phase.PUBLISHED]
            blow.at = time.time()
            if blow.what == FREEZE:
                _signal_all(service, signal.SIGSTOP)
                self._stop.wait(blow.planned.hold)
                _signal_all(service, signal.SIGCONT)
            else:
                blow.killed += _kill_all(service)
                self._stop.wait(blow.planned.hold)
                service.start()
            blow.ready_at = time.time()

    def _storm(self, blow: Blow) -> None:
        """Everything dies at one moment, and the services come back a little later."""
        if not self._begin(blow, *self._stack.members):
            return
        with self._services:
            services = [service for name, service in self._stack.services.items() if name != "store"]
            for name in self._stack.members:
                blow.killed += self._stack.kill(name)
            for service in services:
                blow.killed += _kill_all(service)
            self._stop.wait(blow.planned.hold)
            for service in services:
                service.start()
        self._back(blow, self._stack.ready, _STORM_SECONDS)

    def _fill(self, blow: Blow) -> None:
        disk = self._stack.disk
        if disk is None or disk.why_not is not None:
            blow.spared = "there is no disk that may be filled"
            return
        blow.at = time.time()
        disk.fill()
        self._stop.wait(blow.planned.hold)
        disk.free()
        blow.ready_at = time.time()

    def _meddle(self, blow: Blow) -> None:
        meddler = Meddler(self._stack.broker, random.Random(f"{self._seed} {blow.planned.at}"))
        blow.at = time.time()
        done = meddler.meddle(blow.what, blow.planned.hold, _MESSAGES, self._stop)
        blow.touched = done.touched
        # Only of a step that waits for this very message can it be said that it was hit.
        waiting = {
            (row.id, row.step_index, row.publication) for row in self._in_flight() if row.phase == Phase.PUBLISHED
        }
        blow.hit = [
            (job_id, index) for job_id, index, publication in done.taken if (job_id, index, publication) in waiting
        ]
        if not done.touched:
            blow.spared = "no message came by"

    # ------------------------------------------------------------------------------------------------- looking

    def _leader_pid(self) -> str | None:
        """The pid that leads by the rows; None while the database is away."""
        with suppress(HarmonyError):
            seen = self._stack.reader.dispatcher()
            return None if seen is None or not seen.owner else str(seen.owner).split(":")[1]
        return None

    def _api_answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self._stack.address}/livez", timeout=2).is_success
        return False

    def _back(self, blow: Blow, true: Callable[[], bool], seconds: float = _BACK_SECONDS) -> None:
        """Waits until the component is itself again; one that never is makes an error, and no recovery look short."""
        if not self._until(true, seconds) and not self._stop.is_set():
            self.errors.append(f"{blow.planned}: {blow.component} was not itself again after {seconds:g} s")
            self._tell(f"FAILED {self.errors[-1]}")

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether it became so in time."""
        end = time.monotonic() + seconds
        while not (so := true()) and time.monotonic() < end and not self._stop.wait(_LOOK_SECONDS):
            pass
        return so


def _kill_all(service: Service) -> int:
    """At once, so that no orphan of the old server meets the new one; how many processes."""
    count = _signal_all(service, signal.SIGKILL)
    service.kill()
    return count


def _signal_all(service: Service, how: signal.Signals) -> int:
    """To the server and all that it started: PostgreSQL is a family of processes."""
    count = 0
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(service.pid)
        for process in [server, *server.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)
                count += 1
    return count
