"""The two deployments under test, made of the processes that users start, each to be killed and frozen by its name.

`one_machine`: SQLite, Valkey with its append-only file, artifacts in a folder. `production`: PostgreSQL, Valkey (also
without the file), SeaweedFS as the S3 store. Members: `api`, `dispatcher-1` and `dispatcher-2` (one leads), `cpu-1`,
`cpu-2`, `io-1`, `io-2`, `webhook-1`. Services: `broker`, `database`, `store`.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeVar

import httpx
import redis

from chaos.disk import SmallDisk
from chaos.members import ROOT, Keeper, Member
from harmony.ports import free_port
from harmony.stack import StackOptions, programs
from migrations import upgrade
from pipelines.errors import HarmonyError
from storage.artifacts import ArtifactStore, artifact_store
from storage.database import Database
from storage.jobs import JobStore
from storage.queries import JobReader
from storage.settings import StorageSettings
from storage.slots import live_slots
from tests.services.postgres import Postgres
from tests.services.process import Service
from tests.services.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY, SeaweedFS
from tests.services.valkey import Valkey

_T = TypeVar("_T")

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")

#: At least two slots on each queue that jobs walk, so that one can go on when the other is lost.
SLOTS: Mapping[str, int] = {"cpu": 2, "io": 2, "webhook": 1}
DISPATCHERS = ("dispatcher-1", "dispatcher-2")
CONFIG = """\
models:
  - {name: tone, family: tone}
  - {name: silero-vad, family: silero_vad, weights: v6}
"""

_READY_SECONDS = 180.0
_LOOK_SECONDS = 0.1
_HELD_SECONDS = 0.3


class Stack:
    """A running deployment. `database`, `reader`, `jobs`, `artifacts`, `broker` are the harness's own connections."""

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        services: Mapping[str, Service],
        env: Mapping[str, str],
        *,
        slots: Mapping[str, int] = SLOTS,
        disk: SmallDisk | None = None,
    ) -> None:
        self.folder, self.kind, self.services, self.disk = folder, kind, dict(services), disk
        self.slots = dict(slots)
        config = folder / "config.yml"
        config.write_text(CONFIG, encoding="utf-8")
        options = StackOptions("127.0.0.1", free_port(), 0, folder / "data", config, slots)
        self.address = options.address
        self.broker_url = services["broker"].url
        self.env = {**_inherited(), "HARMONY_SHUTDOWN_SECONDS": "5", "HARMONY_BROKER_URL": self.broker_url, **env}
        self.appendonly = isinstance(services["broker"], Valkey) and services["broker"].appendonly
        self.keeper = Keeper()
        for program in (program for group in programs(options) for program in group):
            for name in DISPATCHERS if program.name == "dispatcher" else (program.name,):
                if name != "valkey":
                    self._add(name, program.command, program.env)
        self.settings = _settings(self.members["api"].env)
        upgrade(self.settings.url)
        self.database = Database(self.settings.url)
        self.reader, self.jobs = JobReader(self.database), JobStore(self.database)
        self.artifacts: ArtifactStore = artifact_store(self.settings)
        self.broker = redis.Redis.from_url(self.broker_url, socket_timeout=5, socket_connect_timeout=2)

    def _add(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        # The broker of a stack is a service here, so what `programs` says of its own broker does not hold.
        own = {key: value for key, value in env.items() if key != "HARMONY_BROKER_URL"}
        self.keeper.add(Member(name, command, {**self.env, **own}, self.folder / f"{name}.log"))

    # ------------------------------------------------------------------------------------------------- members

    @property
    def members(self) -> Mapping[str, Member]:
        """The processes by name; each is started again when it ends, after `harmony up`'s back-off."""
        return self.keeper.members

    def start(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Starts members (all by default); `env` is added to what they had, and stays until they are started anew."""
        for name in names or tuple(self.members):
            member = self.members[name]
            member.env = {**member.env, **(env or {})}
            self.keeper.start(name)

    def stop(self, *names: str) -> None:
        """SIGTERM, as an operator's restart begins; they stay away until `start`."""
        for name in names:
            self.keeper.stop(name)

    def kill(self, name: str) -> bool:
        """SIGKILL to the member itself, as the kernel does it; it is started again by the keeper. False: not there."""
        return self.members[name].signal(signal.SIGKILL)

    def kill_child(self, name: str) -> bool:
        """SIGKILL to the process of a slot that runs its steps; its parent starts another."""
        pid = self.members[name].child()
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def freeze(self, name: str) -> bool:
        """SIGSTOP to the member and all it started.

        On SQLite between two of its transactions: frozen inside one, it would lock all others out of the file.
        """
        with self.writes_held():
            return self.members[name].signal(signal.SIGSTOP, whole=True)

    @contextmanager
    def writes_held(self) -> Iterator[None]:
        """On SQLite, nobody is inside a transaction, and a step that just ended stands right before writing its end.

        That is where a freeze hurts most: whoever wakes there writes at once, asking nobody.
        """
        if self.kind != "sqlite":
            yield
            return
        with self.database.write():
            time.sleep(_HELD_SECONDS)
            yield

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        self.members[name].signal(signal.SIGCONT, whole=True)

    def leader(self) -> str | None:
        """The dispatcher that leads by the rows, None while nobody does."""
        seen = self.reader.dispatcher()
        owner = None if seen is None else seen.owner
        pid = owner.split(":")[1] if owner else ""
        return next((name for name in DISPATCHERS if str(self.members[name].pid) == pid), None)

    # ------------------------------------------------------------------------------------------------- readiness

    def live(self) -> dict[str, int]:
        """Live slots by queue."""
        with self.database.read() as connection:
            return dict(live_slots(connection))

    def ready(self) -> bool:
        """Whether /readyz says yes and every slot is live."""
        with suppress(httpx.HTTPError, HarmonyError):
            live = self.live()
            if all(live.get(queue, 0) >= count for queue, count in self.slots.items()):
                return httpx.get(f"{self.address}/readyz", timeout=5).is_success
        return False

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once `ready`; TimeoutError with what the members printed last."""
        self.until(self.ready, seconds, "the stack to be ready")

    def until(self, true: Callable[[], _T], seconds: float, what: str) -> _T:
        """Looks ten times a second whether it is so; its value."""
        end = time.monotonic() + seconds
        while not (value := true()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds:g} s for {what}\n{self.logs()}")
            time.sleep(_LOOK_SECONDS)
        return value

    def logs(self, characters: int = 2000) -> str:
        """The end of what every member printed."""
        return "\n".join(f"--- {name}\n{member.log()[-characters:]}" for name, member in self.members.items())

    def close(self) -> None:
        """Ends the members and the harness's connections; the services end with their context."""
        self.keeper.close()
        self.broker.close()
        self.database.close()
        close = getattr(self.artifacts, "close", None)
        if close is not None:
            close()


@contextmanager
def one_machine(
    folder: Path,
    *,
    slots: Mapping[str, int] = SLOTS,
    env: Mapping[str, str] | None = None,
    disk_mb: int | None = None,
    start: bool = True,
) -> Iterator[Stack]:
    """SQLite, Valkey with its append-only file, artifacts in a folder (on a disk of `disk_mb`, if mounting works)."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        disk = stack.enter_context(SmallDisk(folder / "data" / "artifacts", disk_mb)) if disk_mb else None
        broker = stack.enter_context(_killed_at_the_end(Valkey(folder / "valkey")))
        made = Stack(folder, "sqlite", {"broker": broker}, env or {}, slots=slots, disk=disk)
        stack.callback(made.close)
        if start:
            made.start()
            made.wait_ready()
        yield made


@contextmanager
def production(
    folder: Path,
    *,
    slots: Mapping[str, int] = SLOTS,
    env: Mapping[str, str] | None = None,
    appendonly: bool = True,
    start: bool = True,
) -> Iterator[Stack]:
    """PostgreSQL, Valkey with or without its append-only file, SeaweedFS."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        broker = stack.enter_context(_killed_at_the_end(Valkey(folder / "valkey", appendonly=appendonly)))
        # In a folder of its own under /tmp: as root it runs as `nobody`, who may not enter everybody's folders.
        database = Postgres().start()
        stack.callback(database.destroy)
        store = stack.enter_context(_killed_at_the_end(SeaweedFS(folder / "seaweedfs")))
        given = {
            "HARMONY_DATABASE_URL": database.databases.fresh(),
            "HARMONY_ARTIFACTS": "s3",
            "HARMONY_S3_ENDPOINT": store.url,
            "HARMONY_S3_BUCKET": BUCKET,
            "HARMONY_S3_ACCESS_KEY": ACCESS_KEY,
            "HARMONY_S3_SECRET_KEY": SECRET_KEY,
        }
        services: dict[str, Service] = {"broker": broker, "database": database, "store": store}
        made = Stack(folder, "postgresql", services, {**given, **(env or {})}, slots=slots)
        stack.callback(made.close)
        if start:
            made.start()
            made.wait_ready()
        yield made


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that the checkout is on, gone at the end."""
    home = ROOT / "bench-output"
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=home, ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _killed_at_the_end(service: Service) -> Iterator[Service]:
    service.start()
    try:
        yield service
    finally:
        service.kill()


def _inherited() -> dict[str, str]:
    """Our environment without the settings of whoever runs this."""
    kept = {"HARMONY_CACHE_DIR"}
    return {name: value for name, value in os.environ.items() if not name.startswith("HARMONY_") or name in kept}


def _settings(env: Mapping[str, str]) -> StorageSettings:
    """The settings that a member gets from its environment."""
    given = {name.removeprefix("HARMONY_").lower(): value for name, value in env.items() if name.startswith("HARMONY_")}
    known = {name: value for name, value in given.items() if name in StorageSettings.model_fields}
    return StorageSettings.model_validate(known)
