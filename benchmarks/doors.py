"""What OpenAI's door adds to a request, beside the same engines in a bare FastAPI route."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from rich.console import Console

from benchmarks.bare import LANGUAGE, MODELS, VOICE
from benchmarks.efficiency import program
from benchmarks.material import recordings, sentences
from benchmarks.report import Figures
from benchmarks.stack import product
from harmony.ports import free_port
from workers.wav import write_wav

#: Requests of one kind in a round, after one that does not count.
_EACH = 8
#: Seconds of the recordings; see material.recordings.
_FIVE_SECONDS = 2

#: One request, which is heard to its end.
Request = Callable[[httpx.Client], httpx.Response]


def measure(*, rounds: int, console: Console) -> Figures:
    """One request after the other, each to both in turn; only medians of the differences are compared."""
    figures: Figures = {}
    with product("sqlite") as stack, _bare() as bare, _clients(stack.url, bare) as (ours, theirs):
        for name, request in _requests().items():
            added, alone = [], []
            for number in range(rounds * _EACH + 1):
                first, second = (theirs, ours) if number % 2 else (ours, theirs)
                times = {client: _seconds(client, request) for client in (first, second)}
                if number:
                    added.append(1000 * (times[ours] - times[theirs]))
                    alone.append(1000 * times[theirs])
            figures |= {
                f"door_{name}_added_p50_ms": statistics.median(added),
                f"door_{name}_added_p95_ms": statistics.quantiles(added, n=20)[-1],
                f"door_{name}_bare_p50_ms": statistics.median(alone),
            }
            console.print(f"doors: {name} {statistics.median(added):.1f} ms later", style="dim")
    return figures


def _requests() -> dict[str, Request]:
    speech = {"model": MODELS["speech"], "voice": VOICE, "input": sentences(1)[0]}
    recording = write_wav(recordings(_FIVE_SECONDS + 1)[_FIVE_SECONDS])
    fields = {"model": MODELS["transcription"], "language": LANGUAGE}

    def spoken(form: str) -> Request:
        return lambda client: client.post("/v1/audio/speech", json={**speech, "response_format": form})

    return {
        "wav": spoken("wav"),
        "mp3": spoken("mp3"),
        "transcription": lambda client: client.post(
            "/v1/audio/transcriptions", data=fields, files={"file": ("talk.wav", recording)}
        ),
    }


def _seconds(client: httpx.Client, request: Request) -> float:
    started = time.monotonic()
    request(client).raise_for_status()
    return time.monotonic() - started


@contextmanager
def _clients(*urls: str) -> Iterator[list[httpx.Client]]:
    # The bare program says `ready` before its port is open.
    clients = [httpx.Client(base_url=url, timeout=120, transport=httpx.HTTPTransport(retries=6)) for url in urls]
    try:
        for client in clients:
            client.get("/openapi.json").raise_for_status()
        yield clients
    finally:
        for client in clients:
            client.close()


@contextmanager
def _bare() -> Iterator[str]:
    port = free_port()
    with program("benchmarks.bare_app", str(port)):
        yield f"http://127.0.0.1:{port}"
