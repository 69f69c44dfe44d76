"""What may happen to messages on their way: lost, doubled, late, out of order. Done in the broker's own lists."""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from dataclasses import dataclass, field
from itertools import product

import redis

from pipelines.ids import parse_step_id
from workers.app import PRIORITY_STEPS

_QUEUES = ("cpu", "io", "webhook")
LISTS = tuple(
    queue if priority == 0 else f"{queue}\x06\x16{priority}" for queue, priority in product(_QUEUES, PRIORITY_STEPS)
)
_LOOK_SECONDS = 0.01
_LATE_SECONDS = (1.0, 5.0)


@dataclass
class Tampering:
    """What one fault did: how many messages it touched, and the steps (job, number, publication) of those it took."""

    touched: int = 0
    taken: list[tuple[str, int, int]] = field(default_factory=list)


class Meddler:
    """Meddles with the lists for some seconds at a time; a broker that is away meanwhile is no error."""

    def __init__(self, broker: redis.Redis, chance: random.Random) -> None:
        self._broker, self._chance = broker, chance
        self._ways = {"drop": self._drop, "double": self._double, "delay": self._delay, "reorder": self._reorder}

    def meddle(self, how: str, seconds: float, most: int, stop: threading.Event) -> Tampering:
        """Does it to at most `most` messages, as they come by; delayed ones are back when this returns."""
        done, late = Tampering(), list[tuple[float, str, bytes]]()
        end = time.monotonic() + seconds
        while time.monotonic() < end and done.touched < most and not stop.is_set():
            for name in self._full():
                if done.touched < most:
                    self._try(how, name, done, late)
            stop.wait(_LOOK_SECONDS)
        for due, name, message in sorted(late):
            stop.wait(max(0.0, due - time.monotonic()))
            self._push_back(name, message)
        return done

    def _full(self) -> list[str]:
        """The lists that hold something, in any order."""
        try:
            with self._broker.pipeline(transaction=False) as pipe:
                for name in LISTS:
                    pipe.llen(name)
                lengths = pipe.execute()
        except redis.RedisError:
            # The broker itself is under attack.
            return []
        full = [name for name, length in zip(LISTS, lengths, strict=True) if length]
        self._chance.shuffle(full)
        return full

    def _try(self, how: str, name: str, done: Tampering, late: list[tuple[float, str, bytes]]) -> None:
        try:
            self._ways[how](name, done, late)
        except redis.RedisError:
            # The broker itself is under attack; what was not touched is not counted.
            return

    def _drop(self, name: str, done: Tampering, _late: object) -> None:
        message = self._broker.rpop(name)
        if isinstance(message, bytes):
            done.touched += 1
            _note(message, done)

    def _double(self, name: str, done: Tampering, _late: object) -> None:
        message = self._broker.lindex(name, -1)
        if isinstance(message, bytes):
            self._broker.lpush(name, message)
            done.touched += 1

    def _delay(self, name: str, done: Tampering, late: list[tuple[float, str, bytes]]) -> None:
        message = self._broker.rpop(name)
        if isinstance(message, bytes):
            late.append((time.monotonic() + self._chance.uniform(*_LATE_SECONDS), name, message))
            done.touched += 1
            _note(message, done)

    def _reorder(self, name: str, done: Tampering, _late: object) -> None:
        with self._broker.pipeline() as pipe:
            # WATCH: what a slot takes meanwhile must not come back.
            pipe.watch(name)  # type: ignore[no-untyped-call] # redis-py says no types here
            messages = list(pipe.lrange(name, 0, -1))
            if len(messages) < 2:
                return
            self._chance.shuffle(messages)
            pipe.multi()
            pipe.delete(name)
            pipe.rpush(name, *messages)
            pipe.execute()
        done.touched += len(messages)

    def _push_back(self, name: str, message: bytes) -> None:
        try:
            self._broker.rpush(name, message)
        except redis.RedisError:
            # It is lost for good then, which is what messages may be.
            return


def _note(message: bytes, done: Tampering) -> None:
    """Which step a message names; a webhook message names none."""
    arguments = json.loads(base64.b64decode(json.loads(message)["body"]))[0]
    if arguments:
        job_id, index = parse_step_id(arguments[0])
        done.taken.append((job_id, index, int(arguments[1])))
