"""Keeps programs running: restarts the dead with back-off, passes on what they print, stops them in order.

One thread, one event loop: `tether.py` ties a child's life to the thread that started it, so that must be the main one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_TETHER = Path(__file__).with_name("tether.py")
FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
#: Seconds after which a program counts as healthy and its next restart starts from the first delay again.
SETTLED = 30.0

#: Takes the name of a program and one line that it printed.
Printer = Callable[[str, str], None]


@dataclass(frozen=True)
class Program:
    """What to run, and how long it may take to stop, in seconds."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_limit: float = 10.0


class Supervisor:
    """Keeps one program running, from `start()` to `stop()`."""

    def __init__(self, program: Program, printer: Printer) -> None:
        self.program = program
        self.restarts = 0
        self._print = printer
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The running process, None between two lives."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=self.program.name)

    async def stop(self) -> None:
        """Asks the program to end, and kills it once its limit is over."""
        self._stopping.set()
        if self._task is None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._task), self.program.stop_limit)
        except TimeoutError:
            self._print(self.program.name, f"has not stopped within {self.program.stop_limit:g} s; killed")
            self._signal(signal.SIGKILL)
            await self._task

    def kill(self) -> None:
        """Ends the program at once; `stop()` then returns."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _keep(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await self._live()
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= SETTLED:
                delay = FIRST_DELAY
            self._print(self.program.name, f"ended ({_describe(status)}); starts again in {delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(delay * 2, LONGEST_DELAY)
            self.restarts += 1

    async def _live(self) -> int:
        """One life of the program; its exit status."""
        try:
            process = self._spawn()
        except OSError as error:
            self._print(self.program.name, f"cannot be started: {error}")
            return 127
        self._process = process
        lines = asyncio.create_task(self._pump(process))
        await _exit_of(process)
        # What it left behind in its group (a helper, a child) must not meet its successor, nor hold the pipe open.
        # Until it is reaped, its number cannot mean another group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        self._process = None
        await lines
        return status

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *self.program.command]
        return subprocess.Popen(
            command,
            env={**os.environ, **self.program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches the supervisor alone, which then stops everything in order.
            process_group=0,
        )

    async def _pump(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise RuntimeError("the program was started without a pipe")
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        rest = b""
        try:
            # Not readline(): its limit makes an error of a long line.
            while chunk := await reader.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._print(self.program.name, line.decode(errors="replace"))
            if rest:
                self._print(self.program.name, rest.decode(errors="replace"))
        finally:
            transport.close()

    def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                # Only the program itself: it knows in which order its own children stop.
                process.send_signal(number)


async def _exit_of(process: subprocess.Popen[bytes]) -> None:
    """Returns once the process has ended; reaping is left to the caller."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    handle = os.pidfd_open(process.pid)
    try:
        loop.add_reader(handle, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _describe(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
