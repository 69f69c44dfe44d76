"""What the doors follow a job by, inside the process of the API: its sound, and a transcript segment by segment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio.to_thread
import pytest

from api.errors import JobEnded
from api.metrics import Metrics
from api.services import Services, open_services
from api.settings import ApiSettings
from api.streaming import follow_audio, follow_segments
from pipelines.errors import Conflict, InvalidRequest
from tests.api.making import Making, making
from tests.api.site import Site

_T = TypeVar("_T")

ONE, TWO, THREE = ({"id": number, "start": number, "end": number + 1, "text": f"{number}"} for number in range(3))


def with_services(site: Site, work: Callable[[Services], Awaitable[_T]]) -> _T:
    """Runs the work beside services of its own over the site's database."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Services]:
        services = open_services(ApiSettings(), site.settings, Metrics())
        services.hub.start()
        try:
            yield services
        finally:
            await services.hub.stop()
            services.database.close()

    async def run() -> _T:
        async with opened() as services, asyncio.timeout(20):
            return await work(services)

    return asyncio.run(run())


def transcribing(site: Site) -> Making:
    """A transcription whose step that listens is claimed."""
    body = {"kind": "transcription", "model": "tone", "input": {"audio": {"data": "AAAA"}}}
    job_id = site.http.post("/v1/jobs", json=body).json()["id"]
    decode = Making(site, job_id, site.claim(job_id))
    decode.chunkless()
    return Making(site, job_id, site.claim(job_id, 1))


def test_segments_come_as_they_are_made(shared: Site) -> None:
    job = transcribing(shared)

    async def work(services: Services) -> list[Any]:
        found: list[Any] = []
        job.segments(ONE)
        async for segments in follow_segments(services, job.job_id):
            found.append(list(segments))
            if len(found) == 1:
                await services.reading(lambda: job.segments(TWO, THREE, last=True))
        return found

    assert with_services(shared, work) == [[ONE], [TWO, THREE]]
    assert job.stream == "pcm"


def test_segments_that_were_never_shown_come_from_the_result(shared: Site) -> None:
    job = transcribing(shared)

    async def work(services: Services) -> list[Any]:
        found: list[Any] = []
        job.segments(ONE)
        async for segments in follow_segments(services, job.job_id):
            found.append(list(segments))
            if len(found) == 1:
                await services.reading(lambda: job.succeed({"text": "012", "segments": [ONE, TWO, THREE]}))
        return found

    async def both(services: Services) -> tuple[list[Any], list[Any]]:
        # As it ends, and all of them once it is over.
        return await work(services), [list(some) async for some in follow_segments(services, job.job_id)]

    assert with_services(shared, both) == ([[ONE], [TWO, THREE]], [[ONE, TWO, THREE]])


def test_a_job_that_fails_says_why(shared: Site) -> None:
    job, speech = transcribing(shared), making(shared)
    job.segments(ONE)
    speech.chunk()

    async def work(services: Services) -> list[str]:
        with pytest.raises(JobEnded) as transcription:
            await _each(follow_segments(services, job.job_id), lambda: job.fail("audio_no_speech"))
        with pytest.raises(JobEnded) as sound:
            await _each(follow_audio(services, speech.job_id, "pcm"), speech.fail)
        return [transcription.value.problem["code"], sound.value.problem["code"]]

    assert with_services(shared, work) == ["audio_no_speech", "text_not_speakable"]


def test_what_there_is_not(shared: Site) -> None:
    speech, job = making(shared), transcribing(shared)

    async def work(services: Services) -> None:
        with pytest.raises(Conflict, match="makes no segments"):
            await _each(follow_segments(services, speech.job_id))
        with pytest.raises(Conflict, match="makes no sound"):
            await _each(follow_audio(services, job.job_id, "wav"))
        with pytest.raises(InvalidRequest, match="pcm, wav"):
            await _each(follow_audio(services, speech.job_id, "flac"))

    with_services(shared, work)


async def _each(pieces: AsyncIterator[Any], then: Callable[[], None] = lambda: None) -> None:
    async for _ in pieces:
        await anyio.to_thread.run_sync(then)


def test_from_any_byte_on(shared: Site) -> None:
    job = making(shared)
    for _ in range(3):
        job.chunk()

    async def work(services: Services) -> bytes:
        found = b""
        async for piece in follow_audio(services, job.job_id, "pcm", 3333):
            found += piece
            if len(found) == len(job.pcm) - 3333:
                await services.reading(lambda: job.chunk(last=True))
                break
        return found

    assert with_services(shared, work) == job.pcm[3333 : 3 * 4800]
