"""The client against a real server, over connections that break off where they like."""

from __future__ import annotations

import asyncio
import inspect
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from harmony.client import ApiProblem, Artifact, AsyncClient, Client, DownloadBroken, Job, JobFailed, result_of
from tests.api.site import Site, serving, wav
from tests.client.proxy import Proxy

BUSY = b"HTTP/1.1 503 Busy\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n%s\r\n%s"
PROBLEM = b'{"code": "no_room", "detail": "There is no room."}'


def busy(header: bytes = b"") -> bytes:
    return BUSY % (len(PROBLEM), header + b"Connection: close\r\n", PROBLEM)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("client")
    # Links begin with the public address, which is known before the port is.
    with (
        Proxy() as front,
        serving(f"sqlite:///{folder / 'test.db'}", folder, public_url=front.url) as running,
    ):
        front.lead_to(running.url)
        running.beat()
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    with Client(site.url) as made:
        yield made


def count(client: Client, label: str) -> int:
    return len(client.list(label=f"test:{label}")["data"])


# ------------------------------------------------------------------------------------------------------- submitting


def test_a_lost_answer_does_not_double_the_job(site: Site, client: Client) -> None:
    # The server answers, and nothing of the answer arrives.
    with Proxy(site.url, [1]) as proxy, Client(proxy.url) as unlucky:
        job = unlucky.speech("hello", model="tone", labels={"test": "lost"})
        assert len(proxy.requests) == 2
    assert client.get(job)["status"] == "queued"
    assert count(client, "lost") == 1


def test_an_open_file_is_sent_again_from_its_beginning(site: Site, client: Client) -> None:
    file = io.BytesIO(wav(1.0))
    with Proxy(site.url, [1]) as proxy, Client(proxy.url) as unlucky:
        job = unlucky.transcribe(file, model="tone")
    [recording] = client.get(job)["inputs"]
    assert recording["bytes"] == len(wav(1.0))


def test_what_only_passes_is_tried_again_and_as_late_as_is_asked(site: Site) -> None:
    with Proxy(site.url, [busy(), busy(b"Retry-After: 1\r\n")]) as proxy, Client(proxy.url) as patient:
        started = time.monotonic()
        assert patient.models()["data"]
        assert time.monotonic() - started > 1.0


def test_a_long_pause_is_told_instead_of_waited_for(site: Site) -> None:
    with Proxy(site.url, [busy(b"Retry-After: 300\r\n")]) as proxy, Client(proxy.url) as patient:
        with pytest.raises(ApiProblem, match="no room") as caught:
            patient.speech("hello")
        assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "no_room", 300.0)


def test_attempts_end(site: Site) -> None:
    with Proxy(site.url, [busy()] * 9) as proxy, Client(proxy.url, retries=2) as patient:
        with pytest.raises(ApiProblem):
            patient.models()
        assert len(proxy.requests) == 3


def test_what_is_not_safe_is_not_repeated(site: Site, client: Client) -> None:
    job = client.cancel(client.speech("hello", model="tone"))
    with Proxy(site.url, [1]) as proxy, Client(proxy.url) as unlucky:
        with pytest.raises(httpx.RemoteProtocolError):
            unlucky.delete(job)
        assert len(proxy.requests) == 1


def test_every_helper_asks_for_what_it_says(client: Client, site: Site, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(wav(3.0))
    spoken = client.speech("hello", model="tone", format="flac", priority="high", options={"stages": 2})
    assert (spoken["kind"], spoken["priority"]) == ("speech", "high")
    assert spoken["request"]["options"] == {"stages": 2, "format": "flac"}
    kinds = [
        client.transcribe(path, model="tone", language="en"),
        client.translate(str(path), model="tone"),
        client.embed(path.read_bytes(), model="tone"),
        client.detect(io.BytesIO(wav(1.0)), model="tone"),
        client.convert(path, target=path, model="tone"),
        client.clone("hello", path, model="tone"),
    ]
    assert [job["kind"] for job in kinds] == [
        "transcription", "translation", "embedding", "vad", "voice_conversion", "speech"
    ]  # fmt: skip
    assert set(kinds[5]["request"]["input"]) == {"text", "reference"}
    # What the server has already is named and does not travel.
    [earlier] = client.get(kinds[0])["inputs"]
    again = client.transcribe(earlier, model="tone")
    assert client.get(again)["inputs"][0]["sha256"] == earlier["sha256"]
    with pytest.raises(ValueError, match="either target"):
        client.convert(path)
    assert client.voices()["data"] == []
    voice = client.save_voice("Ann", path, language="en")
    assert client.voice(voice["id"])["name"] == "Ann"
    client.delete_voice(voice["id"])
    assert site.reader.get(voice["job"]) is not None


def test_a_refusal_is_a_typed_problem(client: Client) -> None:
    with pytest.raises(ApiProblem) as caught:
        client.speech("", model="tone")
    problem = caught.value
    assert (problem.status, problem.retry_after) == (422, None)
    assert problem.fields[0][0] == "input.text"
    assert problem.request_id


# -------------------------------------------------------------------------------------------------------- following


def test_events_go_on_where_they_broke_off(site: Site, client: Client) -> None:
    job = client.speech("hello", model="tone")
    site.complete(job["id"])
    whole = list(client.events(job))
    assert [event.seq for event in whole] == list(range(1, len(whole) + 1))
    # Each cut is somewhere else: in the head, between events, within one.
    for cut in (10, 500, 900):
        with Proxy(site.url, [cut]) as proxy, Client(proxy.url) as unlucky:
            assert list(unlucky.events(job)) == whole


def test_waiting_ends_with_the_job_and_with_its_time(site: Site, client: Client) -> None:
    job = client.speech("hello", model="tone")
    with pytest.raises(TimeoutError, match="has not ended"):
        client.wait(job, timeout=0.01)
    with pytest.raises(JobFailed, match="queued"):
        result_of(client.get(job))
    site.complete(job["id"])
    assert client.wait(job, timeout=10)["status"] == "succeeded"


# ------------------------------------------------------------------------------------------------------ downloading


@dataclass(frozen=True)
class Made:
    """A job's result of a megabyte."""

    job: Job
    artifact: Artifact
    content: bytes


@pytest.fixture
def made(site: Site, client: Client) -> Made:
    accepted = client.speech("hello", model="tone")
    content = site.complete(accepted["id"], os.urandom(1 << 20))
    job = client.get(accepted)
    return Made(job, result_of(job)["artifacts"][0], content)


def at(url: str, artifact: Artifact) -> str:
    return url + artifact["url"][artifact["url"].index("/v1/") :]


def test_a_download_goes_on_at_its_byte(site: Site, made: Made, tmp_path: Path) -> None:
    with Proxy(site.url, [200_000, 300_000, 20]) as proxy, Client(proxy.url) as unlucky:
        path = unlucky.download({**made.artifact, "url": at(proxy.url, made.artifact)}, tmp_path / "sound.wav")
        first, *rest = [request.lower() for request in proxy.requests]
    assert path.read_bytes() == made.content
    assert b"range:" not in first
    assert len(rest) == 3
    assert all(b"range: bytes=" in request for request in rest)
    assert [one.name for one in tmp_path.iterdir()] == ["sound.wav"]


def test_a_file_half_done_is_gone_on_with(site: Site, made: Made, tmp_path: Path) -> None:
    half = tmp_path / f".sound.wav.{made.artifact['sha256'][:16]}.part"
    half.write_bytes(made.content[:1000])
    with Proxy(site.url) as proxy, Client(proxy.url) as client:
        artifact: Artifact = {**made.artifact, "url": at(proxy.url, made.artifact)}
        assert client.download(artifact, tmp_path / "sound.wav").read_bytes() == made.content
        assert b"range: bytes=1000-" in proxy.requests[0].lower()
        # What lies there may also be wrong.
        half.write_bytes(b"x" * 1000)
        with pytest.raises(DownloadBroken):
            client.download(artifact, tmp_path / "sound.wav")
    assert not half.exists()
    assert (tmp_path / "sound.wav").read_bytes() == made.content


def test_bytes_that_are_not_the_jobs_are_refused(made: Made, client: Client) -> None:
    assert client.download(made.artifact) == made.content
    assert client.result(made.job) == made.content
    with pytest.raises(DownloadBroken):
        client.download({**made.artifact, "sha256": "0" * 64})


def test_a_link_that_has_run_out_is_made_afresh(made: Made, client: Client) -> None:
    base, _, query = made.artifact["url"].partition("?")
    expires, _, signature = query.partition("&")
    assert client.download({**made.artifact, "url": f"{base}?{expires}0&{signature}"}) == made.content
    assert client.download({**made.artifact, "url": f"{base}?expires=1&{signature}"}) == made.content


# ------------------------------------------------------------------------------------------------------------ async


def test_both_clients_have_the_same_methods() -> None:
    def public(of: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in vars(of).items()
            if not name.startswith("_") and callable(method)
        }

    assert public(Client) == public(AsyncClient)


def test_the_same_without_waiting(site: Site, tmp_path: Path) -> None:
    async def run(url: str) -> None:
        async with AsyncClient(url) as client:
            heard = await client.transcribe(io.BytesIO(wav(1.0)), model="tone")
            assert (await client.get(heard))["kind"] == "transcription"
            job = await client.speech("hello", model="tone")
            content = await asyncio.to_thread(site.complete, job["id"], os.urandom(100_000))
            assert (await client.wait(job, timeout=10))["status"] == "succeeded"
            events = [event.type async for event in client.events(job)]
            assert events[-1] == "job.succeeded"
            done = await client.get(job)
            assert await client.download(done) == content
            path = await client.download(done, tmp_path / "sound.wav")
            assert path.read_bytes() == content
            with pytest.raises(ApiProblem):
                await client.get("job_none")

    with Proxy(site.url, [1, 700]) as proxy:
        asyncio.run(run(proxy.url))
