"""Thousands of connections from one process, and how large another process gets meanwhile."""

from __future__ import annotations

import resource
import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: Open files that are not connections.
_OTHER_FILES = 200
MEBIBYTE = 2**20


def as_many_as(wanted: int) -> int:
    """So many connections, or as many as this process may open; says so where those are fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < needed:
        print(f"{soft - _OTHER_FILES} connections instead of {wanted}: RLIMIT_NOFILE is {hard} here")  # noqa: T201 - for whoever reads the figures
    return min(wanted, soft - _OTHER_FILES)


class Peak:
    """The resident memory of a process, from now on."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        # Forgets the largest size until now (proc(5), clear_refs).
        (self._folder / "clear_refs").write_text("5")
        self.before = self._kibibytes("VmRSS")

    @property
    def grown(self) -> float:
        """By how many MiB the process was larger at its largest."""
        return (self._kibibytes("VmHWM") - self.before) / 1024

    def __str__(self) -> str:
        return f"{self.before / 1024:.0f} MiB before, +{self.grown:.1f} MiB at the peak"

    def _kibibytes(self, name: str) -> int:
        status = (self._folder / "status").read_text()
        return int(status.split(f"{name}:")[1].split()[0])


@dataclass
class Flood:
    """Connections that are all open before the first one sends."""

    address: str
    count: int
    sockets: list[socket.socket] = field(default_factory=list)

    def open(self) -> None:
        """Connects one after the other."""
        host, _, port = urlsplit(self.address).netloc.rpartition(":")
        for _ in range(self.count):
            self.sockets.append(socket.create_connection((host, int(port)), timeout=30))

    def ask(self, requests: Sequence[bytes]) -> None:
        """Each sends its request."""
        for raw, request in zip(self.sockets, requests, strict=True):
            raw.sendall(request)

    def answers(self, seconds: float) -> list[bytes]:
        """The beginning of each answer, empty where the connection ended without; whoever hangs is missing."""
        found: list[bytes] = []
        with selectors.DefaultSelector() as waiting:
            for raw in self.sockets:
                raw.setblocking(False)
                waiting.register(raw, selectors.EVENT_READ)
            end = time.monotonic() + seconds
            while waiting.get_map() and time.monotonic() < end:
                for key, _ in waiting.select(timeout=1.0):
                    answering = key.fileobj
                    assert isinstance(answering, socket.socket)
                    try:
                        found.append(answering.recv(4096))
                    except ConnectionResetError:
                        found.append(b"")
                    waiting.unregister(answering)
        return found

    def close(self) -> None:
        for raw in self.sockets:
            raw.close()


def statuses(answers: Sequence[bytes]) -> Counter[int]:
    """How often each status came; 0 is a connection that ended without an answer."""
    return Counter(int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0 for answer in answers)
