"""Ports on this machine."""

from __future__ import annotations

import random
import socket
from pathlib import Path

_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
#: What most systems begin their ephemeral ports with, where the file above is missing.
_USUAL_START = 32768
_FIRST = 15000


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        # As servers do: what merely lingers after a connection does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, never given out again while this process lives; OSError when there is none.

    It lies below the ephemeral ports: a port from among those could become the near end of anybody's connection in
    the seconds before its server has started, or while that server is down between two starts.
    """
    candidates = list(range(_FIRST, _ephemeral_start()))
    random.shuffle(candidates)
    for port in candidates:
        if is_free(host, port) and _claim(port):
            return port
    raise OSError(f"no free port between {_FIRST} and {_ephemeral_start()} on {host}")


def _ephemeral_start() -> int:
    try:
        start = int(_RANGE_FILE.read_text(encoding="ascii").split()[0])
    except FileNotFoundError:
        start = _USUAL_START
    # Some machines give nearly all ports to connections; then there is no better place than the usual one.
    return start if start > _FIRST else _USUAL_START


def _claim(port: int) -> bool:
    """Keeps other processes that ask here at the same time away, until this one ends.

    The name of a Unix socket without a file goes with its last descriptor; a Python object would complain at exit that
    nobody has closed it.
    """
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0harmony-port-{port}")
    except OSError:
        claim.close()
        return False
    claim.detach()
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
