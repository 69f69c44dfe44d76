"""Runs the one-machine stack: `harmony up`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from harmony.datadir import locked
from harmony.output import Prefixer
from harmony.ports import free_port, is_free
from harmony.processes import Supervisor
from harmony.readiness import wait_until_ready
from harmony.stack import StackError, StackOptions, parse_slots, programs

#: Seconds after which the supervisor says that it still waits.
_PATIENCE = 60


def up(*, host: str, port: int, data_dir: Path, config: Path, slots: str | None) -> None:
    """Runs the stack until SIGINT or SIGTERM; port 0 takes a free one. StackError, DataDirInUse, CatalogError."""
    config = config.resolve()
    counts = parse_slots(slots, config)
    with locked(data_dir):
        port = port or free_port(host)
        if not is_free(host, port):
            raise StackError(f"port {port} on {host} is in use by another program; --port 0 takes a free one")
        options = StackOptions(host, port, free_port(), data_dir.resolve(), config, counts)
        _migrate(options.data_dir)
        asyncio.run(_Stack(options).run())


def _migrate(data_dir: Path) -> None:
    from migrations import upgrade
    from storage.settings import StorageSettings

    upgrade(StorageSettings(data_dir=data_dir).url)


class _Stack:
    def __init__(self, options: StackOptions) -> None:
        self._options = options
        groups = programs(options)
        self._print = Prefixer(max(len(program.name) for group in groups for program in group))
        self._groups = [[Supervisor(program, self._print) for program in group] for group in groups]
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        # All at once; a slot that is up before its broker waits for it.
        for supervisor in self._everyone():
            supervisor.start()
        herald = asyncio.create_task(self._announce())
        await self._stop.wait()
        herald.cancel()
        for group in self._groups:
            await asyncio.gather(*(supervisor.stop() for supervisor in group))
        self._print.plain("Harmony has stopped")

    def _everyone(self) -> list[Supervisor]:
        return [supervisor for group in reversed(self._groups) for supervisor in group]

    def _on_signal(self) -> None:
        if self._stop.is_set():
            # Asked twice: no more patience.
            for supervisor in self._everyone():
                supervisor.kill()
        self._stop.set()

    async def _announce(self) -> None:
        ready = asyncio.create_task(wait_until_ready(self._options.host, self._options.port))
        done, _ = await asyncio.wait({ready}, timeout=_PATIENCE)
        if not done:
            self._print.plain(f"Not ready after {_PATIENCE} s: {self._options.address}/readyz says what is missing")
            await ready
        self._print.plain(f"Harmony is ready at {self._options.address}")
