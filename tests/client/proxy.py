"""A real connection that breaks off where a test says so: a proxy in front of a server, one rule per connection."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterable
from typing import Self
from urllib.parse import urlsplit

#: Bytes of the answer that pass before the connection is reset; or an answer of the proxy's own; or everything passes.
Rule = int | bytes | None


class Proxy:
    """Listens while it is entered. Connections beyond the rules pass whole."""

    def __init__(self, url: str = "", rules: Iterable[Rule] = ()) -> None:
        self.lead_to(url)
        self._rules = deque(rules)
        #: The first bytes of each request that came.
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self._listener.getsockname())

    def lead_to(self, url: str) -> None:
        """Connections that come now go to the server there."""
        self._server = (urlsplit(url).hostname or "", urlsplit(url).port or 0)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # close() alone would leave accept() waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _reset(one)
        for thread in (self._accepting, *self._threads):
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            rule = self._rules.popleft() if self._rules else None
            self._open.append(client)
            thread = threading.Thread(target=self._serve, args=(client, rule), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, rule: Rule) -> None:
        try:
            if isinstance(rule, bytes):
                self.requests.append(client.recv(65536))
                client.sendall(rule)
                client.close()
                return
            with socket.create_connection(self._server) as server:
                up = threading.Thread(target=self._up, args=(client, server), daemon=True)
                up.start()
                _down(server, client, rule)
                server.shutdown(socket.SHUT_RDWR)
                up.join(5)
        except OSError:
            return

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while chunk := client.recv(65536):
                if chunk[:4] in {b"GET ", b"POST", b"HEAD", b"DELE"}:
                    self.requests.append(chunk)
                server.sendall(chunk)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            return


def _down(server: socket.socket, client: socket.socket, most: int | None) -> None:
    left = most
    while chunk := server.recv(65536):
        client.sendall(chunk if left is None else chunk[:left])
        if left is not None:
            left -= len(chunk)
            if left <= 0:
                break
    if left is not None and left <= 0:
        _reset(client)
    else:
        client.close()


def _reset(one: socket.socket) -> None:
    """In the middle of whatever was under way."""
    try:
        # Wakes the thread that reads here: until then close() would do nothing.
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    except OSError:
        return
