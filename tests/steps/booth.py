"""Attempts at one step of the weightless engine that shows what it makes, each as long as it is left to live."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from pipelines.planning import Limits, plan
from pipelines.requests import parse_request
from storage.chunks import ChunkReader
from storage.claims import Claim
from tests.steps.chain import Chain
from tests.storage.house import CHILD, OTHER, House
from workers.heartbeat import Pulse
from workers.steps import Result, Scratch, StepContext, perform

SENTENCES = [f"This is sentence number {name}, and it is long enough to be spoken on its own." for name in "abcd"]
TEXT = " ".join(SENTENCES)
HEADER = 44


class Dies(BaseException):
    """The slot's process is gone: nothing of ours may catch this."""


class Heard(Pulse):
    """A pulse that remembers how far it was told that the step is, and tells `then`."""

    def __init__(self, claim: Claim, then: Callable[[float], None]) -> None:
        super().__init__(claim)
        self.told: list[float] = []
        self._then = then

    def check(self, progress: float) -> None:
        self.told.append(progress)
        super().check(progress)
        self._then(progress)


def dies_at(share: float) -> Callable[[float], None]:
    """Ends the process once so much of the text is spoken."""

    def then(progress: float) -> None:
        if progress >= share:
            raise Dies

    return then


def goes_on(_: float) -> None:
    """Nothing happens to it."""


@dataclass
class Booth:
    """A house with a job of the weightless engine, and the attempts of its one step."""

    house: House
    chain: Chain

    def claim(self, text: str = TEXT, stream: str | None = None, rate: int | None = None, **options: Any) -> Claim:
        body: dict[str, Any] = {"kind": "speech", "model": "tone", "input": {"text": text}, "options": options}
        if rate is not None:
            body["post_processing"] = {"sample_rate": rate}
        planned = plan(parse_request(body), self.chain.catalog, Limits())
        return self.house.running(plan=planned.plan, stream=stream, model="tone")

    def again(self, claim: Claim) -> Claim:
        """The next attempt, after the first was lost."""
        self.house.store.lose_claim(claim.held, "lost", "gone")
        self.house.publish(claim.work.job_id)
        return self.house.claim(claim.work.job_id, claim.work.index, OTHER if claim.child == CHILD else CHILD)

    def run(self, claim: Claim, then: Callable[[float], None] = goes_on) -> bytes:
        """The step's WAV."""
        return self.watched(claim, then)[0]

    def watched(self, claim: Claim, then: Callable[[float], None] = goes_on) -> tuple[bytes, list[float]]:
        """The same, and the progress that it told."""
        pulse = Heard(claim, then)
        with Scratch() as scratch:
            return content(perform(self.context(claim, pulse, scratch))), pulse.told

    def context(self, claim: Claim, pulse: Pulse, scratch: Scratch) -> StepContext:
        chain = self.chain
        return StepContext(claim.work, chain.store, chain.residency, chain.media, scratch, pulse, self.house.store)

    def rows(self, claim: Claim) -> list[Row[Any]]:
        return ChunkReader(self.house.database).after(claim.work.job_id)

    def pcm(self, claim: Claim) -> bytes:
        """What a listener has read in the end."""
        return b"".join(self._bytes(row.key) for row in self.rows(claim))

    def encoded(self, claim: Claim) -> bytes:
        return b"".join(self._bytes(row.encoded_key) for row in self.rows(claim))

    def _bytes(self, key: str | None) -> bytes:
        if key is None:
            return b""
        with self.chain.store.open(key) as stored:
            return stored.read()


def content(result: Result) -> bytes:
    made = result.outputs[0]
    assert hasattr(made, "content")
    return made.content if isinstance(made.content, bytes) else made.content.read_bytes()


def undisturbed(chain: Chain, text: str = TEXT) -> bytes:
    """The WAV of a job that nobody listens to and nothing happens to."""
    return content(chain.run({"kind": "speech", "model": "tone", "input": {"text": text}}))
