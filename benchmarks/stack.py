"""The systems under test, started as users start them, alone on the machine while they are measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import psutil

from harmony.background import BackgroundStack
from tests.services.postgres import Postgres
from tests.services.valkey import Valkey

Database = Literal["sqlite", "postgresql"]
DATABASES: tuple[Database, ...] = ("sqlite", "postgresql")

#: What every figure of these stacks was measured with.
DURABILITY: Mapping[str, str] = {
    "sqlite": "SQLite WAL, synchronous=FULL where a job is accepted or ends, NORMAL for claims and publications; "
    "Valkey append-only file, fsync every second",
    "postgresql": "PostgreSQL, fsync and synchronous_commit on; Valkey append-only file, fsync every second",
    "raw": "no database; Valkey append-only file, fsync every second",
}

#: Programs of the stack by what their command line has behind `-m`.
API, DISPATCHER, SLOT = "api", "workers.dispatcher", "workers.slot"


@contextmanager
def product(database: Database, settings: Mapping[str, str] | None = None) -> Iterator[BackgroundStack]:
    """`harmony up` with its defaults (one `cpu`, one `io` and one `webhook` slot) on data of its own."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        env = dict(settings or {})
        if database == "postgresql":
            server = Postgres().start()
            stack.callback(server.destroy)
            env["HARMONY_DATABASE_URL"] = server.databases.fresh()
        yield stack.enter_context(BackgroundStack(folder / "data", folder / "log", env=env))


@contextmanager
def raw_broker() -> Iterator[str]:
    """The bare queue's broker, by the product's own command; its URL."""
    with scratch() as folder, Valkey(folder / "valkey") as valkey:
        yield valkey.url


@contextmanager
def raw_slots(broker: str) -> Iterator[None]:
    """The bare queue's workers, one slot on `cpu` and one on `io`."""
    with scratch() as folder, (folder / "log").open("ab") as log:
        slots = [_raw_slot(queue, broker, log.fileno()) for queue in ("cpu", "io")]
        try:
            yield
        finally:
            for slot in slots:
                # Parent and child; they hold nothing that is worth a graceful end.
                os.killpg(slot.pid, signal.SIGKILL)
                slot.wait()


def _raw_slot(queue: str, broker: str, log: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.raw_slot", queue],
        env={**os.environ, "HARMONY_BROKER_URL": broker},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the disk that the checkout is on: a RAM disk would make every fsync free."""
    home = Path("bench-output").resolve()
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=home, ignore_cleanup_errors=True) as name:
        yield Path(name)


def processes(stack: BackgroundStack, module: str, *, queue: str = "") -> list[psutil.Process]:
    """The stack's process that runs `module` (on `queue`), and its children: a slot's parent comes first."""
    for process in psutil.Process(stack.pid).children():
        command = process.cmdline()
        if module in command and (not queue or queue in command):
            return [process, *process.children()]
    raise LookupError(f"the stack has no process {module} {queue}".rstrip())
