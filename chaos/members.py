"""One process of a deployment, kept running as `harmony up` keeps its programs; and the thread that keeps them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from harmony import tether
from harmony.processes import FIRST_DELAY, LONGEST_DELAY, SETTLED

ROOT = Path(__file__).parents[1]
_LOOK_SECONDS = 0.02
_START_PATIENCE = 30.0


class Member:
    """A process by name. `wanted` says whether the keeper should start it again when it has ended."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.command = tuple(command)
        self.env = dict(env)
        self.log_path = log
        self.wanted = False
        #: How often it was started.
        self.lives = 0
        #: The number that its process had in each life.
        self.pids: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._delay = FIRST_DELAY
        self._next_start = 0.0
        self._started = 0.0

    @property
    def pid(self) -> int | None:
        """The running process; None between two lives."""
        process = self._process
        return None if process is None else process.pid

    @property
    def running(self) -> bool:
        process = self._process
        return process is not None and not _ended(process)

    def family(self) -> list[psutil.Process]:
        """The process and all it started, itself first; empty between two lives."""
        pid = self.pid
        if pid is None:
            return []
        with suppress(psutil.NoSuchProcess):
            me = psutil.Process(pid)
            return [me, *me.children(recursive=True)]
        return []

    def child(self) -> int | None:
        """The pid of the first process that it started: of a slot, the one that runs steps."""
        family = self.family()
        return family[1].pid if len(family) > 1 else None

    def signal(self, how: signal.Signals, *, whole: bool = False) -> bool:
        """Sends a signal to the process, or to all of its family; whether somebody was there to get it."""
        family = self.family()
        for process in family if whole else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)
        return bool(family)

    def log(self) -> str:
        """What it has printed, from the beginning of its first life."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # -------------------------------------------------------------------------------------- the keeper's part

    def tend(self) -> None:
        """Reaps what has ended and starts what is wanted; called by one thread only."""
        now = time.monotonic()
        if self._process is not None and _ended(self._process):
            # What it left behind in its group must not meet its successor; until it is reaped its number is its own.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            if now - self._started >= SETTLED:
                self._delay = FIRST_DELAY
            self._next_start = now + self._delay
            self._delay = min(self._delay * 2, LONGEST_DELAY)
        if self._process is None and self.wanted and now >= self._next_start:
            self._spawn()
            self._started = now

    def at_once(self) -> None:
        """The next start does not wait: what was asked for by name is no crash loop."""
        self._delay, self._next_start = FIRST_DELAY, 0.0

    def _spawn(self) -> None:
        tied = [sys.executable, "-I", "-S", str(tether.__file__), str(os.getpid()), *self.command]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                tied, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        self.lives += 1
        self.pids.add(self._process.pid)


class Keeper:
    """One thread starts every member and stays until the end: the kernel ties a member's life to it."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def add(self, member: Member) -> None:
        with self._lock:
            self.members[member.name] = member

    def start(self, name: str) -> None:
        """Wants it running from now on; returns when its process exists."""
        member = self.members[name]
        member.at_once()
        member.wanted = True
        _until(lambda: member.running, f"{name} to start")

    def stop(self, name: str, patience: float = 10.0) -> None:
        """SIGTERM, and SIGKILL to all of it after `patience` seconds; it is not started again."""
        member = self.members[name]
        member.wanted = False
        member.signal(signal.SIGCONT, whole=True)
        member.signal(signal.SIGTERM)
        end = time.monotonic() + patience
        while member.pid is not None:
            if time.monotonic() > end:
                member.signal(signal.SIGKILL, whole=True)
            time.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """Kills every member and ends the thread; nothing here is worth a graceful end."""
        for member in self.members.values():
            member.wanted = False
            member.signal(signal.SIGKILL, whole=True)
        _until(lambda: all(member.pid is None for member in self.members.values()), "the members to end")
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            with self._lock:
                members = list(self.members.values())
            for member in members:
                member.tend()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, without reaping it."""
    if process.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _START_PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {_START_PATIENCE:g} s for {what}")
        time.sleep(_LOOK_SECONDS)
