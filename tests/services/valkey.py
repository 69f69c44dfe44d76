"""The broker, started by the product's own command."""

from __future__ import annotations

import socket
from pathlib import Path

from harmony.valkey import valkey_binary, valkey_command, valkey_url
from tests.services.process import HOST, Service, ServiceFailed


class Valkey(Service):
    """A Valkey server; with `appendonly` it keeps its data over restarts and kills."""

    name = "valkey"

    def __init__(self, folder: Path, *, appendonly: bool = True) -> None:
        super().__init__(folder)
        self.appendonly = appendonly

    @property
    def url(self) -> str:
        return valkey_url(self.port)

    def command(self) -> list[str]:
        return valkey_command(
            valkey_binary(), port=self.port, directory=self.folder.resolve(), appendonly=self.appendonly
        )

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def flushed_url(port: int, database: int) -> str:
    """Empties one numbered database of a running server; returns its URL."""
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(f"SELECT {database}\r\nFLUSHDB\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2:
            part = connection.recv(64)
            if not part:
                break
            answer += part
    if answer != b"+OK\r\n+OK\r\n":
        raise ServiceFailed(f"valkey does not empty database {database}")
    return valkey_url(port, database)
