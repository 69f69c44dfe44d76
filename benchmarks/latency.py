"""How long an idle system takes for a job beside the engine's own time: from POST to `job.succeeded` at a listener."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.load import Connection, listening, tone
from benchmarks.report import Figures
from benchmarks.stack import Database, product
from pipelines.catalog import load_catalog
from workers.contract import Device, SynthesisRequest
from workers.engines.tone.engine import Tone

TEXT = "do re mi"
_WARM = 20


def measure(databases: Sequence[Database], *, samples: int, console: Console) -> Figures:
    """Jobs one by one, the next only when the last has ended; the contract's figure is the one machine's (SQLite)."""
    engine = _engine_ms()
    figures: Figures = {"idle_engine_ms": engine}
    for database in databases:
        with product(database) as stack:
            times = [1000 * seconds - engine for seconds in asyncio.run(_times(stack.url, samples))]
        name = "idle_latency" if database == "sqlite" else f"idle_latency_{database}"
        figures[f"{name}_p50_ms"] = statistics.median(times)
        figures[f"{name}_p95_ms"] = statistics.quantiles(times, n=20)[-1]
        console.print(f"latency: {database} p50 {figures[f'{name}_p50_ms']:.1f} ms", style="dim")
    return figures


async def _times(url: str, samples: int) -> list[float]:
    connection, job = await Connection.open(url), tone(stages=1, text=TEXT)
    times = []
    async with listening(url) as ends:
        for _ in range(_WARM + samples):
            started = time.monotonic()
            times.append(await ends.of(await connection.submit(job)) - started)
    connection.close()
    return times[_WARM:]


def _engine_ms() -> float:
    """The median time in milliseconds that tone itself takes for the same text."""
    engine = Tone.load(load_catalog(Path("config.yml")).models["tone"], None, Device())
    request, times = SynthesisRequest(TEXT, "sine", None), []
    for _ in range(_WARM * 5):
        started = time.monotonic()
        list(engine.synthesize(request))
        times.append(1000 * (time.monotonic() - started))
    return statistics.median(times)
