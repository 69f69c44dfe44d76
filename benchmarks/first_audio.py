"""How much later than the bare engine's the first sound is there: through HTTP, for one listener and for several."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable

from rich.console import Console

from benchmarks.bare_stream import ARMS, TEXT
from benchmarks.efficiency import program, said
from benchmarks.load import Answer, Connection, LoadError
from benchmarks.report import Figures
from benchmarks.stack import product

CONCURRENT = (1, 8)
#: Rounds of one stream are short, so there are more of them.
_MORE = {1: 8, 8: 1}
_TYPE = "Content-Type: application/json\r\n"

#: Asks for the text to be spoken, and begins to read the sound.
Ask = Callable[[Connection], Awaitable[Answer]]


def measure(*, rounds: int, console: Console) -> Figures:
    """Alternating rounds of product and bare engine, on one slot; the n-th to be heard is compared with the n-th."""
    figures: Figures = {}
    with product("sqlite") as stack:
        for name, ask in (("spoken", _by_door), ("paced", _by_job)):
            with program("benchmarks.bare_stream", name) as bare:
                asyncio.run(_streams(stack.url, 1, ask))
                for count in CONCURRENT:
                    measured = _compared(bare, stack.url, count, ask, rounds * _MORE[count])
                    figures |= {f"first_audio_{name}_{count}_{key}": value for key, value in measured.items()}
                    added = measured["added_p50_ms"]
                    console.print(f"first audio: {name}, {count} at once, {added:.1f} ms later", style="dim")
    return figures


def _compared(bare: subprocess.Popen[str], url: str, count: int, ask: Ask, rounds: int) -> Figures:
    ours, alone, added = [], [], []
    for number in range(rounds):
        pair = _pair(number, bare, url, count, ask)
        alone += pair[0]
        ours += pair[1]
        added += [1000 * (second - first) for first, second in zip(*pair, strict=True)]
    return {
        "added_p50_ms": statistics.median(added),
        "added_p95_ms": statistics.quantiles(added, n=20)[-1],
        "bare_p50_ms": 1000 * statistics.median(alone),
        "http_p50_ms": 1000 * statistics.median(ours),
    }


def _pair(number: int, bare: subprocess.Popen[str], url: str, count: int, ask: Ask) -> tuple[list[float], list[float]]:
    """Seconds to each first sound, the earliest first: of the bare engine and of the system; the order changes."""
    if number % 2:
        ours = asyncio.run(_streams(url, count, ask))
        return _bare(bare, count), ours
    return _bare(bare, count), asyncio.run(_streams(url, count, ask))


def _bare(bare: subprocess.Popen[str], count: int) -> list[float]:
    return sorted(json.loads(said(bare, str(count))))


async def _streams(url: str, count: int, ask: Ask) -> list[float]:
    connections = [await Connection.open(url) for _ in range(count)]
    started = time.monotonic()
    firsts = await asyncio.gather(*(_first(connection, started, ask) for connection in connections))
    for connection in connections:
        connection.close()
    return sorted(firsts)


async def _first(connection: Connection, started: float, ask: Ask) -> float:
    """Hears one stream to its end; seconds to its first sound."""
    answer = await ask(connection)
    first = None
    async for chunk in connection.body(answer):
        if chunk and first is None:
            first = time.monotonic() - started
    if first is None:
        raise LoadError("a stream ended without a sound")
    return first


async def _by_door(connection: Connection) -> Answer:
    arm = ARMS["spoken"]
    asked = {"model": arm.model, "voice": arm.voice, "input": TEXT, "response_format": "pcm"}
    return await connection.begin("POST", "/v1/audio/speech", json.dumps(asked).encode(), _TYPE)


async def _by_job(connection: Connection) -> Answer:
    """With options that the door does not have."""
    arm = ARMS["paced"]
    asked = {
        "kind": "speech",
        "model": arm.model,
        "input": {"text": TEXT},
        "options": {**arm.options, "voice": arm.voice},
    }
    job_id = await connection.submit(json.dumps(asked).encode())
    return await connection.begin("GET", f"/v1/jobs/{job_id}/audio?format=pcm")
