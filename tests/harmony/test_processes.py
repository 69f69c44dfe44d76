"""Real small programs: the supervisor is tested by killing them, and by being killed."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harmony.processes import Program, Supervisor

#: Says its number, then stays until it is told to go.
STAYS = "import os, signal; print('pid', os.getpid(), flush=True); signal.pause()"
#: The same, deaf to SIGTERM.
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + STAYS


class Lines:
    """Collects what is printed, and lets a test await a line."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        self.seen.append((name, line))
        self._changed.set()

    async def matching(self, wanted: Callable[[str], bool], count: int = 1) -> list[str]:
        while len(found := [line for _, line in self.seen if wanted(line)]) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 20)
        return found

    async def pids(self, count: int) -> list[int]:
        return [int(line.split()[1]) for line in await self.matching(lambda line: line.startswith("pid "), count)]


def program(code: str, *, stop_limit: float = 10.0, env: dict[str, str] | None = None) -> Program:
    return Program("small", [sys.executable, "-c", code], env or {}, stop_limit)


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead but not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while alive(pid) and time.monotonic() < deadline:
        os.sched_yield()
    return not alive(pid)


def test_a_killed_program_comes_back_and_stops_when_asked() -> None:
    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(program(STAYS), lines)
        supervisor.start()
        (first,) = await lines.pids(1)
        assert supervisor.pid == first
        os.kill(first, signal.SIGKILL)
        _, second = await lines.pids(2)
        assert first != second
        assert any("SIGKILL" in line and "0.2 s" in line for _, line in lines.seen)
        await supervisor.stop()
        assert not alive(second)
        assert supervisor.restarts == 1

    asyncio.run(scenario())


def test_restarts_back_off() -> None:
    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(program("raise SystemExit(3)"), lines)
        supervisor.start()
        ends = await lines.matching(lambda line: line.startswith("ended"), 3)
        assert ends == [f"ended (status 3); starts again in {delay} s" for delay in ("0.2", "0.4", "0.8")]
        await supervisor.stop()

    asyncio.run(scenario())


def test_a_program_that_does_not_exist_is_said_and_tried_again() -> None:
    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(Program("small", ["/nowhere/program"]), lines)
        supervisor.start()
        await lines.matching(lambda line: line.startswith("ended"), 2)
        assert any("/nowhere/program" in line or "No such file" in line for _, line in lines.seen)
        await supervisor.stop()

    asyncio.run(scenario())


def test_a_program_deaf_to_sigterm_is_killed_at_its_limit() -> None:
    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(program(DEAF, stop_limit=0.3), lines)
        supervisor.start()
        (pid,) = await lines.pids(1)
        await supervisor.stop()
        assert not alive(pid)
        assert ("small", "has not stopped within 0.3 s; killed") in lines.seen

    asyncio.run(scenario())


def test_what_a_dead_program_left_behind_is_ended_too() -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STAYS!r}]).wait()"

    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(program(code), lines)
        supervisor.start()
        (grandchild,) = await lines.pids(1)
        assert supervisor.pid is not None
        os.kill(supervisor.pid, signal.SIGKILL)
        await lines.pids(2)
        assert not alive(grandchild)
        await supervisor.stop()

    asyncio.run(scenario())


def test_long_lines_and_last_lines_without_an_end_arrive_whole() -> None:
    async def scenario() -> None:
        lines = Lines()
        supervisor = Supervisor(
            program("import os; print(os.environ['LETTER'] * 200_000); print('end', end='')", env={"LETTER": "x"}),
            lines,
        )
        supervisor.start()
        await lines.matching(lambda line: line == "end")
        assert ("small", "x" * 200_000) in lines.seen
        await supervisor.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_death_of_the_supervisor_takes_the_children_along(number: signal.Signals) -> None:
    script = textwrap.dedent(f"""
        import asyncio, sys
        from harmony.processes import Program, Supervisor

        async def main():
            program = Program("small", [sys.executable, "-c", {DEAF!r}])
            supervisor = Supervisor(program, lambda _, line: print(line, flush=True))
            supervisor.start()
            await asyncio.Event().wait()

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline().split()[1])
        assert alive(pid)
        supervisor.send_signal(number)
        supervisor.wait(10)
        assert gone(pid, within=5)
