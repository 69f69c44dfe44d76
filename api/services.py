"""What the routes work with: made once when the app starts, closed when it stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from api.hub import Hub
from api.links import Links
from api.metrics import Metrics
from api.presence import Presence
from api.settings import ApiSettings
from pipelines.catalog import Catalog, load_catalog
from pipelines.egress import EgressRules
from pipelines.planning import Limits
from storage.artifacts import ArtifactStore, artifact_store
from storage.database import Database
from storage.jobs import JobStore
from storage.queries import JobReader
from storage.settings import StorageSettings

_T = TypeVar("_T")

#: Connections beside those of the threads: none of them may wait for a request to end.
_SPARE_CONNECTIONS = 2


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
    artifacts: ArtifactStore
    links: Links
    presence: Presence
    hub: Hub
    metrics: Metrics
    #: Who may write: on SQLite one at a time, in order, instead of many that try again and again.
    writers: anyio.CapacityLimiter
    #: Files that are being received each hold a thread of their own, so that slow clients hold up nobody else.
    uploads: anyio.CapacityLimiter

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
    presence = Presence(database, reader, storage.max_waiting_jobs)
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
        artifacts=artifacts,
        links=Links(artifacts, storage),
        presence=presence,
        hub=hub,
        metrics=metrics,
        writers=anyio.CapacityLimiter(1 if database.is_sqlite else settings.request_threads),
        uploads=anyio.CapacityLimiter(settings.uploads),
    )


def services_of(request: Request) -> Services:
    """The services of the app that serves this request."""
    services: Services = request.app.state.services
    return services
