"""What OpenAI's Python SDK does by itself when it is told to come again, or hears nothing for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, DefaultHttpxClient, OpenAI

from tests.api.calling import jobs_once, status_after
from tests.api.site import Site, serving, wav

FILE = ("recording.wav", wav())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A service without any worker."""
    with serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path) as running:
        yield running


def jobs(site: Site) -> list[dict[str, Any]]:
    """All jobs, the newest first."""
    listed: list[dict[str, Any]] = site.http.get("/v1/jobs").json()["data"]
    return listed


def test_a_503_is_tried_again_and_makes_one_job(tmp_path: Path) -> None:
    """There is no room to wait at first; some is there when the SDK comes back, as `Retry-After` says."""
    answers: list[tuple[int, str | None]] = []
    with ExitStack() as stack:
        site = stack.enter_context(serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, max_streams=1))
        site.beat()
        other = stack.enter_context(ExitStack())
        other.enter_context(site.http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}))

        def note(response: Any) -> None:
            answers.append((response.status_code, response.headers.get("retry-after")))
            other.close()

        http = stack.enter_context(DefaultHttpxClient(event_hooks={"response": [note]}, trust_env=False))
        client = OpenAI(api_key="unused", base_url=f"{site.url}/v1", max_retries=2, http_client=http)
        raw = client.audio.transcriptions.with_raw_response.create(
            file=FILE, model="tone", extra_headers={"Prefer": "wait=1"}
        )
        assert [status for status, _ in answers] == [503, 202]
        assert answers[0][1] is not None
        assert raw.retries_taken == 1
        assert [job["id"] for job in jobs(site)] == [raw.headers["x-job-id"]]


def test_without_retries_a_503_is_an_internal_server_error(site: Site) -> None:
    client = OpenAI(api_key="unused", base_url=f"{site.url}/v1", max_retries=0)
    with client, pytest.raises(openai.InternalServerError) as caught:
        client.audio.transcriptions.create(file=FILE, model="tone")
    assert (caught.value.status_code, caught.value.code) == (503, "no_worker")
    assert jobs(site) == []


def test_a_time_out_is_the_sdks_and_its_jobs_are_cancelled(site: Site) -> None:
    site.beat()
    with OpenAI(api_key="unused", base_url=f"{site.url}/v1", max_retries=1, timeout=1.0) as client:
        with pytest.raises(openai.APITimeoutError):
            client.audio.transcriptions.create(file=FILE, model="tone")
        # The first and its retry.
        assert len(jobs_once(site, 2)) == 2
        with pytest.raises(openai.APITimeoutError):
            client.with_options(max_retries=0).audio.transcriptions.create(
                file=FILE, model="tone", extra_headers={"X-Keep-Job": "true"}
            )
    kept, *left = jobs_once(site, 3)
    assert [status_after(site, job_id) for job_id in left] == ["cancelled"] * 2
    assert status_after(site, kept, 1) == "queued"


def test_a_cancelled_task_of_the_async_client_cancels_its_job(site: Site) -> None:
    site.beat()

    async def leave() -> None:
        async with AsyncOpenAI(api_key="unused", base_url=f"{site.url}/v1", max_retries=0) as client:
            asked = asyncio.ensure_future(client.audio.transcriptions.create(file=FILE, model="tone", stream=True))
            while not await asyncio.to_thread(jobs, site):
                assert not asked.done()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked

    asyncio.run(leave())
    [job] = jobs(site)
    assert status_after(site, job["id"]) == "cancelled"
