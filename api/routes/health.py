"""How this service is: for supervisors, for people, for Prometheus."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import version as package_version
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from api.documents import json_answer
from api.presence import Snapshot
from api.schemas import Health, Readiness, Version
from api.services import Services, services_of
from pipelines.catalog import WEBHOOK_QUEUE
from pipelines.errors import HarmonyError
from pipelines.requests import MAX_LABEL_LENGTH, MAX_LABELS

router = APIRouter(tags=["service"])

_FRESH = {"cache-control": "no-store"}


@router.get("/livez", summary="Does the process answer?")
async def livez() -> Response:
    """Yes."""
    return json_answer({"status": "ok"}, headers=_FRESH)


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something is missing"}},
    summary="Can jobs be done?",
)
def readyz(request: Request) -> Response:
    """Whether everything that a job needs is there, and otherwise what is missing."""
    services = services_of(request)
    checks = _checks(services)
    if request.app.state.draining.begun:
        checks = {"process": "leaving", **checks}
    ready = all(state == "ok" for state in checks.values())
    body = {"status": "ready" if ready else "not_ready", "checks": checks}
    return json_answer(body, status=200 if ready else 503, headers=_FRESH)


@router.get("/healthz", response_model=Health, summary="What works now?")
def healthz(request: Request) -> Response:
    """Each capability and its models: whether a worker for them is alive."""
    services = services_of(request)
    live = services.presence.snapshot().live
    capabilities: dict[str, Any] = {}
    for model in services.catalog:
        for capability in model.capabilities:
            models = capabilities.setdefault(capability.value, {"available": False, "models": {}})
            models["models"][model.name] = live[model.queue] > 0
            models["available"] = models["available"] or live[model.queue] > 0
    fine = all(entry["available"] for entry in capabilities.values())
    return json_answer({"status": "ok" if fine else "degraded", "capabilities": capabilities}, headers=_FRESH)


@router.get("/version", response_model=Version, summary="Version and limits")
async def version(request: Request) -> Response:
    """What runs here, and how much it takes."""
    services = services_of(request)
    storage, settings = services.storage, services.settings
    return json_answer(
        {
            "name": "harmony-speech-engine",
            "version": package_version("harmony-speech-engine"),
            "python": platform.python_version(),
            "artifacts": storage.artifacts,
            "limits": {
                "body_bytes": settings.max_body_bytes,
                "inline_audio_bytes": settings.max_inline_bytes,
                "audio_seconds": storage.max_audio_seconds,
                "text_characters": storage.max_text_characters,
                "labels": MAX_LABELS,
                "label_characters": MAX_LABEL_LENGTH,
                "waiting_jobs": storage.max_waiting_jobs,
                "waiting_seconds": storage.max_waiting_seconds,
                "submitter_jobs": storage.submitter_max_jobs,
                "submitter_seconds": storage.submitter_max_seconds,
                "voices": storage.max_voices,
                "openai_text_characters": settings.openai_max_characters,
                "openai_file_bytes": settings.openai_max_file_bytes,
                "door_wait_seconds": int(settings.door_wait_seconds),
            },
        }
    )


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Requests, queues, slots: text in Prometheus' format."""
    return Response(services_of(request).metrics.text(), headers={"content-type": CONTENT_TYPE_LATEST, **_FRESH})


def _checks(services: Services) -> dict[str, str]:
    checks = {"artifacts": _state(services.artifacts.check)}
    seen: list[Snapshot] = []
    checks["database"] = _state(lambda: seen.append(services.presence.snapshot()))
    queues = (*services.catalog.queues, WEBHOOK_QUEUE)
    if not seen:
        return {
            **checks,
            "dispatcher": "unknown",
            "broker": "unknown",
            **{f"queue:{name}": "unknown" for name in queues},
        }
    now = seen[0]
    checks["dispatcher"] = "ok" if now.dispatcher_fresh else "no dispatcher has written in the last seconds"
    checks["broker"] = "ok" if now.broker_ok else "the dispatcher does not reach it"
    for name in queues:
        checks[f"queue:{name}"] = "ok" if now.live[name] else "no live slot"
    return checks


def _state(look: Callable[[], None]) -> str:
    """`ok`, or a word for what is wrong: never an exception's text, which may name hosts and users."""
    try:
        look()
    except HarmonyError as error:
        return error.code
    except SQLAlchemyError:
        return "not_migrated"
    return "ok"
