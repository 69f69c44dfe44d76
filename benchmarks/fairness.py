"""How long a light submitter's jobs wait while another has thousands, beside how long they wait alone."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console

from benchmarks.load import Connection, Document, LoadError
from benchmarks.report import Figures
from benchmarks.stack import Database, product

#: What a job of either submitter keeps the slot for, in milliseconds.
WORK_MS = 20
_SUBMITTING = 8
_WARM = 3
#: A light job that waits longer than this says enough.
_PATIENCE = 120


def measure(databases: Sequence[Database], *, flood: int, samples: int, every: float, console: Console) -> Figures:
    """Alone, then behind `flood` jobs of another submitter, on one stack: `samples` jobs, one in `every` seconds."""
    figures: Figures = {"fairness_flood": flood, "fairness_work_ms": WORK_MS}
    for database in databases:
        with product(database) as stack:
            alone, flooded, left = asyncio.run(_both(stack.url, flood, samples, every))
        for name, waits in (("alone", alone), ("flood", flooded)):
            figures |= _percentiles(f"light_wait_{name}_{database}", waits)
        figures[f"light_wait_ratio_p95_{database}"] = _p95(flooded) / max(_p95(alone), 1.0)
        # It says something only as long as the flood lasted.
        figures[f"flood_left_{database}"] = left
        console.print(
            f"fairness: {database} p95 {_p95(alone):.0f} ms alone, {_p95(flooded):.0f} ms behind {flood}", style="dim"
        )
    return figures


async def _both(url: str, flood: int, samples: int, every: float) -> tuple[list[float], list[float], int]:
    """Waiting times without and with the flood, and how many of its jobs waited at the end."""
    light = await Connection.open(url)
    alone = await _waits(light, samples, every)
    jobs = [_job("flood")] * flood
    share = -(-flood // _SUBMITTING)
    await asyncio.gather(*(_submit(url, jobs[at : at + share]) for at in range(0, flood, share)))
    flooded = await _waits(light, samples, every)
    left = await _place_of_the_next(light)
    light.close()
    return alone, flooded, left


async def _submit(url: str, jobs: Sequence[bytes]) -> None:
    connection = await Connection.open(url)
    for job in jobs:
        await connection.submit(job)
    connection.close()


async def _waits(connection: Connection, samples: int, every: float) -> list[float]:
    """From accepted to begun, in milliseconds, as the job itself says."""
    waits = []
    for _ in range(_WARM + samples):
        began = time.monotonic()
        job_id = await connection.submit(_job("light"))
        job = await _ended(connection, job_id)
        created, started = (datetime.fromisoformat(job[at]) for at in ("created_at", "started_at"))
        waits.append(1000 * (started - created).total_seconds())
        await asyncio.sleep(max(0.0, began + every - time.monotonic()))
    return waits[_WARM:]


async def _ended(connection: Connection, job_id: str) -> Document:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        job: Document = json.loads((await connection.request("GET", f"/v1/jobs/{job_id}?wait=10")).body)
        if job["status"] == "succeeded":
            return job
        if job["finished_at"] is not None:
            raise LoadError(f"a light job {job['status']}: {job['error']}")
    raise LoadError(f"a light job did not end in {_PATIENCE} s")


async def _place_of_the_next(connection: Connection) -> int:
    """Where one more job of the flood would stand; 1000 is 1000 or more."""
    job_id = await connection.submit(_job("flood"))
    job = json.loads((await connection.request("GET", f"/v1/jobs/{job_id}")).body)
    place = job["queue_position"] or 0
    return place if isinstance(place, int) else 1000


def _job(submitter: str) -> bytes:
    return json.dumps(
        {
            "kind": "speech",
            "model": "tone",
            "input": {"text": "do re mi"},
            "options": {"format": "wav", "delay_ms": WORK_MS},
            "labels": {"submitter": submitter},
        }
    ).encode()


def _p95(waits: Sequence[float]) -> float:
    return statistics.quantiles(waits, n=20, method="inclusive")[-1]


def _percentiles(name: str, waits: Sequence[float]) -> Figures:
    return {f"{name}_p50_ms": statistics.median(waits), f"{name}_p95_ms": _p95(waits), f"{name}_max_ms": max(waits)}
