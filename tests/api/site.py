"""A real server on a real port over a real database, and a worker that moves its jobs through the real store."""

from __future__ import annotations

import hashlib
import io
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from api.main import create_app
from api.server import Server, make_server
from api.settings import ApiSettings
from harmony.sse import ServerSentEvent, parse_events
from migrations import upgrade
from storage import dispatch
from storage.artifacts import ArtifactStore, artifact_store
from storage.claims import Claim, SlotChild
from storage.database import Database
from storage.jobs import JobStore
from storage.leadership import Lead, leading, take_lead
from storage.queries import JobReader
from storage.settings import StorageSettings
from storage.slots import SlotFacts, SlotStore
from storage.submitting import NewArtifact

CONFIG = Path(__file__).parents[2] / "config.yml"
CHILD = SlotChild("cpu-1", "cpu-1:1:1")
SPEECH = {"kind": "speech", "model": "tone", "input": {"text": "hello"}}


@dataclass
class Site:
    """A running service."""

    url: str
    http: httpx.Client
    database: Database
    artifacts: ArtifactStore
    settings: StorageSettings
    server: Server
    _lead: Lead | None = None

    @property
    def store(self) -> JobStore:
        return JobStore(self.database)

    @property
    def reader(self) -> JobReader:
        return JobReader(self.database)

    def beat(self, *queues: str) -> None:
        """A live slot for each queue."""
        for queue in queues or ("cpu", "io", "webhook"):
            SlotStore(self.database).beat(SlotFacts(f"{queue}-1", [queue], "host", 1, "cpu", 1))

    def submit(self, **changes: Any) -> dict[str, Any]:
        """An accepted job."""
        answer = self.http.post("/v1/jobs", json={**SPEECH, **changes})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def claim(self, job_id: str, index: int = 0) -> Claim:
        """What a slot does first: the dispatcher has published the job, the slot takes its step."""
        if self._lead is None:
            self._lead = take_lead(self.database, "test")
            assert self._lead is not None
        with leading(self.database, self._lead) as connection:
            dispatch.publish(connection, [job_id])
        rows = self.reader.get(job_id)
        assert rows is not None
        claim = self.store.claim_step(
            job_id, index, publication=rows.job.publication, child=CHILD, limit=lambda _work: 60.0
        )
        assert isinstance(claim, Claim)
        return claim

    def number_events(self) -> None:
        """What the dispatcher does after commits: events get their positions."""
        if self._lead is None:
            self._lead = take_lead(self.database, "test")
        assert self._lead is not None
        with leading(self.database, self._lead) as connection:
            dispatch.number_events(connection)

    def complete(self, job_id: str, content: bytes | None = None) -> bytes:
        """Runs a job of one step to its end; returns the bytes of its result."""
        content = wav() if content is None else content
        claim = self.claim(job_id)
        key = f"jobs/{job_id}/0/audio"
        self.artifacts.put_bytes(key, content, media_type="audio/wav")
        digest = hashlib.sha256(content).hexdigest()
        ended = self.store.complete_step(
            claim, [NewArtifact("audio", key, "audio/wav", len(content), digest, 0.1, 8000)]
        )
        assert ended == "succeeded"
        return content

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[Iterator[ServerSentEvent]]:
        """The events of a stream."""
        asked = {"Accept": "text/event-stream", **headers}
        with self.http.stream("GET", path, headers=asked, timeout=20) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            yield parse_events(response.iter_lines())


@contextmanager
def serving(
    url: str, data_dir: Path, *, change: Callable[[FastAPI], None] | None = None, **settings: Any
) -> Iterator[Site]:
    """Starts a service over the database at `url`; `settings` are those of storage and of the API."""
    upgrade(url)
    known = StorageSettings.model_fields
    storage = StorageSettings(
        data_dir=data_dir,
        database_url=url,
        config=CONFIG,
        **{name: value for name, value in settings.items() if name in known},
    )
    api = ApiSettings(port=0, **{name: value for name, value in settings.items() if name not in known})
    app = create_app(api, storage)
    if change is not None:
        change(app)
    server = make_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, name="server")
    started = threading.Event()
    startup = server.startup

    async def tell(sockets: Any = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = tell  # type: ignore[method-assign]  # to be told of the start instead of asking again and again
    thread.start()
    database = Database(url)
    try:
        assert started.wait(20)
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=address, timeout=20, trust_env=False) as http:
            yield Site(address, http, database, artifact_store(storage), storage, server)
    finally:
        server.should_exit = True
        thread.join(20)
        database.close()
    assert not thread.is_alive()


def wav(seconds: float = 0.1) -> bytes:
    """A short quiet recording."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(bytes(range(256)) * int(seconds * 16000 / 256))
    return file.getvalue()
