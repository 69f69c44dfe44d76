"""Who waits at a door keeps its place among the streams, of which there are many: its recording must be let go of."""

from __future__ import annotations

import gc
import json
import time
from types import CoroutineType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.api.calling import SOON
from tests.api.site import Site
from tests.api.test_gate import connection

MARK = "Qk9E" * 2
PIECE = (MARK * 500).encode()
#: Leads to all of the program.
_ELSEWHERE = (type, ModuleType, FunctionType)


@pytest.mark.parametrize(
    ("path", "field", "fields", "pieces"),
    [
        ("/v1/embed/speaker", "input_audio", {"model": "tone"}, 250),
        ("/v1/audio/transcriptions", "input_audio", {"model": "tone"}, 260),
        ("/v1/audio/speech", "reference", {"model": "tone", "input": "hello"}, 270),
    ],
)
def test_a_recording_in_json_is_let_go_of_while_its_job_is_waited_for(
    shared: Site, path: str, field: str, fields: dict[str, Any], pieces: int
) -> None:
    begin, end = json.dumps({**fields, field: ""})[:-2].encode(), b'"}'
    length = len(begin) + pieces * len(PIECE) + len(end)
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", f"Content-Length: {length}")
    with connection(shared, "\r\n".join((*lines, "", "")).encode() + begin) as raw:
        # Never whole on this side of the line, which is in the same process.
        for _ in range(pieces):
            raw.sendall(PIECE)
        raw.sendall(end)
        until = time.monotonic() + SOON
        decoded = pieces * len(PIECE) // 4 * 3
        while str(decoded) not in shared.http.get("/v1/jobs?limit=1&status=queued").text:
            assert time.monotonic() < until
        while held := _held(pieces * len(PIECE) // 2):
            assert time.monotonic() < until, f"{held} copies"


def _held(least: int) -> int:
    """How often what waits in this process holds the recording: as text or bytes, so many at least."""
    found = 0
    seen: set[int] = set()
    # Frames of a request that waits belong to coroutines; what they hold, they hold in a few steps. Types are asked for
    # by `type`: to some objects of other libraries `isinstance` is a use, and they warn of it.
    layer: list[object] = [one for one in gc.get_objects() if type(one) is CoroutineType]
    for _ in range(5):
        near = {id(held): held for one in layer for held in gc.get_referents(one)}
        layer = [held for key, held in near.items() if key not in seen and not issubclass(type(held), _ELSEWHERE)]
        seen |= near.keys()
        for held in layer:
            if issubclass(type(held), (str, bytes, bytearray)):
                found += _is_recording(held, least)
    return found


def _is_recording(held: Any, least: int) -> bool:
    return len(held) >= least and (MARK if issubclass(type(held), str) else MARK.encode()) in held[:200]
