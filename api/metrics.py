"""What Prometheus reads: requests as they were answered, and the state of the queues at the moment of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.presence import Snapshot

#: Seconds; from a cached answer to a long-poll's full minute.
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """One registry for each app, so that two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "harmony_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._refused = Counter(
            "harmony_http_refused", "Requests that found no place.", ("sort",), registry=self.registry
        )
        self._seconds = Histogram(
            "harmony_http_request_seconds",
            "Time until the answer was complete.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Counts one request; an answer that was broken off has no status."""
        self._requests.labels(method, route, status or "aborted").inc()
        self._seconds.labels(method, route).observe(seconds)

    def refused(self, sort: str) -> None:
        """Counts a request that found no place, by its sort."""
        self._refused.labels(sort).inc()

    def watch(self, snapshot: Callable[[], Snapshot], listeners: Callable[[], int]) -> None:
        """Adds the gauges, which are read when Prometheus asks."""
        self.registry.register(_Gauges(snapshot, listeners))

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    """From the dispatcher's row and the slots' beats: the cost does not grow with the jobs."""

    def __init__(self, snapshot: Callable[[], Snapshot], listeners: Callable[[], int]) -> None:
        self._snapshot = snapshot
        self._listeners = listeners

    def describe(self) -> list[Metric]:
        """Nothing ahead: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment."""
        now = self._snapshot()
        waiting = GaugeMetricFamily(
            "harmony_jobs_waiting", "Jobs that wait for the dispatcher.", value=now.backlog.jobs
        )
        work = GaugeMetricFamily(
            "harmony_work_waiting_seconds", "What those are expected to take.", value=now.backlog.seconds
        )
        fresh = GaugeMetricFamily("harmony_dispatcher_up", "1 if a dispatcher wrote in the last seconds.")
        fresh.add_metric((), float(now.dispatcher_fresh))
        broker = GaugeMetricFamily("harmony_broker_up", "1 if the dispatcher reaches the broker.")
        broker.add_metric((), float(now.broker_ok))
        depth = GaugeMetricFamily("harmony_queue_depth", "Messages that lie in the broker.", labels=("queue",))
        for queue, messages in now.depths.items():
            depth.add_metric((queue,), messages)
        slots = GaugeMetricFamily("harmony_live_slots", "Slots that live.", labels=("queue",))
        for queue, count in now.live.items():
            slots.add_metric((queue,), count)
        listeners = GaugeMetricFamily("harmony_listeners", "Event streams and long-polls.", value=self._listeners())
        yield from (waiting, work, fresh, broker, depth, slots, listeners)
