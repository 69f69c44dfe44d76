"""What the routes work with: made once when the app starts, closed when it stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from api.blocks import Blocks
from api.conversion import Conversions
from api.feeds import Feeds
from api.growth import Growth
from api.hub import Hub
from api.ledger import Ledger
from api.links import Links
from api.metrics import Metrics
from api.presence import Presence
from api.room import Asking, Rooms
from api.settings import ApiSettings
from pipelines.catalog import Catalog, load_catalog
from pipelines.egress import EgressRules
from pipelines.planning import Limits
from storage.artifacts import ArtifactStore, artifact_store
from storage.backlog import Room
from storage.chunks import ChunkReader
from storage.database import Database
from storage.jobs import JobStore
from storage.queries import JobReader
from storage.queue_states import QueueReader
from storage.settings import StorageSettings
from storage.stats import StatsReader
from storage.voices import VoiceStore

_T = TypeVar("_T")

#: Connections beside those of the threads: none of them may wait for a request to end.
_SPARE_CONNECTIONS = 2
_DOCUMENTS_AT_ONCE = 4


@dataclass(frozen=True)
class Services:
    """Everything behind the routes."""

    settings: ApiSettings
    storage: StorageSettings
    catalog: Catalog
    limits: Limits
    egress: EgressRules
    database: Database
    jobs: JobStore
    reader: JobReader
    queues: QueueReader
    stats: StatsReader
    voices: VoiceStore
    artifacts: ArtifactStore
    links: Links
    presence: Presence
    rooms: Rooms
    hub: Hub
    feeds: Feeds
    metrics: Metrics
    #: Who may write: on SQLite one at a time, in order, instead of many that try again and again.
    writers: anyio.CapacityLimiter
    #: Files that are being received each hold a thread of their own, so that slow clients hold up nobody else.
    uploads: anyio.CapacityLimiter
    conversions: Conversions
    #: A long document takes many times its length while it is written in another format, so a few are at once.
    documents: anyio.CapacityLimiter

    async def writing(self, work: Callable[[], _T]) -> _T:
        """Runs a transaction in a thread."""
        return await anyio.to_thread.run_sync(work, limiter=self.writers)

    async def reading(self, work: Callable[[], _T]) -> _T:
        """Runs a query in a thread."""
        return await anyio.to_thread.run_sync(work)


def open_services(settings: ApiSettings, storage: StorageSettings, metrics: Metrics) -> Services:
    """Reads the catalog and prepares the connections; on the event loop that will serve."""
    database = Database(storage.url, pool_size=settings.request_threads + _SPARE_CONNECTIONS)
    reader = JobReader(database)
    ledger = Ledger()
    presence = Presence(database, reader, ledger.mark)
    hub = Hub(storage.url, reader, room=settings.sse_buffer)
    metrics.watch(presence.snapshot, lambda: hub.followers)
    artifacts = artifact_store(storage)
    return Services(
        settings=settings,
        storage=storage,
        catalog=load_catalog(storage.config),
        limits=Limits(text_characters=storage.max_text_characters),
        egress=EgressRules.parse(storage.egress_allow),
        database=database,
        jobs=JobStore(database),
        reader=reader,
        queues=QueueReader(database),
        stats=StatsReader(database),
        voices=VoiceStore(database, storage.max_voices),
        artifacts=artifacts,
        links=Links(artifacts, storage),
        presence=presence,
        rooms=Rooms(
            Asking(presence.snapshot, reader.waiting_of, reader.knows_key),
            ledger,
            of_all=Room(storage.max_waiting_jobs, storage.max_waiting_seconds),
            of_submitter=Room(storage.submitter_max_jobs, storage.submitter_max_seconds),
        ),
        hub=hub,
        feeds=Feeds(Growth(hub, reader, ChunkReader(database)), Blocks(artifacts)),
        metrics=metrics,
        writers=anyio.CapacityLimiter(1 if database.is_sqlite else settings.request_threads),
        uploads=anyio.CapacityLimiter(settings.uploads),
        conversions=Conversions(artifacts, storage.max_audio_seconds),
        documents=anyio.CapacityLimiter(_DOCUMENTS_AT_ONCE),
    )


def services_of(request: Request) -> Services:
    """The services of the app that serves this request."""
    services: Services = request.app.state.services
    return services
