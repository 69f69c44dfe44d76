"""The other arm of the overhead benchmark: a Celery chain of three empty tasks on the product's queues and settings."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

import redis
from celery import chain

from storage.settings import StorageSettings
from workers.app import MESSAGE_TIME_LIMIT, make_app
from workers.settings import WorkerSettings

#: The list on which the last task of a chain says that it ran.
_DONE = "benchmark-done"
_ROUTE = ("cpu", "io", "cpu")
#: The message priority of a job of normal priority.
_PRIORITY = 3
#: Longer than any chain takes to come through, in seconds.
_PATIENCE = 60

app = make_app(StorageSettings(), WorkerSettings())
app.conf.imports = ()


@app.task(name="benchmark.step")
def step() -> None:
    """An empty task."""


@app.task(name="benchmark.last", bind=True)
def last(self: Any) -> None:  # noqa: ANN401 - Celery's task is untyped
    """The end of a chain, which the client waits for."""
    _client(os.getpid()).rpush(_DONE, self.request.id)


@cache
def _client(_pid: int) -> redis.Redis:
    return redis.Redis.from_url(WorkerSettings().broker_url, socket_keepalive=True)


class Chains:
    """Publishes chains and waits for their ends; at `broker`, which must be the app's."""

    def __init__(self, broker: str) -> None:
        app.conf.broker_url = broker
        self._redis = redis.Redis.from_url(broker, socket_keepalive=True)

    def rate(self, *, in_flight: int, warm: float, seconds: float) -> float:
        """Chains per second over `seconds`, with `in_flight` of them at any time, after `warm` seconds of the same."""
        for _ in range(in_flight):
            self._publish()
        self._for(warm)
        started = time.monotonic()
        count = self._for(seconds)
        rate = count / (time.monotonic() - started)
        for _ in range(in_flight):
            self._await()
        return rate

    def _for(self, seconds: float) -> int:
        """Replaces each chain that ends by another, for so long; how many ended."""
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            self._await()
            self._publish()
            count += 1
        return count

    def _publish(self) -> None:
        names = (*(step for _ in _ROUTE[1:]), last)
        signatures = [
            task.si().set(queue=queue, priority=_PRIORITY, time_limit=MESSAGE_TIME_LIMIT)
            for task, queue in zip(names, _ROUTE, strict=True)
        ]
        chain(*signatures).apply_async(retry=False)

    def _await(self) -> None:
        if self._redis.blpop([_DONE], timeout=_PATIENCE) is None:
            raise TimeoutError(f"no chain ended within {_PATIENCE} s")
