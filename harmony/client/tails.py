"""Answers that grow, or that are long: each can say how to go on where it was broken off."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import httpx

from harmony.client.asking import PATIENCE, Ask
from harmony.client.calls import JobRef, path_of
from harmony.client.documents import TERMINAL, Artifact, Document, Job, Segment
from harmony.client.problems import DownloadBroken
from harmony.sse import EventParser

T_co = TypeVar("T_co", covariant=True)

_END_EVENTS = frozenset(f"job.{status}" for status in TERMINAL)
#: The longest that one long-poll asks the server to hold it, in seconds.
_HOLD = 30
#: Between two events there may be minutes; the server's comments keep the connection alive.
_QUIET = 90.0


class Tail(Protocol[T_co]):
    """What is left of an answer."""

    def ask(self) -> Ask[bytes]:
        """The request for what has not come yet."""

    def begins(self, response: httpx.Response) -> bool:
        """Looks at the head of an answer; False if nothing more will come."""

    def feed(self, chunk: bytes) -> Iterator[T_co]:
        """What came, and is whole."""

    def closes(self) -> None:
        """An answer came to its end in good order."""

    @property
    def ended(self) -> bool:
        """Whether everything has come."""


@dataclass(frozen=True)
class JobEvent:
    """One line of a job's history."""

    seq: int
    type: str
    data: Document


@dataclass
class Events:
    """A job's events (`text/event-stream`), to its end."""

    job: JobRef
    last: int | None = None
    ended: bool = False
    _parser: EventParser = field(default_factory=EventParser)

    def ask(self) -> Ask[bytes]:
        headers = {"Accept": "text/event-stream"}
        if self.last is not None:
            headers["Last-Event-ID"] = str(self.last)
        return Ask("GET", path_of(self.job, "events"), headers=headers, quiet=_QUIET)

    def begins(self, response: httpx.Response) -> bool:
        self._parser = EventParser()
        return response.status_code != httpx.codes.NO_CONTENT

    def feed(self, chunk: bytes) -> Iterator[JobEvent]:
        for event in self._parser.feed(chunk):
            if event.id and (self.last is None or int(event.id) > self.last):
                self.last, self.ended = int(event.id), event.type in _END_EVENTS
                yield JobEvent(self.last, event.type, json.loads(event.data))

    def closes(self) -> None:
        """The server may close a stream at any time; the job's last event ends it."""


@dataclass
class Sound:
    """A job's sound while it is made, from byte `offset` on."""

    job: JobRef
    form: str | None = None
    offset: int = 0
    ended: bool = False

    def ask(self) -> Ask[bytes]:
        params: dict[str, str | int | list[str]] = {"offset": self.offset}
        if self.form is not None:
            params["format"] = self.form
        headers = {"Accept-Encoding": "identity"}
        # The answer begins with the first byte of sound, which may be long after the job was accepted.
        return Ask("GET", path_of(self.job, "audio"), params=params, headers=headers, quiet=_QUIET, waits=True)

    def begins(self, response: httpx.Response) -> bool:
        return response.is_success

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self.offset += len(chunk)
        yield chunk

    def closes(self) -> None:
        self.ended = True


@dataclass
class Download:
    """An artifact's bytes from `offset` on, counted and hashed."""

    artifact: Artifact
    offset: int = 0
    hashed: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def ended(self) -> bool:
        return self.offset >= self.artifact["bytes"]

    def ask(self) -> Ask[bytes]:
        headers = {"Accept-Encoding": "identity"}
        if self.offset:
            headers["Range"] = f"bytes={self.offset}-"
        return Ask("GET", self.artifact["url"], headers=headers)

    def begins(self, response: httpx.Response) -> bool:
        if self.offset and response.status_code != httpx.codes.PARTIAL_CONTENT:
            raise DownloadBroken(f"{self.artifact['id']}: the server does not go on where the download broke off")
        return True

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self.offset += len(chunk)
        self.hashed.update(chunk)
        yield chunk

    def closes(self) -> None:
        """How much there is is known beforehand."""

    def check(self) -> None:
        """DownloadBroken unless these are the bytes that the job made."""
        if self.offset != self.artifact["bytes"] or self.hashed.hexdigest() != self.artifact["sha256"]:
            raise DownloadBroken(f"{self.artifact['id']}: the bytes that came are not those that were stored")


@dataclass
class Polling:
    """A job at each change, by long-polling, until it has ended or its time is over."""

    job: JobRef
    deadline: float | None
    _tag: str = ""
    _hold: int = 0

    def ask(self) -> Ask[Job]:
        # By the entity tag, a change between two requests is told at once.
        headers = {"If-None-Match": self._tag} if self._tag else {}
        return Ask("GET", path_of(self.job), params={"wait": self._hold}, headers=headers, quiet=self._hold + PATIENCE)

    def take(self, response: httpx.Response) -> Job | None:
        """The job, if it has changed."""
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None
        self._tag = response.headers.get("etag", "")
        job: Job = response.json()
        return job

    def over(self, job: Job | None) -> bool:
        """Whether there is nothing more to wait for, or no more time."""
        if job is not None and job["status"] in TERMINAL:
            return True
        self._hold = _HOLD if self.deadline is None else min(_HOLD, math.ceil(self.deadline - time.monotonic()))
        return self._hold <= 0


@dataclass
class Segments:
    """Segments of a transcript out of its job's events; what no event told comes with the result."""

    told: int = 0

    def of_event(self, event: JobEvent) -> list[Segment]:
        found: list[Segment] = event.data["data"].get("segments", []) if event.type == "step.chunk" else []
        self.told += len(found)
        return found

    def of_result(self, segments: list[Segment]) -> list[Segment]:
        """Those that are still to be told."""
        return segments[self.told :]
