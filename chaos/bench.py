"""What a trial of the kill matrix works with: jobs submitted over HTTP, and the places of each component to arm."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
from sqlalchemy import func, select, update

from chaos.receiver import Receiver
from chaos.stacks import Stack
from pipelines.failpoints import VARIABLE, Action, Fired, arm, disarm, fired
from storage.database import db_now
from storage.tables import garbage, job_labels, jobs
from storage.tables_webhooks import webhook_deliveries
from workers.contract import Audio
from workers.wav import write_wav

_T = TypeVar("_T")

#: A job is accepted, a place is reached, a part comes back within this many seconds, or the trial has failed.
PATIENCE = 60.0
_LOOK_SECONDS = 0.05
_LABEL = "trial"
_END_EVENTS = ["job.succeeded", "job.failed", "job.cancelled", "job.expired"]


@dataclass
class Accepted:
    """A job of a trial and what must become of it. Jobs of one `recipe` have the same result."""

    id: str
    key: str
    recipe: str
    status: str = "succeeded"
    #: Whether its results stay.
    kept: bool = True


@dataclass
class Bench:
    """One stack, whose members look for failpoints in a folder of their component."""

    stack: Stack
    receiver: Receiver
    accepted: list[Accepted] = field(default_factory=list)
    #: Processes to be woken when a trial's jobs have ended.
    frozen: list[int] = field(default_factory=list)
    #: What else a trial brings about: it must become true before its end.
    awaited: list[Callable[[], bool]] = field(default_factory=list)
    _number: int = 0

    # --------------------------------------------------------------------------------------------- failpoints

    def folder(self, component: str) -> Path:
        """Where the places of a component are armed: `api`, `dispatcher`, or the queue of its slots."""
        return self.stack.folder / "failpoints" / component

    def environment(self, member: str) -> dict[str, str]:
        """What a member must be told before it starts."""
        allowed = [self.stack.members[member].env.get("HARMONY_EGRESS_ALLOW", ""), self.receiver.address]
        return {
            VARIABLE: str(self.folder(component_of(member))),
            "HARMONY_EGRESS_ALLOW": ",".join(address for address in allowed if address),
        }

    def arm(self, component: str, spot: str, action: Action = Action.KILL, turn: int = 1) -> None:
        arm(self.folder(component), spot, action, turn)

    def disarm(self, component: str, spot: str) -> None:
        disarm(self.folder(component), spot)

    def hit(self, component: str, spot: str) -> Fired:
        """Who was hit at the place; waits for it."""
        found = self.until(lambda: fired(self.folder(component), spot), f"{component} to reach {spot}")
        assert found is not None  # noqa: S101 - until() gives only what is true
        return found

    # --------------------------------------------------------------------------------------------------- jobs

    def tone(self, *, status: str = "succeeded", deadline: float | None = None, **options: Any) -> Accepted:
        """A speech job of the `tone` family, and how it should end; `deadline` in seconds from now."""
        body: dict[str, Any] = {"kind": "speech", "input": {"text": "a place to die"}, "options": options}
        if deadline is not None:
            body["deadline"] = datetime.fromtimestamp(time.time() + deadline, UTC).isoformat()
        return self._submit(body, "tone", status)

    def recording(self, *, broken: bool = False) -> Accepted:
        """A transcription of a second of sound, decoded on `io` first; `broken` bytes cannot be."""
        data = base64.b64encode(b"no sound at all" if broken else _second()).decode()
        body = {"kind": "transcription", "input": {"audio": {"data": data}}, "options": {}}
        return self._submit(body, "recording", "failed" if broken else "succeeded")

    def cancel(self, job: Accepted) -> None:
        """Asks until there is an answer."""
        self._ask("POST", f"/v1/jobs/{job.id}/cancel")

    def delete(self, job: Accepted) -> None:
        """The same; whoever asks again after a lost answer is told that there is no such job."""
        self._ask("DELETE", f"/v1/jobs/{job.id}", also=404)
        self.accepted.remove(job)
        self.awaited.append(lambda: self.stack.reader.get(job.id) is None and self._garbage() == 0)

    def listen(self, job: Accepted) -> None:
        """As if somebody listened to the job while it is made."""
        self._set(job, stream="pcm")

    def remove_results(self, job: Accepted) -> None:
        """As if the job's results had been kept for long enough."""
        self._set(job, expires_at=db_now() - 1.0)
        job.kept = False
        self.awaited.append(lambda: self._garbage() == 0 and self._removed(job))

    def _removed(self, job: Accepted) -> bool:
        rows = self.stack.reader.get(job.id)
        return rows is not None and rows.job.removed_at is not None

    def _garbage(self) -> int:
        with self.stack.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(garbage)) or 0

    def _submit(self, body: dict[str, Any], recipe: str, status: str) -> Accepted:
        self._number += 1
        key = f"{self.stack.kind}-{time.time_ns()}-{self._number}"
        hook = self.receiver.webhook(_END_EVENTS, own_secret=True)
        asked = {**body, "model": "tone", "labels": {_LABEL: key}, "webhook": hook}
        answer = self._ask("POST", "/v1/jobs", asked, {"Idempotency-Key": key})
        job = Accepted(str(answer.json()["id"]), key, recipe, status)
        self.accepted.append(job)
        return job

    def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, also: int = 200
    ) -> httpx.Response:
        """Asks until there is an answer that says yes, or `also`."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = httpx.request(method, self.stack.address + path, json=body, headers=headers, timeout=10)
            except httpx.TransportError:
                # Killed before it answered: the same again, as a client would.
                answer = None
            if answer is not None and (answer.is_success or answer.status_code == also):
                return answer
            if time.monotonic() > end or (answer is not None and answer.is_client_error):
                raise TimeoutError(f"{method} {path}: {answer.text[:300] if answer else 'no answer'}")
            time.sleep(_LOOK_SECONDS)

    # --------------------------------------------------------------------------------------------------- time

    def happens(self, job: Accepted, event: str, times: int = 1) -> None:
        """Waits until `event` of the job has happened so often."""

        def found() -> bool:
            return [row.type for row in self.stack.reader.events(job.id, 0)].count(event) >= times

        self.until(found, f"{event} of {job.id}")

    def let_lease_pass(self, job: Accepted) -> None:
        """As if the lease of the step's holder, who is frozen, had run out."""
        self._set(job, lease_until=db_now() - 1.0)

    def let_limit_pass(self, job: Accepted) -> None:
        """As if the step had used up its time some seconds ago."""
        self._set(job, run_limit_at=db_now() - 6.0)

    def let_webhook_claims_pass(self) -> None:
        """As if the claims of a sender who died had run out, half a minute later."""
        with self.stack.database.write() as connection:
            connection.execute(
                update(webhook_deliveries)
                .where(webhook_deliveries.c.claimed_until > db_now())
                .values(claimed_until=db_now() - 1.0, next_at=db_now() - 1.0)
            )

    def _set(self, job: Accepted, **values: object) -> None:
        with self.stack.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))

    def until(self, true: Callable[[], _T], what: str, seconds: float = PATIENCE) -> _T:
        """Its value, once it is true; TimeoutError."""
        end = time.monotonic() + seconds
        while not (value := true()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:g} s for {what}")
            time.sleep(_LOOK_SECONDS)
        return value

    def of_key(self, key: str) -> list[str]:
        """The ids of all jobs that were made for an idempotency key."""
        with self.stack.database.read() as connection:
            labelled = select(job_labels.c.job_id).where(job_labels.c.key == _LABEL, job_labels.c.value == key)
            return list(connection.scalars(labelled))


def component_of(member: str) -> str:
    """`dispatcher-2` is a dispatcher, `cpu-1` a slot of the queue `cpu`."""
    return member.rpartition("-")[0] or member


@contextmanager
def bench(stack: Stack) -> Iterator[Bench]:
    """A bench on a stack whose members are started here, anew if they run."""
    with Receiver(seed=0) as receiver:
        receiver.behave()
        made = Bench(stack, receiver)
        stack.stop(*(name for name, member in stack.members.items() if member.running))
        for name in stack.members:
            stack.start(name, env=made.environment(name))
        stack.wait_ready()
        yield made


@cache
def _second() -> bytes:
    """A second of sound as a WAV file."""
    return write_wav(Audio(np.sin(np.arange(8000, dtype=np.float32) / 5) * np.float32(0.3), 8000))
