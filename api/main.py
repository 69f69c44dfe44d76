"""The app: routes, errors and the edge around them. Making it reads no file and opens no connection yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI

from api import dashboard, errors, openapi, pages
from api.draining import Draining
from api.gate import Gate
from api.metrics import Metrics
from api.middleware import Edge
from api.routes import (
    artifacts,
    audio,
    bulk,
    deliveries,
    earlier,
    events,
    health,
    jobs,
    lifecycle,
    listening,
    models,
    queues,
    stats,
    submit,
    transcripts,
    voices,
    webhooks,
    workers,
)
from api.services import open_services
from api.settings import ApiSettings
from storage.settings import StorageSettings

_DESCRIPTION = """\
Submit a job, follow it by polling or events, fetch its result.

Errors are problem objects (RFC 9457), every answer carries `X-Request-ID`. Times are RFC 3339 in UTC, durations are
seconds.
"""


def create_app(settings: ApiSettings | None = None, storage: StorageSettings | None = None) -> FastAPI:
    """The app with these settings, or those of the environment. Its services open when it starts."""
    settings = settings or ApiSettings()
    storage = storage or StorageSettings()
    measured = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.request_threads
        services = open_services(settings, storage, measured)
        app.state.services = services
        services.hub.start()
        try:
            yield
        finally:
            await services.hub.stop()
            services.database.close()

    app = FastAPI(
        title="Harmony Speech Engine",
        summary="Speech as jobs: text to speech, recognition, voice activity, speaker embeddings.",
        description=_DESCRIPTION,
        version=version("harmony-speech-engine"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Ours are in /metrics and in one log line; a second set would cost each request and tell nothing more.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.draining = Draining()
    app.state.settings = settings
    of_jobs = (submit, bulk, jobs, lifecycle, events, artifacts, listening, voices, webhooks, deliveries)
    for module in (*of_jobs, audio, transcripts, earlier, models, stats, queues, workers, health):
        app.include_router(module.router)
    pages.install(app)
    dashboard.install(app, storage)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Edge, metrics=measured, max_body_bytes=settings.max_body_bytes, public_url=storage.public_url)
    app.add_middleware(Gate, settings=settings, refusals=measured)
    return app
