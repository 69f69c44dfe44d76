"""Everybody at once, in threads: what happens is drawn from a seed, in which order is up to the machine."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import get_args

from pipelines.errors import Cause, InvalidRequest
from pipelines.jobs import Priority
from storage.claims import Claim
from storage.submitting import Idempotency
from tests.storage.machine.world import DISPATCHERS, SLOTS, Message, Wish, World

_PLANS = (("cpu",), ("io", "cpu"), ("cpu", "io", "cpu"))
_CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass
class Crowd:
    """Threads over one world. Lists are appended to and read, which Python does in one piece."""

    world: World
    seed: int
    #: What was answered: each claim's ends, and which job each idempotency key gave.
    ends: list[tuple[str, int, int, str]] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def run(self, turns: int) -> None:
        """Each role in a thread of its own, so many turns each; raises what went wrong."""
        roles: list[Callable[[random.Random], None]] = [
            self._client,
            self._client,
            *(lambda draw, name=name: self._dispatcher(draw, name) for name in DISPATCHERS),
            *(lambda draw, slot=slot: self._slot(draw, slot) for slot in SLOTS),
            self._late_writer,
            self._sender,
        ]
        threads = [
            threading.Thread(target=self._repeat, args=(role, random.Random(f"{self.seed} {number}"), turns))
            for number, role in enumerate(roles)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise ExceptionGroup(f"seed {self.seed}", [e for e in self.errors if isinstance(e, Exception)])

    def _repeat(self, role: Callable[[random.Random], None], draw: random.Random, turns: int) -> None:
        try:
            for _ in range(turns):
                role(draw)
        except BaseException as error:  # noqa: BLE001 - raised again where the threads are joined
            self.errors.append(error)

    def _client(self, draw: random.Random) -> None:
        world = self.world
        if world.ids and draw.random() < 0.3:
            world.cancel(draw.choice(world.ids))
            return
        name = f"key-{draw.randrange(20)}"
        key = Idempotency(name, draw.choice(("one", "one", "two"))) if draw.random() < 0.5 else None
        wish = Wish(
            draw.choice(_PLANS),
            hook=draw.random() < 0.5,
            deadline=draw.random() < 0.3,
            priority=draw.choice(list(Priority)),
            submitter=draw.choice(("", "ann")),
            key=key,
        )
        try:
            job_id = world.submit(wish)
        except InvalidRequest:
            return
        if key is not None:
            self.keys.append((f"{wish.submitter} {name}", job_id))

    def _dispatcher(self, draw: random.Random, name: str) -> None:
        world = self.world
        if draw.random() < 0.1:
            world.lose_lead()
        if name not in world.leads or draw.random() < 0.2:
            world.take_lead(name)
        if name not in world.leads:
            return
        world.publish(name, world.pick())
        world.number_events(name)
        world.expire()
        if world.ids and draw.random() < 0.3:
            world.publish(name, draw.sample(world.ids, min(3, len(world.ids))), again=draw.random() < 0.5)
        if world.chains and draw.random() < 0.1:
            world.unpublish(name, world.chains[-1])
        if draw.random() < 0.05:
            world.step_clock(draw.choice((20.0, 600.0, -20.0)))
        for held in world.stale():
            self.ends.append((held.job_id, held.fence, -1, world.lose(held)))

    def _slot(self, draw: random.Random, slot: str) -> None:
        world = self.world
        message = self._message(draw)
        if message is None:
            return
        claim = world.deliver(message, slot)
        if not isinstance(claim, Claim):
            return
        fate = draw.random()
        if fate < 0.1:
            world.replace_child(slot)
            return
        if fate < 0.15:
            world.replace_child(slot)
            for held in world.held(slot):
                self.ends.append((held.job_id, held.fence, -1, world.hand_back(held)))
            return
        world.heartbeat(claim, draw.random())
        self._end(draw, claim)

    def _message(self, draw: random.Random) -> Message | None:
        """The newest, or any; taken out or left to come again."""
        try:
            if draw.random() < 0.8:
                return self.world.messages.pop()
            return draw.choice(self.world.messages)
        except IndexError:
            return None

    def _late_writer(self, draw: random.Random) -> None:
        """Holders past and present who end what they think they hold."""
        if self.world.claims:
            self._end(draw, draw.choice(self.world.claims[-20:]))

    def _end(self, draw: random.Random, claim: Claim) -> None:
        fate, world = draw.random(), self.world
        if fate < 0.6:
            ended = world.complete(claim)
        elif fate < 0.9:
            ended = world.fail(claim, draw.choice(_CAUSES))
        else:
            ended = world.stop(claim)
        self.ends.append((claim.work.job_id, claim.fence, claim.work.index, ended))

    def _sender(self, draw: random.Random) -> None:
        for delivery in self.world.claim_deliveries():
            if draw.random() < 0.8:
                self.world.record(delivery, draw.choice((204, 204, 500, None)))
