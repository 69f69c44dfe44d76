"""How much of the bare queue's throughput is left once rows, events, artifacts and HTTP stand around it."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

from rich.console import Console

from benchmarks.load import Connection, Ends, listening, tone
from benchmarks.raw_chain import Chains
from benchmarks.report import Figures
from benchmarks.stack import DURABILITY, Database, product, raw_broker, raw_slots

IN_FLIGHT = 20
#: Tone's stages, as many as the raw chain has tasks.
STAGES = 3


def measure(databases: Sequence[Database], *, rounds: int, warm: float, seconds: float, console: Console) -> Figures:
    """Alternating rounds; each arm runs alone, on processes and data of its own."""
    rates: dict[str, list[float]] = {arm: [] for arm in ("raw", *databases)}
    with raw_broker() as broker:
        chains = Chains(broker)
        for number in range(rounds):
            arms: list[Database | None] = [None, *databases]
            # Whatever drifts while the machine is busy meets each arm first in some round.
            for database in arms if number % 2 == 0 else reversed(arms):
                arm = database or "raw"
                rate = _rate(database, warm, seconds) if database else _raw_rate(broker, chains, warm, seconds)
                rates[arm].append(rate)
                console.print(f"overhead {number + 1}/{rounds}: {arm} {rate:.1f} jobs/s", style="dim")
    figures: Figures = {f"jobs_per_second_{arm}": statistics.median(values) for arm, values in rates.items()}
    figures |= {f"durability_{arm}": DURABILITY[arm] for arm in rates}
    for database in databases:
        ratios = [ours / raw for ours, raw in zip(rates[database], rates["raw"], strict=True)]
        figures[f"overhead_ratio_{database}"] = statistics.median(ratios)
        figures[f"overhead_ratio_{database}_least"] = min(ratios)
        figures[f"overhead_ratio_{database}_most"] = max(ratios)
    return figures


def _raw_rate(broker: str, chains: Chains, warm: float, seconds: float) -> float:
    with raw_slots(broker):
        return chains.rate(in_flight=IN_FLIGHT, warm=warm, seconds=seconds)


def _rate(database: Database, warm: float, seconds: float) -> float:
    with product(database) as stack:
        return asyncio.run(rate(stack.url, warm=warm, seconds=seconds))


async def rate(url: str, *, warm: float, seconds: float) -> float:
    """Jobs per second over `seconds`, with IN_FLIGHT of them at any time, after `warm` seconds of the same."""
    async with listening(url) as ends, asyncio.TaskGroup() as group:
        stop = asyncio.Event()
        for _ in range(IN_FLIGHT):
            group.create_task(_one_after_another(url, ends, stop))
        await asyncio.sleep(warm)
        started, before = time.monotonic(), ends.count
        await asyncio.sleep(seconds)
        result = (ends.count - before) / (time.monotonic() - started)
        stop.set()
    return result


async def _one_after_another(url: str, ends: Ends, stop: asyncio.Event) -> None:
    connection, job = await Connection.open(url), tone(stages=STAGES)
    while not stop.is_set():
        await ends.of(await connection.submit(job))
    connection.close()
