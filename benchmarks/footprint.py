"""What the system takes while it does little: memory of its processes, time to start, processor when idle."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.load import Connection, listening, tone
from benchmarks.report import Figures
from benchmarks.stack import API, DISPATCHER, SLOT, processes, product
from harmony.background import BackgroundStack

_REQUESTS = 100
#: Seconds over which the idle system's processor time is taken.
_IDLE = 5.0


def measure(*, rounds: int, console: Console) -> Figures:
    """Starts the one-machine stack once per round; the first start warms the page cache and does not count."""
    samples: list[Figures] = []
    for number in range(rounds + 1):
        with product("sqlite") as stack:
            figures = _one(stack)
        console.print(f"footprint {number}/{rounds}: ready in {figures['ready_s']:.1f} s", style="dim")
        samples.append(figures)
    counted = samples[1:]
    return {name: statistics.median(float(sample[name]) for sample in counted) for name in counted[0]}


def _one(stack: BackgroundStack) -> Figures:
    # No job has run yet, so the slot holds no model.
    figures: Figures = {"ready_s": stack.ready_seconds, "idle_cpu_percent": _idle_cpu(stack)}
    figures["pss_worker_mb"] = pss(processes(stack, SLOT, queue="cpu"))
    figures["pss_worker_io_mb"] = pss(processes(stack, SLOT, queue="io"))
    asyncio.run(_requests(stack.url))
    figures["pss_api_mb"] = pss(processes(stack, API))
    figures["pss_dispatcher_mb"] = pss(processes(stack, DISPATCHER))
    return figures


async def _requests(url: str) -> None:
    """Half of them submits, half of them reads; all jobs have ended when this returns."""
    connection = await Connection.open(url)
    async with listening(url) as ends:
        for _ in range(_REQUESTS // 2):
            job_id = await connection.submit(tone(stages=1))
            await connection.request("GET", f"/v1/jobs/{job_id}")
            await ends.of(job_id)
    connection.close()


def _idle_cpu(stack: BackgroundStack) -> float:
    """Percent of one core that all processes of the stack take while nothing happens."""
    everyone = [psutil.Process(stack.pid), *psutil.Process(stack.pid).children(recursive=True)]
    before, started = _cpu_seconds(everyone), time.monotonic()
    time.sleep(_IDLE)
    return 100 * (_cpu_seconds(everyone) - before) / (time.monotonic() - started)


def _cpu_seconds(everyone: Iterable[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in everyone))


def pss(group: Iterable[psutil.Process]) -> float:
    """Proportional set size in MB (10⁶ bytes): shared pages count by how many share them."""
    return sum(map(_pss_bytes, (process.pid for process in group))) / 1e6


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, *rest = line.split()
        if name == "Pss:":
            return int(rest[0]) * 1024
    raise LookupError(f"no Pss in the smaps_rollup of process {pid}")
