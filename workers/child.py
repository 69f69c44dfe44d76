"""What the child process of a slot holds: made once after the fork, used by every message."""

from __future__ import annotations

import os
import time
from functools import cache

from media.client import MediaHelper
from media.protocol import MediaLimits
from pipelines.catalog import DeviceClass, load_catalog
from storage.artifacts import artifact_store
from storage.claims import SlotChild
from storage.database import Database
from storage.jobs import JobStore
from storage.settings import StorageSettings
from storage.webhooks import WebhookStore
from workers.board import Reporter
from workers.contract import Device
from workers.delivery import WebhookSender
from workers.heartbeat import Heartbeat
from workers.residency import Residency
from workers.runner import StepRunner
from workers.settings import WorkerSettings
from workers.weights import WeightStore

_started_at = time.monotonic()


def slot_name() -> str:
    """The slot that this process belongs to; `workers.slot` sets it before Celery starts."""
    return os.environ["HARMONY_SLOT_NAME"]


@cache
def _database(_pid: int) -> Database:
    # One connection for steps, one for heartbeats.
    return Database(StorageSettings().url, pool_size=2)


@cache
def _runner(pid: int) -> StepRunner:
    storage, settings = StorageSettings(), WorkerSettings()
    catalog = load_catalog(storage.config)
    jobs = JobStore(_database(pid))
    device = Device(DeviceClass(os.environ["HARMONY_SLOT_DEVICE"]), settings.engine_threads)
    reporter = Reporter(device)
    if device.kind is not DeviceClass.CPU:
        reporter.watch()
    return StepRunner(
        jobs=jobs,
        store=artifact_store(storage),
        catalog=catalog,
        residency=Residency(
            catalog,
            WeightStore(settings.cache_dir.expanduser()),
            device,
            memory_budget_mb=settings.memory_budget_mb,
            max_models=settings.max_models,
            changed=reporter.tell,
        ),
        media=MediaHelper(MediaLimits(audio_seconds=storage.max_audio_seconds)),
        child=SlotChild(slot_name(), f"{slot_name()}:{pid}:{_started_at:.3f}"),
        heartbeat=Heartbeat(jobs),
    )


def runner() -> StepRunner:
    """The runner of this process; a forked child makes its own."""
    return _runner(os.getpid())


@cache
def _sender(pid: int) -> WebhookSender:
    settings = StorageSettings()
    deliveries = WebhookStore(
        _database(pid), per_target=settings.webhook_concurrency, disable_days=settings.webhook_disable_days
    )
    return WebhookSender(deliveries, settings)


def webhook_sender() -> WebhookSender:
    """The sender of this process."""
    return _sender(os.getpid())
