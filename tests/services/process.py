"""A real server as our own child: started on a free loopback port, awaited, stopped or killed by its pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from harmony.ports import free_port

HOST = "127.0.0.1"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
POLL = 0.02


class ServiceFailed(RuntimeError):
    """A server did not start or stop; holds the end of its log. Never a reason to skip a test."""


def accepts(port: int) -> bool:
    """Whether something listens on a loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


class Service(ABC):
    """One server with its data under `folder`; the port stays the same over restarts."""

    name: str
    #: Ends the shared server of a run, whose data nobody needs.
    quick_stop: signal.Signals = signal.SIGKILL

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process, which is our child."""
        if self._process is None:
            raise ServiceFailed(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Returns when the server answers; raises ServiceFailed with its log if it does not within a minute."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        user, group = self.account()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                user=user,
                group=group,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-3000:]
                self.kill()
                raise ServiceFailed(f"{self.name} did not start:\n{tail}")
            time.sleep(POLL)
        return self

    def stop(self) -> None:
        """Ends it as its manual says; fine if it does not run."""
        self._end(self.stop_signal())

    def kill(self) -> None:
        """SIGKILL; fine if it does not run."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP, as a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> Self:
        """Stops it if it runs, and starts it on the same port and data."""
        self.stop()
        return self.start()

    def prepare(self) -> None:  # noqa: B027 - most servers need nothing
        """What must be there before the server starts."""

    def account(self) -> tuple[int | None, int | None]:
        """User and group to run as; None stays what we are."""
        return None, None

    def stop_signal(self) -> signal.Signals:
        return signal.SIGTERM

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments; it stays in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client would be served now."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            # A frozen process takes no signal but SIGKILL until it goes on.
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise ServiceFailed(f"{self.name} did not stop on {how.name}") from error
        finally:
            self._process = None
