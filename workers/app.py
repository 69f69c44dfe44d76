"""The Celery app: transport and process pool, nothing else. Truth, retries and limits stand in rows.

The settings follow what was measured of Celery 5.7 on Redis; each that looks odd has its reason beside it.
"""

from __future__ import annotations

import sys

from celery import Celery
from kombu.entity import Exchange, Queue

from pipelines.catalog import WEBHOOK_QUEUE, DeviceClass, load_catalog
from pipelines.errors import CatalogError
from storage.settings import StorageSettings
from workers.settings import WorkerSettings

#: Lists that kombu keeps per queue; 0 is served first.
PRIORITY_STEPS = (0, 3, 6, 9)

#: Backstop only: every step has a run-time limit on its row, set when it is claimed.
MESSAGE_TIME_LIMIT = 24 * 3600


def make_app(storage: StorageSettings, settings: WorkerSettings) -> Celery:
    """The app for this deployment's broker, with the queues of its catalog."""
    app = Celery("harmony", broker=settings.broker_url, set_as_current=True)
    names = {*load_catalog(storage.config).queues, *(device.value for device in DeviceClass), WEBHOOK_QUEUE}
    app.conf.update(
        imports=("workers.tasks",),
        task_queues=[Queue(name, Exchange("harmony"), routing_key=name) for name in sorted(names)],
        task_create_missing_queues=False,
        task_default_queue=WEBHOOK_QUEUE,
        # A message without a priority would be 0, the most urgent.
        task_default_priority=PRIORITY_STEPS[-1],
        # A message is acknowledged when its step's rows are written; a dead child's message comes again.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        # A message is taken when the slot is free (disable_prefetch). The transport's own count, which a multiplier
        # above 0 sets, must not bound it as well: an acknowledgement that fails in a broker outage is never taken off
        # that count, and with room for one the slot would live on and take nothing for ever.
        worker_prefetch_multiplier=0,
        worker_disable_prefetch=True,
        worker_concurrency=1,
        worker_enable_prefetch_count_reduction=False,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        accept_content=["json"],
        task_serializer="json",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A worker must not hang in a broker outage with its step committed: the dispatcher republishes the rest.
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1},
        # A replacement child that loads a model is killed every 4 s, for ever, at the default.
        worker_proc_alive_timeout=900,
        worker_enable_soft_shutdown_on_idle=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_transport_options={
            # Not a lease: leases stand on rows. Shorter values start long steps twice.
            "visibility_timeout": 14_400,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 3,
            "queue_order_strategy": "priority",
            "priority_steps": list(PRIORITY_STEPS),
            "socket_timeout": 15,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
    )
    app.conf.visibility_timeout = 14_400
    return app


def _app_or_exit() -> Celery:
    """The app of this process; a configuration that cannot be used ends it as it ends the API, with status 2."""
    try:
        return make_app(StorageSettings(), WorkerSettings())
    except CatalogError as error:
        sys.stderr.write(f"{error.detail}\n")
        raise SystemExit(2) from error


app = _app_or_exit()
