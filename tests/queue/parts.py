"""One process of a deployment under test, and a thread that samples what it does."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


class Part:
    """One process of the deployment, in a group of its own."""

    def __init__(
        self, name: str, command: Sequence[str], environment: dict[str, str], log: Path, tree: Path = ROOT
    ) -> None:
        self.name = name
        self._tree = tree
        self._command, self._environment, self._log = command, environment, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._tree,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to the process itself, as the kernel does it; what it started must end by its own means."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def terminate(self) -> None:
        """SIGTERM, as an operator sends it; `ended` waits for what follows."""
        assert self._process is not None
        self._process.terminate()

    def ended(self, seconds: float) -> int:
        """The exit status of a process that ends within `seconds`."""
        assert self._process is not None
        return self._process.wait(seconds)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is left after 10 s; for the end of a test."""
        if not self.running or self._process is None:
            return
        family = self._family()
        self._process.terminate()
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()
        self._process.wait(10)

    def freeze(self) -> None:
        """SIGSTOP to the process and all it started, as a machine that hangs; see Stack.freeze."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def log(self) -> str:
        """What it has printed, from the beginning."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _signal(self, how: signal.Signals) -> None:
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)

    def _family(self) -> list[psutil.Process]:
        me = psutil.Process(self.pid)
        return [me, *me.children(recursive=True)]


class Sampler:
    """Looks at something all the time from a thread of its own, and keeps every value."""

    def __init__(self, look: Callable[[], int], every: float = 0.01) -> None:
        self.values: list[int] = []
        self._look, self._every = look, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.values.append(self._look())

    @contextmanager
    def running(self) -> Iterator[Sampler]:
        """Samples during the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join(10)
