"""Every part is restarted in turn while jobs keep coming (point 7): nothing is lost, nothing is charged."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle

import httpx

from harmony.ports import free_port
from tests.queue.parts import Part
from tests.queue.stack import Stack

Record = Callable[[str, object], None]

#: A step takes this long, so that every restart of a slot finds one at work; the slots' patience is 2 s.
DELAY_MS = 300
#: These do not end within that patience.
LONG_MS = 5000


class Submitter:
    """A client of two addresses: asks the other one when one refuses, with the key that makes one job of it."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self._all = [httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) for port in ports]
        self._clients = cycle(self._all)
        self._stop = threading.Event()
        self.accepted: list[str] = []
        self.asked_again = 0
        self._more = threading.Semaphore(0)

    def run(self) -> None:
        """Five jobs a second until told to stop."""
        number = 0
        while not self._stop.wait(random.uniform(0.1, 0.3)):
            number += 1
            delay = LONG_MS if number % 20 == 5 else DELAY_MS if number % 3 == 0 else 0
            self.accepted.append(self._submit({"stages": 1 + number % 3, "delay_ms": delay}))
            self._more.release()

    def _submit(self, options: dict[str, int]) -> str:
        body = {"kind": "speech", "model": "tone", "input": {"text": "hello"}, "options": options}
        headers = {"idempotency-key": str(uuid.uuid4())}
        give_up = time.monotonic() + 20
        while True:
            try:
                answer = next(self._clients).post("/v1/jobs", json=body, headers=headers, timeout=10)
            except httpx.TransportError:
                if time.monotonic() > give_up:
                    raise
                self.asked_again += 1
                self._stop.wait(0.05)
            else:
                assert answer.status_code == httpx.codes.ACCEPTED, answer.text
                return str(answer.json()["id"])

    def expect(self, jobs: int) -> None:
        """Returns once so many more jobs were accepted."""
        for _ in range(jobs):
            self._more.acquire(timeout=20)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Submits during the block; raises what went wrong meanwhile."""
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(self.run)
            try:
                yield
            finally:
                self._stop.set()
            running.result(30)
        for client in self._all:
            client.close()


def test_everything_is_restarted_in_turn(stack: Stack, record_property: Record) -> None:
    ports = (free_port(), free_port())
    parts: dict[str, Callable[[], Part]] = {
        "dispatcher": stack.dispatcher,
        "stand-by": partial(stack.dispatcher, "stand-by"),
        **{name: partial(stack.slot, name) for name in ("cpu-1", "cpu-2", "io-1", "io-2")},
        **{f"api-{port}": partial(stack.api, f"api-{port}", port) for port in ports},
    }
    for start in parts.values():
        start()
    for name in parts:
        stack.until(partial(is_back, stack, name), 60, name)
    submitter = Submitter(ports)
    seconds: dict[str, float] = {}
    with submitter.running():
        submitter.expect(10)
        for name, start in parts.items():
            part = start()
            since = time.monotonic()
            part.terminate()
            assert part.ended(20) == 0, f"{name}\n{part.log()[-2000:]}"
            seconds[name] = round(time.monotonic() - since, 2)
            start()
            stack.until(partial(is_back, stack, name), 30, f"{name} to come back")
            submitter.expect(5)
    jobs = submitter.accepted
    assert set(stack.ends(jobs, 60)) == {"succeeded"}
    handed_back = 0
    for job_id in jobs:
        found = stack.get(job_id)
        outcomes = [attempt.outcome for attempt in stack.reader.attempts(job_id)]
        assert outcomes.count("succeeded") == len(found.steps)
        assert set(outcomes) <= {"succeeded", "handed_back"}, outcomes
        assert stack.row(job_id).charged == {}
        handed_back += outcomes.count("handed_back")
    record_property("jobs", len(jobs))
    record_property("seconds_to_end", seconds)
    record_property("handed_back", handed_back)
    record_property("asked_again", submitter.asked_again)
    print(  # noqa: T201 - the figures of the report
        f"jobs {len(jobs)}, handed back {handed_back}, asked again {submitter.asked_again}, seconds to end {seconds}"
    )


def is_back(stack: Stack, name: str) -> bool:
    """Whether the part does its work again."""
    kind, _, number = name.partition("-")
    if kind == "api":
        return answers(int(number))
    return kind not in {"cpu", "io"} or stack.live().get(kind, 0) == 2


def answers(port: int) -> bool:
    """Whether an API is there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False, timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
