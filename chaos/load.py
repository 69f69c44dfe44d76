"""Clients: they submit over HTTP until accepted, cancel, ask twice, poll and listen, and keep a log of every answer."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile

import httpx

from chaos.work import END_TYPES, Ask
from harmony.sse import parse_events

_TIMEOUT = httpx.Timeout(6.0, connect=2.0)
#: A stream that is silent for longer than its heartbeats (SSE_HEARTBEAT) comes from an API that hangs.
SSE_HEARTBEAT = 2
_STREAM_TIMEOUT = httpx.Timeout(4.0 * SSE_HEARTBEAT)
_CLIENTS = 64
_AGAIN_SECONDS = 0.4
#: A job is looked at when the stream has told its end, and now and then anyway.
_POLL_SECONDS, _POLL_EACH_SECONDS = 0.5, 5.0
#: No more jobs are offered while so many are under way: a service that is down is not to be buried as well.
_UNDER_WAY = 60
_GONE = frozenset({404, 409, 410})


class Load:
    """Offers `rate` jobs a second from `source` to the service at `address`."""

    def __init__(self, address: str, source: Iterator[Ask], rate: float) -> None:
        self.asked: list[Ask] = []
        #: What the stream of all events told: the terminal types by job, and where its numbers had a gap.
        self.told: defaultdict[str, list[str]] = defaultdict(list)
        self.gaps: list[str] = []
        self.position = 0
        self._source, self._rate = source, rate
        # No kept connections: each request finds the API as it is now.
        self._http = httpx.Client(base_url=address, timeout=_TIMEOUT, limits=httpx.Limits(max_keepalive_connections=8))
        self._stopped, self._closed = threading.Event(), threading.Event()
        self._lives = ThreadPoolExecutor(_CLIENTS, thread_name_prefix="client")
        self._living: list[Future[None]] = []
        self._threads = [
            threading.Thread(target=work, name=work.__name__, daemon=True)
            for work in (self._offer, self._poll, self._listen)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Offers no new jobs; those under way go on."""
        self._stopped.set()
        self._threads[0].join()

    def unsettled(self) -> int:
        """Clients that have not said all, and jobs that have not been seen to end by both ways of looking."""
        waiting = sum(not life.done() for life in self._living)
        return waiting + sum(
            not ask.refusals and not (ask.polled and self.told.get(ask.id or "")) for ask in self.asked
        )

    def close(self) -> None:
        """Ends the clients, whatever they wait for. An error inside one is raised here."""
        self._stopped.set()
        self._closed.set()
        for thread in self._threads:
            thread.join()
        self._lives.shutdown()
        self._http.close()
        for life in self._living:
            life.result()

    # -------------------------------------------------------------------------------------------------- threads

    def _offer(self) -> None:
        next_at = time.monotonic()
        for ask in self._source:
            next_at = max(next_at + 1 / self._rate, time.monotonic() - 1.0)
            while (late := next_at - time.monotonic()) > 0 or self._under_way() >= _UNDER_WAY:
                if self._stopped.wait(max(late, 0.05)):
                    return
            self.asked.append(ask)
            self._living.append(self._lives.submit(self._live, ask))

    def _under_way(self) -> int:
        return sum(not ask.refusals and not self.told.get(ask.id or "") for ask in self.asked[-_UNDER_WAY * 4 :])

    def _live(self, ask: Ask) -> None:
        """One job's client, from the first attempt to submit it."""
        ask.asked_at = time.time()
        if not self._submit(ask):
            return
        for after, act in sorted(
            [(ask.cancel_after, self._cancel), (ask.again_after, self._submit)], key=lambda pair: pair[0] or 0.0
        ):
            if after is not None:
                self._closed.wait(after)
                act(ask)

    def _submit(self, ask: Ask) -> bool:
        """Asks with the same key until there is an answer; whether the job was accepted."""
        while not self._closed.is_set():
            try:
                answer = self._http.post("/v1/jobs", json=ask.body, headers={"Idempotency-Key": ask.key})
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code in {200, 202}:
                ask.ids.append(str(answer.json()["id"]))
                return True
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                ask.refusals.append(f"{answer.status_code} {answer.text[:300]}")
                return False
            ask.retries += 1
            self._closed.wait(_AGAIN_SECONDS)
        return False

    def _cancel(self, ask: Ask) -> None:
        while not self._closed.is_set():
            try:
                status = self._http.post(f"/v1/jobs/{ask.id}/cancel").status_code
            except httpx.HTTPError:
                status = 0
            ask.cancel_answers.append(status)
            if status in {200, 202, *_GONE}:
                return
            self._closed.wait(_AGAIN_SECONDS)

    def _poll(self) -> None:
        looked: dict[str, float] = {}
        while not self._closed.wait(_POLL_SECONDS):
            for ask in [ask for ask in list(self.asked) if ask.id and not ask.polled]:
                if self._closed.is_set():
                    return
                due = looked.setdefault(ask.key, time.monotonic()) + _POLL_EACH_SECONDS
                if not self.told.get(ask.id or "") and time.monotonic() < due:
                    continue
                looked[ask.key] = time.monotonic()
                try:
                    answer = self._http.get(f"/v1/jobs/{ask.id}")
                except httpx.HTTPError:
                    break
                if answer.status_code in _GONE:
                    ask.polled.append("missing")
                elif answer.is_success and (status := answer.json()["status"]) in {
                    end.removeprefix("job.") for end in END_TYPES
                }:
                    ask.polled.append(status)

    def _listen(self) -> None:
        """The stream of all events, resumed wherever it broke off."""
        while not self._closed.is_set():
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self.position)}
            try:
                with self._http.stream("GET", "/v1/events", headers=headers, timeout=_STREAM_TIMEOUT) as answer:
                    if answer.is_success:
                        self._follow(answer)
            except httpx.HTTPError:
                # Cut off: it goes on behind the last event that came whole.
                pass
            self._closed.wait(_AGAIN_SECONDS)

    def _follow(self, answer: httpx.Response) -> None:
        # Heartbeats are lines too: they let the stream be left when nothing happens.
        lines = takewhile(lambda _: not self._closed.is_set(), answer.iter_lines())
        for event in parse_events(lines):
            position = int(event.id or 0)
            if position != self.position + 1:
                self.gaps.append(f"{self.position} -> {position}")
            self.position = position
            if event.type in END_TYPES:
                self.told[str(json.loads(event.data)["job_id"])].append(event.type)
