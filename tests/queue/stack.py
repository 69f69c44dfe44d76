"""A deployment for tests: a real broker, and the processes that users start, killed, frozen and restarted by name."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import redis
from sqlalchemy import Row, delete, func, select, update

from harmony.ports import free_port
from migrations import upgrade
from pipelines.catalog import Catalog, load_catalog
from pipelines.errors import Conflict
from pipelines.ids import new_id
from pipelines.jobs import Phase, Priority
from pipelines.planning import Limits, plan
from pipelines.requests import parse_request
from storage import submitting
from storage.cancelling import cancel_job
from storage.changes import Changes
from storage.database import Database, db_now
from storage.jobs import JobStore
from storage.local import LocalArtifacts
from storage.queries import JobReader, JobRows
from storage.slots import live_slots
from storage.submitting import NewArtifact, Submission
from storage.tables import jobs
from tests.queue.parts import Part
from tests.services.valkey import Valkey
from workers.app import PRIORITY_STEPS
from workers.contract import Audio
from workers.wav import write_wav

T = TypeVar("T")

#: From a failure to the next claim the design allows 15 s; a machine that runs other things too gets some more.
RECOVERY = 25.0
DISPATCHER = "dispatcher"


KINDS = {
    "sqlite": pytest.param("sqlite", marks=[pytest.mark.queue, pytest.mark.xdist_group("queue-sqlite")]),
    "postgresql": pytest.param(
        "postgresql",
        marks=[pytest.mark.queue, pytest.mark.services, pytest.mark.xdist_group("queue-postgresql")],
    ),
}


def on(kind: str) -> pytest.MarkDecorator:
    """Runs a test on one kind of database only: what it tests is the same on both."""
    return pytest.mark.parametrize("deployment", [KINDS[kind]], indirect=True)


class Stack:
    """The deployment. Parts are made by name at first use and live until `close`."""

    def __init__(self, folder: Path, database_url: str, more: Mapping[str, str] | None = None) -> None:
        """`more` is added to the environment of every process."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        config = folder / "config.yml"
        config.write_text("models: [{name: tone, family: tone}]\n", encoding="utf-8")
        upgrade(database_url)
        self.valkey = Valkey(folder / "valkey")
        self.valkey.start()
        self.url = database_url
        self.database = Database(database_url)
        self.jobs, self.reader = JobStore(self.database), JobReader(self.database)
        self.artifacts = LocalArtifacts(folder / "data")
        self.catalog: Catalog = load_catalog(config)
        self.broker = redis.Redis.from_url(self.valkey.url)
        self._changes = Changes(database_url)
        self._parts: dict[str, Part] = {}
        #: Receivers of webhooks listen here; the stack may call them though they are private.
        self.ports = (free_port(), free_port())
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HARMONY_")}
        self._environment = {
            **inherited,
            "HARMONY_DATA_DIR": str(folder / "data"),
            "HARMONY_DATABASE_URL": database_url,
            "HARMONY_BROKER_URL": self.valkey.url,
            "HARMONY_CONFIG": str(config),
            "HARMONY_CACHE_DIR": str(folder / "cache"),
            "HARMONY_THREADS": "1",
            "HARMONY_SHUTDOWN_SECONDS": "2",
            "HARMONY_EGRESS_ALLOW": ",".join(f"127.0.0.1:{port}" for port in self.ports),
            **(more or {}),
        }

    # ------------------------------------------------------------------------------------------------ parts

    def dispatcher(self, name: str = DISPATCHER, **settings: str) -> Part:
        """The dispatcher of that name, running; `settings` are variables without their prefix."""
        return self._part(name, ["workers.dispatcher"], {f"HARMONY_{key.upper()}": to for key, to in settings.items()})

    def slot(self, name: str, *queues: str, **settings: str) -> Part:
        """The slot of that name, running; its queue is its name's beginning unless given.

        `settings` are variables without their prefix, heard when the name is used for the first time.
        """
        command = ["workers.slot", "--queue", ",".join(queues or (name.split("-", 1)[0],)), "--name", name]
        return self._part(name, command, {f"HARMONY_{key.upper()}": to for key, to in settings.items()})

    def api(self, name: str, port: int, **settings: str) -> Part:
        """The API of that name on `port`, started; `settings` are variables without their prefix."""
        more = {f"HARMONY_{key.upper()}": value for key, value in settings.items()}
        return self._part(name, ["api"], {"HARMONY_PORT": str(port), **more})

    def of_another_tree(self, name: str, tree: Path, *module: str) -> Part:
        """A part that runs the code in `tree`."""
        if name not in self._parts:
            environment = {**self._environment, "PYTHONPATH": str(tree)}
            command = [sys.executable, "-m", *module]
            self._parts[name] = Part(name, command, environment, self._folder / f"{name}.log", tree)
        return self._part(name, [])

    def freeze(self, part: Part) -> None:
        """SIGSTOP between two of its transactions: on SQLite a process frozen inside one would lock all others out."""
        with self.database.write():
            part.freeze()

    def base(self) -> None:
        """Sees that the usual parts run: a dispatcher and one slot each for `cpu` and `io`."""
        for part in self._parts.values():
            if part.running:
                part.thaw()
        if not self.valkey.running:
            self.valkey.start()
        self.dispatcher()
        self.slot("cpu-1")
        self.slot("io-1")
        self.until(lambda: {"cpu", "io"} <= self.live().keys(), 60, "the slots to live")

    def only(self, *names: str) -> None:
        """Stops every other part, so that a test finds what it expects."""
        for part in self._parts.values():
            if part.running:
                part.thaw()
        others = [part for name, part in self._parts.items() if name not in names]
        with ThreadPoolExecutor(max(1, len(others))) as threads:
            # Side by side: each takes a second or two to leave in order.
            list(threads.map(Part.stop, others))

    def live(self) -> dict[str, int]:
        """Live slots by queue."""
        with self.database.read() as connection:
            return dict(live_slots(connection))

    def _part(self, name: str, module: list[str], more: Mapping[str, str] | None = None) -> Part:
        if name not in self._parts:
            command = [sys.executable, "-m", *module]
            self._parts[name] = Part(name, command, {**self._environment, **(more or {})}, self._folder / f"{name}.log")
        if not self._parts[name].running:
            self._parts[name].start()
        return self._parts[name]

    def close(self) -> None:
        """Ends every process and connection."""
        self.only()
        self._changes.close()
        self.broker.close()
        self.database.close()
        self.valkey.kill()

    def logs(self) -> str:
        """The end of what every part printed: for the report of a test that failed."""
        return "\n".join(f"--- {name}\n{part.log()[-3000:]}" for name, part in self._parts.items())

    # ------------------------------------------------------------------------------------------------- jobs

    def tone(self, **more: Any) -> str:
        """A speech job of the `tone` family; `more` are its options, and fields of the request."""
        return self.submit(self.speech(**more))

    def speech(self, text: str = "hello", priority: str = "normal", **more: Any) -> Submission:
        """The same, not submitted yet."""
        webhook = more.pop("webhook", None)
        return self._submission(
            {"kind": "speech", "input": {"text": text}, "options": more, "priority": priority, "webhook": webhook}
        )

    def transcription(self, audio: NewArtifact, **options: Any) -> Submission:
        """A transcription of stored audio, not submitted yet."""
        body = {"kind": "transcription", "input": {"audio": {"artifact": "art_given"}}, "options": options}
        return self._submission(body, [audio])

    def _submission(self, body: dict[str, Any], inputs: Sequence[NewArtifact] = ()) -> Submission:
        request = parse_request(body)
        found = plan(request, self.catalog, Limits())
        webhook = None if request.webhook is None else request.webhook.model_dump(mode="json")
        return Submission(
            new_id("job"),
            request.kind,
            found.model.name,
            found.voice,
            found.plan,
            Priority[request.priority.upper()],
            body,
            webhook=webhook,
            inputs=inputs,
        )

    def submit(self, submission: Submission) -> str:
        """Accepts a job as the API does; its id."""
        return self.jobs.submit(submission).id

    def submit_all(self, submissions: Sequence[Submission]) -> list[str]:
        """Accepts many, a hundred to a transaction."""
        for start in range(0, len(submissions), 100):
            with self.database.write() as connection:
                for submission in submissions[start : start + 100]:
                    submitting.submit(connection, submission)
        return [submission.id for submission in submissions]

    def forget_waiting(self) -> None:
        """Removes the jobs that wait: thousands are not worth cancelling one by one."""
        with self.database.write() as connection:
            connection.execute(delete(jobs).where(jobs.c.phase == Phase.WAITING))

    def cancel_rest(self) -> None:
        """Cancels whatever has not ended, and waits for its end."""
        with self.database.read() as connection:
            left = list(connection.scalars(select(jobs.c.id).where(jobs.c.phase != Phase.ENDED)))
        for start in range(0, len(left), 100):
            with self.database.write() as connection:
                for job_id in left[start : start + 100]:
                    with suppress(Conflict):
                        cancel_job(connection, job_id)
        self.ends(left)

    def row(self, job_id: str) -> Row[Any]:
        """The job's row."""
        with self.database.read() as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def get(self, job_id: str) -> JobRows:
        """The job with its steps and results."""
        rows = self.reader.get(job_id)
        assert rows is not None
        return rows

    def let_time_pass(self, job_id: str) -> None:
        """As if the running step had used up its time some seconds ago."""
        with self.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(run_limit_at=db_now() - 5.0))

    def standing(self, queue: str) -> int:
        """Jobs that stand at a queue by their rows: published and unclaimed, or claimed."""
        with self.database.read() as connection:
            query = select(func.count()).where(
                jobs.c.queue == queue, jobs.c.phase.in_([Phase.PUBLISHED, Phase.CLAIMED])
            )
            return connection.scalar(query) or 0

    def done_of(self, job_ids: Sequence[str], most: int) -> int:
        """How many of the first `most` jobs have succeeded."""
        with self.database.read() as connection:
            query = select(func.count()).where(jobs.c.id.in_(job_ids[:most]), jobs.c.status == "succeeded")
            return connection.scalar(query) or 0

    def history(self, job_id: str) -> list[str]:
        """The types of its events; their numbers must have no gap."""
        events = self.reader.events(job_id, 0)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return [event.type for event in events]

    def sound(self) -> NewArtifact:
        """A second of sound in the store."""
        made = write_wav(Audio(np.sin(np.arange(8000, dtype=np.float32) / 5) * np.float32(0.3), 8000))
        stored = self.artifacts.put_bytes("inputs/second.wav", made, media_type="audio/wav")
        return NewArtifact("audio", "inputs/second.wav", "audio/wav", stored.bytes, stored.sha256)

    # ----------------------------------------------------------------------------------------------- broker

    def depth(self, queue: str) -> int:
        """Messages that wait on a queue, over all its priorities."""
        lists = (queue, *(f"{queue}\x06\x16{priority}" for priority in PRIORITY_STEPS if priority))
        return sum([self.broker.llen(name) for name in lists])

    def unacknowledged(self) -> int:
        """Messages that a slot has taken and not answered for."""
        return self.broker.hlen("unacked")

    def broker_seen(self) -> bool:
        """Whether the dispatcher says that the broker answers."""
        seen = self.reader.dispatcher()
        return seen is not None and bool(seen.broker_ok)

    # ---------------------------------------------------------------------------------------------- waiting

    def until(self, true: Callable[[], T], seconds: float, what: str) -> T:
        """Waits for commits, and looks after each (and four times a second) whether it is so; its value."""
        end = time.monotonic() + seconds
        while not (value := true()):
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds:g} s for {what}\n{self.logs()}")
            self._changes.wait(0.25)
        return value

    def happens(self, job_id: str, event: str, seconds: float = 30.0, *, times: int = 1) -> float:
        """When (wall clock) `event` of the job happened for the `times`-th time."""

        def found() -> float | None:
            events = [row.at for row in self.reader.events(job_id, 0) if row.type == event]
            return float(events[times - 1]) if len(events) >= times else None

        at = self.until(found, seconds, f"{event} of {job_id}")
        assert at is not None
        return at

    def ends(self, job_ids: Sequence[str], seconds: float = 60.0) -> list[str]:
        """The jobs' statuses once all have ended."""

        def left() -> int:
            with self.database.read() as connection:
                query = select(func.count()).select_from(jobs)
                return connection.scalar(query.where(jobs.c.id.in_(job_ids), jobs.c.phase != Phase.ENDED)) or 0

        self.until(lambda: left() == 0, seconds, "the jobs to end")
        return [self.row(job_id).status for job_id in job_ids]

    def holder(self, job_id: str) -> int:
        """The pid of the child that holds the job's step."""
        owner = self.until(lambda: self.row(job_id).lease_owner, 30, "a claim")
        return int(owner.rsplit(":", 2)[1])
