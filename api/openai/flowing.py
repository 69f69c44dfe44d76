"""Sound as it is made: as bytes, or in server-sent events with base64 and what it took."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.attending import abandon, while_there
from api.documents import read_job
from api.errors import JobEnded, WaitExceeded, of_storage
from api.openai.errors import error_object
from api.openai.usage import speech_usage
from api.results import main_result
from api.visiting import Visit, succeeded
from api.waiting import until_end
from pipelines.errors import HarmonyError, RequestError, StepError, Unavailable
from pipelines.problems import request_problem

_log = logging.getLogger(__name__)

Pieces = AsyncGenerator[bytes, None]


class Flowing(Response):
    """Sends pieces as they come; a client that leaves before the end ends its job, unless it asked to keep it."""

    def __init__(self, visit: Visit, pieces: Pieces, media_type: str) -> None:
        super().__init__(headers={**visit.headers, "cache-control": "no-store", "x-accel-buffering": "no"})
        # The length of an empty body, which this one is not; and no charset for sound.
        del self.headers["content-length"]
        self.headers["content-type"] = media_type
        self._visit = visit
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An error in the middle breaks the answer off: what came until then must not pass for the whole."""
        del scope
        try:
            async with aclosing(self._pieces), _attended(self._visit):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await while_there(receive, self._send_all(send))
        except HarmonyError as error:
            # As of a job's sound: without the end of its last chunk a client sees that it has not got everything.
            _log.info("audio.broken_off job_id=%s code=%s", self._visit.job_id, error.code)

    async def _send_all(self, send: Send) -> None:
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def begun(visit: Visit, pieces: Pieces) -> Pieces:
    """The same pieces once the first is there: an error until then has a status of its own.

    WaitExceeded if one takes longer than a door waits; ClientDisconnect if the client leaves, and its job ends.
    """
    paced = _paced(visit, pieces)
    async with _attended(visit):
        first = await while_there(visit.request.receive, _next(paced))
    return _with_first(first, paced)


async def as_events(visit: Visit, text: str, pieces: Pieces) -> Pieces:
    """`speech.audio.delta` for each piece, then `speech.audio.done`."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
    yield event({"type": "speech.audio.done", "usage": speech_usage(text, await _seconds(visit))})


async def with_errors(visit: Visit, events: Pieces) -> Pieces:
    """The same events; what goes wrong among them is the last, an event `error`, which OpenAI's SDKs raise."""
    try:
        async with aclosing(events), _attended(visit):
            async for one in events:
                yield one
    except (RequestError, StepError) as error:
        told = of_storage(error) if isinstance(error, StepError) else error
        problem = told.problem if isinstance(told, JobEnded) else request_problem(told)
        yield b"event: error\n" + event(error_object(problem)[1])


def event(data: Mapping[str, Any]) -> bytes:
    """A server-sent event: its type stands in its data."""
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


@asynccontextmanager
async def _attended(visit: Visit) -> AsyncIterator[None]:
    """Ends the job of a client that leaves, or that is told to come again."""
    try:
        yield
    except (ClientDisconnect, Unavailable):
        await abandon(visit.services, visit.request, visit.job_id)
        raise


async def _paced(visit: Visit, pieces: Pieces) -> Pieces:
    seconds = visit.services.settings.door_wait_seconds
    async with aclosing(pieces):
        while True:
            try:
                async with asyncio.timeout(seconds):
                    piece = await _next(pieces)
            except TimeoutError:
                raise WaitExceeded(visit.job_id, seconds) from None
            if piece is None:
                return
            yield piece


async def _with_first(first: bytes | None, rest: Pieces) -> Pieces:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for piece in rest:
            yield piece


async def _next(pieces: Pieces) -> bytes | None:
    return await anext(pieces, None)


async def _seconds(visit: Visit) -> float:
    """How long the sound is, which the job knows once it has ended."""
    services, limit = visit.services, visit.services.settings.door_wait_seconds
    if not await until_end(services, visit.job_id, limit):
        raise WaitExceeded(visit.job_id, limit)
    rows = succeeded(await services.reading(partial(read_job, services, visit.job_id)))
    return float(main_result(rows).seconds or 0.0)
