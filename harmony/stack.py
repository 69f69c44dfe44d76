"""The one-machine stack as a list: which programs it has, with which environment, and in which order they stop."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.settings import ApiSettings
from harmony.processes import Program
from harmony.settings import given_names
from harmony.valkey import valkey_binary, valkey_command, valkey_url
from pipelines.catalog import WEBHOOK_QUEUE, load_catalog
from storage.settings import StorageSettings


class StackError(Exception):
    """The stack cannot be started; the sentence says why and what to do."""


@dataclass(frozen=True)
class StackOptions:
    """Where the stack listens, keeps its data and finds its models; `slots` counts slots by queue."""

    host: str
    port: int
    broker_port: int
    data_dir: Path
    config: Path
    slots: Mapping[str, int]

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def parse_slots(text: str | None, config: Path) -> dict[str, int]:
    """`cpu=2,io=1` as a table; what it leaves out has one slot for each queue of the catalog, and one for webhooks."""
    slots = dict.fromkeys((*load_catalog(config).queues, WEBHOOK_QUEUE), 1)
    for item in (text or "").split(","):
        queue, _, count = item.strip().partition("=")
        if not queue:
            continue
        if queue not in slots:
            raise StackError(f"--slots: no queue {queue!r}; the queues of {config.name} are {', '.join(slots)}")
        if not count.isdecimal() or int(count) < 1:
            raise StackError(f"--slots: {item.strip()!r} is not QUEUE=COUNT with a count of at least 1")
        slots[queue] = int(count)
    return slots


def programs(options: StackOptions) -> list[list[Program]]:
    """Every program, in groups that stop together: who takes work in, who does it, who hands it out, who carries it."""
    env = environment(options)
    python = [sys.executable, "-m"]
    groups = [
        [Program("api", [*python, "api"], env, stop_limit=ApiSettings().drain_seconds + _patience())],
        [program for queue, count in options.slots.items() for program in _slots(queue, count, env)],
        [Program("dispatcher", [*python, "workers.dispatcher"], env, stop_limit=5)],
    ]
    if _own_broker():
        folder = options.data_dir / "valkey"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = valkey_command(valkey_binary(), port=options.broker_port, directory=folder)
        groups.append([Program("valkey", command, stop_limit=5)])
    return groups


def environment(options: StackOptions) -> dict[str, str]:
    """What every process of the stack is told beside what the operator's environment says."""
    env = {
        "HARMONY_DATA_DIR": str(options.data_dir),
        "HARMONY_CONFIG": str(options.config),
        "HARMONY_HOST": options.host,
        "HARMONY_PORT": str(options.port),
        # Lines appear when they are printed, not when a buffer is full.
        "PYTHONUNBUFFERED": "1",
    }
    if _own_broker():
        env["HARMONY_BROKER_URL"] = valkey_url(options.broker_port)
    if "HARMONY_PUBLIC_URL" not in given_names():
        env["HARMONY_PUBLIC_URL"] = options.address
    return env


def _own_broker() -> bool:
    return "HARMONY_BROKER_URL" not in given_names()


def _patience() -> float:
    """How long a program may take that lets its work end, in seconds."""
    return StorageSettings().shutdown_seconds + 5


def _slots(queue: str, count: int, env: Mapping[str, str]) -> list[Program]:
    # The models' slots share the cores; fetching, decoding and posting do with one thread each.
    cores = len(os.sched_getaffinity(0))
    threads = max(1, cores // count) if queue.partition(".")[0] == "cpu" else 1
    patience = _patience()
    made = []
    for number in range(1, count + 1):
        name = f"{queue}-{number}"
        command = [sys.executable, "-m", "workers.slot", "--queue", queue, "--name", name]
        made.append(Program(name, command, {**env, "HARMONY_THREADS": str(threads)}, stop_limit=patience))
    return made
